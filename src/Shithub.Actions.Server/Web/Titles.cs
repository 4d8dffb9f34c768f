using Shithub.Actions.Server.Runs;

namespace Shithub.Actions.Server.Web;

/// <summary>How runs and logs are called for people.</summary>
public static class Titles
{
    public static string Of(RunRow run) =>
        !string.IsNullOrWhiteSpace(run.Title) ? run.Title
        : !string.IsNullOrWhiteSpace(run.WorkflowName) ? run.WorkflowName
        : run.WorkflowFile;

    /// <summary>What was logged for the job itself, which comes before its steps.</summary>
    public const string JobLog = "Set up job";
}
