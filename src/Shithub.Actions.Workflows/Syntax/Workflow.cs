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
}

/// <param name="Push">Null: pushes do not start it.</param>
/// <param name="WorkflowDispatch">Null: it cannot be started by hand.</param>
/// <param name="NeverFiring">Events that the file names and that never happen here.</param>
public sealed record WorkflowTriggers(
    PushTrigger? Push, DispatchTrigger? WorkflowDispatch, IReadOnlyList<string> NeverFiring);

/// <summary>The filters of <c>on.push</c>; null is no filter.</summary>
public sealed record PushTrigger(PatternFilter? Branches, PatternFilter? Tags, PatternFilter? Paths);

public sealed record DispatchTrigger(IReadOnlyList<DispatchInput> Inputs);

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
public sealed record EnvVariable(string Name, Template Value);

/// <summary>A value that the file gives outright or as an expression.</summary>
/// <param name="Value">The value, or the default where there is an expression.</param>
public sealed record Setting<T>(T Value, Template? Expression);

/// <param name="Key">Its id in the file.</param>
/// <param name="Position">Of its id.</param>
/// <param name="Needs">Keys of jobs of the same file, each once.</param>
public sealed record WorkflowJob(
    string Key,
    SourcePosition Position,
    Template? Name,
    IReadOnlyList<Template> RunsOn,
    IReadOnlyList<string> Needs,
    Setting<int> TimeoutMinutes,
    IReadOnlyList<EnvVariable> Env,
    IReadOnlyList<WorkflowStep> Steps);

/// <param name="Index">0-based, among the job's steps.</param>
/// <param name="Run">The script; null for a step that uses an action.</param>
/// <param name="Shell"><c>bash</c>, <c>sh</c>, or null for the default.</param>
/// <param name="Uses">One of <see cref="BuiltInActions"/>; null for a step that runs a script.</param>
/// <param name="With">The action's inputs, names in lower case.</param>
public sealed record WorkflowStep(
    int Index,
    SourcePosition Position,
    string? Id,
    Template? Name,
    Template? Run,
    string? Shell,
    string? Uses,
    IReadOnlyList<ActionInput> With,
    Template? WorkingDirectory,
    IReadOnlyList<EnvVariable> Env,
    Setting<bool> ContinueOnError);

/// <summary>One entry of a <c>with:</c>.</summary>
public sealed record ActionInput(string Name, Template Value);
