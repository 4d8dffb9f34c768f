using System.Text.Json.Nodes;
using Shithub.Actions.Workflows.Expressions;

namespace Shithub.Actions.Workflows;

/// <summary>
/// A job that may run: what the queue must know is evaluated. What only its steps need is as the author wrote it, because it may speak of
/// what happens between them; the runner evaluates it with <see cref="Contexts"/>.
/// </summary>
/// <param name="Path">As <see cref="JobState.Path"/>.</param>
/// <param name="Key">Its id in its file.</param>
/// <param name="Name">For people: with the callers' names, and the matrix values where the author's name has no expression.</param>
/// <param name="RunsOn">Labels, trimmed, in lower case, each once, in the file's order; with a group, <c>group:NAME</c> is one.</param>
/// <param name="Needs">Keys of jobs of the same file.</param>
/// <param name="If">As written, or null.</param>
/// <param name="Env">The workflow's and the job's; templates.</param>
/// <param name="Permissions">Scope to access; the most a token of the job may do.</param>
/// <param name="Outputs">Templates.</param>
/// <param name="Container">A string or an object of templates; null: the runner's image.</param>
/// <param name="Services">An object; null: none.</param>
/// <param name="Contexts">An object with <c>inputs</c>, <c>needs</c>, <c>strategy</c> and <c>matrix</c>.</param>
public sealed record ReadyJob(
    string Path,
    string Key,
    string Name,
    IReadOnlyList<string> RunsOn,
    IReadOnlyList<string> Needs,
    string? If,
    int TimeoutMinutes,
    bool ContinueOnError,
    IReadOnlyDictionary<string, string> Env,
    JsonObject Permissions,
    IReadOnlyDictionary<string, string> Outputs,
    JobDefaults Defaults,
    JsonNode? Container,
    JsonNode? Services,
    ReadyConcurrency? Concurrency,
    string? Environment,
    MarkedJson Contexts,
    IReadOnlyList<ReadyStep> Steps)
{
    /// <summary>Null: it reads no secret.</summary>
    public SecretPlan? Secrets { get; init; }
}

/// <summary><c>defaults.run</c> of the job over that of its workflow; templates.</summary>
public sealed record JobDefaults(string? Shell, string? WorkingDirectory);

/// <param name="Group">Names what must not run at the same time in one repository; compared without case.</param>
/// <param name="CancelInProgress">What holds the group is cancelled.</param>
/// <param name="KeepsAll">Everything that waits stays in line; else only the newest does.</param>
public sealed record ReadyConcurrency(string Group, bool CancelInProgress, bool KeepsAll);

/// <summary>A step of a ready job. All texts but <paramref name="Name"/> are templates.</summary>
/// <param name="Id">The author's <c>id</c>.</param>
/// <param name="Name">As far as it is known before the job runs.</param>
/// <param name="ContinueOnErrorIf">An expression instead of <paramref name="ContinueOnError"/>.</param>
/// <param name="TimeoutMinutes">A number or an expression; null: the job's limit alone.</param>
/// <param name="Line">In the workflow file, from 1.</param>
public sealed record ReadyStep(
    int Index,
    string? Id,
    string Name,
    string? If,
    string? Run,
    string? Shell,
    string? Uses,
    string? WorkingDirectory,
    IReadOnlyDictionary<string, string> Env,
    IReadOnlyDictionary<string, string> With,
    bool ContinueOnError,
    string? ContinueOnErrorIf,
    string? TimeoutMinutes,
    int Line);
