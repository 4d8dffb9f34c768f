using Shithub.Actions.Server.Runs;

namespace Shithub.Actions.Server.Web;

/// <summary>How runs and refs are called for people.</summary>
public static class Titles
{
    public static string Of(RunRow run) =>
        !string.IsNullOrWhiteSpace(run.Title) ? run.Title
        : !string.IsNullOrWhiteSpace(run.WorkflowName) ? run.WorkflowName
        : run.WorkflowFile;

    /// <summary>A branch's or tag's own name.</summary>
    public static string ShortRef(string name) =>
        name.StartsWith("refs/heads/", StringComparison.Ordinal) ? name["refs/heads/".Length..]
        : name.StartsWith("refs/tags/", StringComparison.Ordinal) ? name["refs/tags/".Length..]
        : name;

    /// <summary>The names of a job's logs: what was logged for the job itself comes before its steps.</summary>
    public const string JobLog = "Set up job";
}
