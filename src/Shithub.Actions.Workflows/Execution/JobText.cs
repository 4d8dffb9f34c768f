namespace Shithub.Actions.Workflows;

/// <summary>A job as a runner gets it: every text is as the author wrote it, with its <c>${{ }}</c>.</summary>
/// <param name="Key">Its id in its file.</param>
/// <param name="File">The workflow file's path, for messages.</param>
/// <param name="Env">The workflow's and the job's.</param>
/// <param name="DefaultShell">Of <c>defaults.run</c>, the job's over the workflow's; null: the runner's.</param>
public sealed record JobText(
    string Key,
    string File,
    IReadOnlyDictionary<string, string> Env,
    IReadOnlyDictionary<string, string> Outputs,
    string? DefaultShell,
    string? DefaultWorkingDirectory,
    IReadOnlyList<StepText> Steps);

/// <param name="Id">The author's <c>id:</c>.</param>
/// <param name="If">Null: <c>success()</c>.</param>
/// <param name="ContinueOnError"><c>true</c>, <c>false</c> or an expression.</param>
/// <param name="TimeoutMinutes">A number or an expression; null: the job's limit alone.</param>
/// <param name="Line">In the file, from 1; 0: not known.</param>
public sealed record StepText(
    string? Id,
    string Name,
    string? If,
    string? Run,
    string? Shell,
    string? Uses,
    string? WorkingDirectory,
    IReadOnlyDictionary<string, string> Env,
    IReadOnlyDictionary<string, string> With,
    string ContinueOnError,
    string? TimeoutMinutes,
    int Line);

/// <summary>What the runner is and where things are in the job's container: for the context <c>runner</c> and for default variables.</summary>
/// <param name="Arch">GitHub's word: <c>X64</c>, <c>ARM64</c>.</param>
/// <param name="EventPath">The file with the event's payload.</param>
/// <param name="IsDebug">Steps shall say more than usual.</param>
public sealed record RunnerFacts(
    string Name, string Arch, string Temp, string ToolCache, string Workspace, string Home, string EventPath, bool IsDebug);
