using System.Diagnostics.CodeAnalysis;

namespace Shithub.Actions.Workflows;

/// <summary>A workflow file that has no errors.</summary>
/// <param name="Path">The file's path in the repository.</param>
/// <param name="Name">As the file says it, or null.</param>
/// <param name="Jobs">In the file's order; their needs form no circle.</param>
public sealed record Workflow(
    string Path, string? Name, WorkflowTriggers On, IReadOnlyList<EnvVariable> Env, IReadOnlyList<WorkflowJob> Jobs)
{
    /// <summary>The name that people see: the file's path where it has none, as on GitHub.</summary>
    public string DisplayName => Name ?? Path;

    /// <summary>For people; nothing reads it.</summary>
    public string? Description { get; init; }

    /// <summary>What names each run; null: the event does.</summary>
    public Template? RunName { get; init; }

    /// <summary>Null: the default of the site.</summary>
    public Permissions? Permissions { get; init; }

    public RunDefaults Defaults { get; init; } = RunDefaults.None;

    public ConcurrencySetting? Concurrency { get; init; }
}

/// <param name="Push">Null: pushes do not start it.</param>
/// <param name="WorkflowDispatch">Null: it cannot be started by hand.</param>
/// <param name="NeverFiring">Events that the file names and that never happen here.</param>
public sealed record WorkflowTriggers(
    PushTrigger? Push, DispatchTrigger? WorkflowDispatch, IReadOnlyList<string> NeverFiring)
{
    public PullRequestTrigger? PullRequest { get; init; }

    /// <summary>Empty: no schedule starts it.</summary>
    public IReadOnlyList<ScheduleTrigger> Schedules { get; init; } = [];

    public RepositoryDispatchTrigger? RepositoryDispatch { get; init; }

    /// <summary>Null: other workflows cannot call it.</summary>
    public CallTrigger? WorkflowCall { get; init; }

    public WorkflowRunTrigger? WorkflowRun { get; init; }

    internal bool NamesAnEvent =>
        this is { Push: not null } or { PullRequest: not null } or { WorkflowDispatch: not null } or { WorkflowCall: not null }
            or { WorkflowRun: not null } or { RepositoryDispatch: not null } or { Schedules.Count: > 0 } or { NeverFiring.Count: > 0 };
}

/// <summary>The filters of <c>on.push</c>; null is no filter.</summary>
public sealed record PushTrigger(PatternFilter? Branches, PatternFilter? Tags, PatternFilter? Paths);

/// <summary>The filters of <c>on.pull_request</c>; null is no filter. <paramref name="Branches"/> are those it would be merged into.</summary>
/// <param name="Types">GitHub's default where the file names none: opened, synchronize, reopened.</param>
public sealed record PullRequestTrigger(IReadOnlyList<string> Types, PatternFilter? Branches, PatternFilter? Paths);

/// <param name="Cron">Five fields as POSIX cron has them, normalized to single spaces.</param>
/// <param name="TimeZone">A name of the IANA time zone database; null is UTC.</param>
public sealed record ScheduleTrigger(string Cron, string? TimeZone, SourcePosition Position);

/// <param name="Types">Null: any.</param>
public sealed record RepositoryDispatchTrigger(IReadOnlyList<string>? Types);

/// <param name="Workflows">Names of workflows.</param>
/// <param name="Types">GitHub's default where the file names none: all of completed, requested, in_progress.</param>
public sealed record WorkflowRunTrigger(IReadOnlyList<string> Workflows, IReadOnlyList<string> Types, PatternFilter? Branches);

public sealed record DispatchTrigger(IReadOnlyList<DispatchInput> Inputs);

/// <summary><c>on.workflow_call</c>: what a caller gives and gets.</summary>
public sealed record CallTrigger(
    IReadOnlyList<CallInput> Inputs, IReadOnlyList<CallSecret> Secrets, IReadOnlyList<CallOutput> Outputs);

/// <param name="Type">String, Boolean or Number.</param>
/// <param name="Default">Null: the type's empty value.</param>
public sealed record CallInput(string Name, string? Description, bool Required, DispatchInputType Type, Template? Default);

