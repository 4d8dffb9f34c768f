using System.Text.Json.Nodes;

namespace Shithub.Actions.Workflows;

/// <summary>What expressions of a run see.</summary>
/// <param name="GitHub">
/// The context <c>shithub</c> (alias <c>github</c>): <c>sha</c>, <c>ref</c>, <c>ref_name</c>, <c>repository</c>, <c>actor</c>,
/// <c>event_name</c>, <c>event</c> (the payload) and so on. <c>workflow</c> and <c>job</c> are filled in where they are absent.
/// </param>
/// <param name="Vars">The context <c>vars</c>.</param>
/// <param name="Inputs">The context <c>inputs</c>, typed: <see cref="DispatchInputsResult.Values"/>.</param>
public sealed record PlanContext(
    JsonObject GitHub, IReadOnlyDictionary<string, string> Vars, IReadOnlyDictionary<string, JsonNode?> Inputs);

/// <param name="Plan">Null where there are errors.</param>
public sealed record PlanResult(RunPlan? Plan, IReadOnlyList<Diagnostic> Diagnostics)
{
    public bool HasErrors => Plan is null;
}

/// <summary>What a run will do: a workflow with its expressions evaluated.</summary>
/// <param name="Jobs">In the file's order.</param>
public sealed record RunPlan(string WorkflowName, IReadOnlyList<PlannedJob> Jobs);

/// <param name="RunsOn">Labels, trimmed, in lower case, each once, in the file's order; at least one.</param>
/// <param name="Needs">Keys of jobs of the same plan.</param>
/// <param name="If">Null: this version has no conditions.</param>
/// <param name="Env">The workflow's and the job's, in that order; the job's value where both have a name.</param>
/// <param name="Permissions">Empty: this version has none.</param>
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

/// <param name="Index">0-based.</param>
/// <param name="Id">The file's <c>id</c>: <c>step_id</c> on the wire.</param>
/// <param name="Name">The file's, or GitHub's default: <c>Run</c> and the script's first line, or the action.</param>
/// <param name="If">Null: this version has no conditions.</param>
/// <param name="Run">The script for <c>bash</c> or <c>sh</c>, safe to run as it is; null for an action.</param>
/// <param name="Shell"><c>bash</c>, <c>sh</c>, or null: bash where there is one, else sh.</param>
/// <param name="Uses">One of <see cref="BuiltInActions"/>; null for a script.</param>
/// <param name="With">The action's inputs, names in lower case.</param>
/// <param name="Env">The step's own, to be laid over the job's, and the values from outside that the script refers to.</param>
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
