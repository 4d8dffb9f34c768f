namespace Shithub.Actions.Workflows;

/// <summary>What a run consists of, with every expression that can be known before it starts evaluated.</summary>
public sealed record RunPlan(string WorkflowName, IReadOnlyList<PlannedJob> Jobs);

/// <param name="Key">The job's key in the file, unique in the run.</param>
/// <param name="RunsOn">Labels, lower case and distinct, in the order of the file.</param>
/// <param name="Needs">Keys of the jobs that must end first.</param>
/// <param name="If">The condition, not yet evaluated; null when the file has none.</param>
/// <param name="Env">The workflow's and the job's variables, merged.</param>
public sealed record PlannedJob(
    string Key,
    string Name,
    IReadOnlyList<string> RunsOn,
    IReadOnlyList<string> Needs,
    string? If,
    int TimeoutMinutes,
    IReadOnlyDictionary<string, string> Env,
    IReadOnlyDictionary<string, string> Permissions,
    IReadOnlyList<PlannedStep> Steps);

/// <param name="Id">The author's <c>id:</c>.</param>
/// <param name="Run">The script; untrusted values are bound to variables of <paramref name="Env"/>, never spliced.</param>
/// <param name="Shell"><c>bash</c>, <c>sh</c> or null for the default.</param>
public sealed record PlannedStep(
    int Index,
    string? Id,
    string Name,
    string? If,
    string? Run,
    string? Shell,
    string? Uses,
    IReadOnlyDictionary<string, string> With,
    string? WorkingDirectory,
    IReadOnlyDictionary<string, string> Env,
    bool ContinueOnError);