public sealed record CallSecret(string Name, string? Description, bool Required);

public sealed record CallOutput(string Name, string? Description, Template Value);

/// <summary>The types of an input of <c>workflow_dispatch</c>.</summary>
[SuppressMessage("Naming", "CA1720:Identifiers should not contain type names", Justification = "These are the language's names.")]
public enum DispatchInputType
{
    String,
    Boolean,
    Number,
    Choice,
    Environment,
}

/// <param name="Default">As text; it fits <paramref name="Type"/>. Null: none.</param>
/// <param name="Options">What a choice may be; empty for other types.</param>
public sealed record DispatchInput(
    string Name, string? Description, bool Required, DispatchInputType Type, string? Default, IReadOnlyList<string> Options);

/// <summary>One entry of an <c>env:</c>.</summary>
/// <param name="Name">Or one of the two names of <see cref="WholeMapping"/>.</param>
public sealed record EnvVariable(string Name, Template Value);

/// <summary>A value that the file gives outright or as an expression.</summary>
/// <param name="Value">The value, or the default where there is an expression.</param>
public sealed record Setting<T>(T Value, Template? Expression);

/// <summary><c>permissions:</c></summary>
/// <param name="All"><c>read-all</c> is "read", <c>write-all</c> is "write"; null where scopes are listed.</param>
/// <param name="Scopes">Name to <c>read</c>, <c>write</c> or <c>none</c>; those not listed are none.</param>
/// <param name="Network">What the job's network allowlist is narrowed to; null: not narrowed.</param>
public sealed record Permissions(string? All, IReadOnlyDictionary<string, string> Scopes, IReadOnlyList<string>? Network)
{
    /// <summary>False where only <see cref="Network"/> is given: that leaves what the job's token may do at its default.</summary>
    public bool ListsScopes { get; init; } = true;
}

/// <summary><c>defaults.run</c></summary>
public sealed record RunDefaults(Template? Shell, Template? WorkingDirectory)
{
    public static RunDefaults None { get; } = new(null, null);
}

/// <summary><c>concurrency:</c></summary>
/// <param name="Queue">Whether everything that waits is kept in order (<c>queue: max</c>), not only the newest.</param>
public sealed record ConcurrencySetting(Template Group, Setting<bool> CancelInProgress, bool Queue);

/// <param name="Key">Its id in the file.</param>
/// <param name="Position">Of its id.</param>
/// <param name="Needs">Keys of jobs of the same file, each once, as those jobs write them.</param>
/// <param name="Steps">Empty for a job that calls a workflow.</param>
public sealed record WorkflowJob(
    string Key,
    SourcePosition Position,
    Template? Name,
    RunsOn RunsOn,
    IReadOnlyList<string> Needs,
    Setting<int> TimeoutMinutes,
    IReadOnlyList<EnvVariable> Env,
    IReadOnlyList<WorkflowStep> Steps)
{
    /// <summary>Null: as if <c>success()</c>.</summary>
    public Condition? If { get; init; }

    public Permissions? Permissions { get; init; }

    public EnvironmentSetting? Environment { get; init; }

    public ConcurrencySetting? Concurrency { get; init; }

    public IReadOnlyList<EnvVariable> Outputs { get; init; } = [];

    public RunDefaults Defaults { get; init; } = RunDefaults.None;

    public Strategy? Strategy { get; init; }

    public Setting<bool> ContinueOnError { get; init; } = new(false, null);

    /// <summary>A string (the image) or a mapping; checked where it is no expression.</summary>
    public TemplateNode? Container { get; init; }

    /// <summary>A mapping from a service's name to a mapping like <see cref="Container"/>.</summary>
    public TemplateNode? Services { get; init; }

    /// <summary>The workflow that the job calls; null for a job with steps.</summary>
    public WorkflowCall? Call { get; init; }
}

/// <summary><c>runs-on:</c> labels (one, a list, or an expression that gives either), a group, or both.</summary>
/// <param name="Labels">One label each, or an expression that gives a string or a list; empty only where there is a group.</param>
public sealed record RunsOn(IReadOnlyList<Template> Labels, Template? Group);

/// <summary><c>environment:</c></summary>
public sealed record EnvironmentSetting(Template Name, Template? Url);

/// <summary><c>strategy:</c></summary>
/// <param name="MaxParallel">Value 0: no limit.</param>
public sealed record Strategy(MatrixSetting? Matrix, Setting<bool> FailFast, Setting<int> MaxParallel)
{
    /// <summary>The one expression that gives all of it, and may leave each part out; null where the parts are written out.</summary>
    public Template? Expression { get; init; }
}

/// <summary><c>strategy.matrix</c></summary>
/// <param name="Whole">An expression that gives an object with axes, include and exclude; then the others are empty.</param>
/// <param name="Axes">Each value is a sequence, or an expression that gives one.</param>
/// <param name="Include">A sequence of mappings, or an expression that gives one; null: none.</param>
/// <param name="Exclude">Likewise.</param>
public sealed record MatrixSetting(
    Template? Whole, IReadOnlyList<MatrixAxis> Axes, TemplateNode? Include, TemplateNode? Exclude, SourcePosition Position);

public sealed record MatrixAxis(string Name, TemplateNode Values);

/// <summary><c>jobs.&lt;job_id&gt;.uses</c> with its <c>with</c> and <c>secrets</c>.</summary>
/// <param name="Uses">As the file has it.</param>
/// <param name="InheritSecrets"><c>secrets: inherit</c>; then <paramref name="Secrets"/> is empty.</param>
public sealed record WorkflowCall(
    WorkflowReference Uses, SourcePosition Position, IReadOnlyList<CallArgument> With, bool InheritSecrets, IReadOnlyList<EnvVariable> Secrets);

/// <param name="Value">Keeps its type: true is a boolean.</param>
public sealed record CallArgument(string Name, TemplateNode Value);

/// <summary>What a <c>uses</c> points to: <c>./path</c> in the same repository and commit, or <c>owner/repo/path@ref</c> on this server.</summary>
/// <param name="Repository"><c>owner/repo</c>; null: the same.</param>
/// <param name="Path">Within the repository, without <c>./</c>; "" is its root.</param>
/// <param name="Ref">Null with <paramref name="Repository"/>.</param>
public sealed record WorkflowReference(string Source, string? Repository, string Path, string? Ref);

/// <param name="Index">0-based, among the job's steps.</param>
/// <param name="Run">The script; null for a step that uses an action.</param>
/// <param name="Shell">Null for the default of the job, the workflow, or the runner.</param>
/// <param name="Uses">A built-in action, <c>./path</c> or <c>owner/repo/path@ref</c>; null for a step that runs a script.</param>
/// <param name="With">The action's inputs, names in lower case.</param>
public sealed record WorkflowStep(
    int Index,
    SourcePosition Position,
    string? Id,
    Template? Name,
    Template? Run,
    Template? Shell,
    string? Uses,
    IReadOnlyList<ActionInput> With,
    Template? WorkingDirectory,
    IReadOnlyList<EnvVariable> Env,
    Setting<bool> ContinueOnError)
{
    /// <summary>Null: as if <c>success()</c>.</summary>
    public Condition? If { get; init; }

    /// <summary>Null: the job's limit alone.</summary>
    public Setting<int>? TimeoutMinutes { get; init; }

    /// <summary>What <see cref="Uses"/> points to where it is a composite action; null for a script or a built-in action.</summary>
    public WorkflowReference? Action { get; init; }
}

/// <summary>One entry of a <c>with:</c>.</summary>
public sealed record ActionInput(string Name, Template Value);

/// <summary>A composite action: an <c>action.yml</c> that has no errors.</summary>
/// <param name="Inputs">Names in lower case.</param>
public sealed record CompositeAction(
    string Path,
    string Name,
    IReadOnlyList<CompositeInput> Inputs,
    IReadOnlyList<EnvVariable> Outputs,
    IReadOnlyList<WorkflowStep> Steps);

public sealed record CompositeInput(string Name, string? Description, bool Required, Template? Default)
{
    /// <summary>What to tell whoever gives the input; null for one that is not deprecated.</summary>
    public string? DeprecationMessage { get; init; }
}
