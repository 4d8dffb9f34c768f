using Shithub.Actions.Workflows.Expressions;

namespace Shithub.Actions.Workflows;

/// <summary>What a step is to do, with every expression evaluated.</summary>
/// <param name="Index">0-based, in its sequence.</param>
/// <param name="Script">Safe to run: what people outside have chosen is in <paramref name="Environment"/>. Null for an action.</param>
/// <param name="Shell">As the author wrote it; null: the runner's default.</param>
/// <param name="With">Names in lower case.</param>
/// <param name="WorkingDirectory">As the author wrote it, not yet known to be in the workspace.</param>
/// <param name="Environment">All variables, the defaults included; <c>PATH</c> only where somebody set it.</param>
/// <param name="SearchPath">Folders that earlier steps put in front of <c>PATH</c>, the foremost first.</param>
/// <param name="TimeoutMinutes">Null: the job's limit alone.</param>
/// <param name="IsTainted">People outside may have a say in what it does, and so in what it sets (docs/decisions/0006-taint-of-what-steps-set.md).</param>
public sealed record PreparedStep(
    int Index,
    string? Id,
    string Name,
    string? Script,
    string? Shell,
    string? Uses,
    IReadOnlyDictionary<string, string> With,
    string? WorkingDirectory,
    IReadOnlyDictionary<string, string> Environment,
    IReadOnlyList<string> SearchPath,
    int? TimeoutMinutes,
    bool IsTainted)
{
    /// <summary>The action that <see cref="Uses"/> points to; null for a script, a built-in action or nonsense.</summary>
    public WorkflowReference? Action => Background.Templates.Action;

    /// <summary>What it was made of.</summary>
    internal StepBackground Background { get; init; } = null!;
}

/// <param name="Evaluator">With the step's own <c>env</c>.</param>
/// <param name="Variables">The context <c>env</c>.</param>
/// <param name="Inputs"><see cref="PreparedStep.With"/>, with taint.</param>
internal sealed record StepBackground(
    StepTemplates Templates, ExpressionEvaluator Evaluator, ExecutionEnvironment Variables, IReadOnlyDictionary<string, StringValue> Inputs);

/// <summary>How a step ended, before and after <c>continue-on-error</c>.</summary>
public enum StepOutcome
{
    Success,
    Failure,
    Cancelled,
    Skipped,
}

/// <summary>Whether the next step runs.</summary>
/// <param name="Step">Null: it does not.</param>
/// <param name="Conclusion">Of a step that does not run: skipped, or what a problem means.</param>
/// <param name="Problem">Why it can't run, for its author; null: it runs, or its <c>if</c> says no.</param>
public sealed record StepDecision(PreparedStep? Step, StepOutcome Conclusion, string? Problem);

/// <summary>What a step left.</summary>
/// <param name="Env">Variables for the steps after it, in the order they were set.</param>
/// <param name="SearchPath">Folders for the front of <c>PATH</c>, each in front of the one before it.</param>
public sealed record StepResult(
    StepOutcome Outcome,
    IReadOnlyList<StepOutput> Outputs,
    IReadOnlyList<KeyValuePair<string, string>> Env,
    IReadOnlyList<string> SearchPath)
{
    public static StepResult Of(StepOutcome outcome) => new(outcome, [], [], []);
}

/// <param name="Tainted">It may hold what people outside have chosen.</param>
public sealed record StepOutput(string Name, string Value, bool Tainted);

/// <param name="Outcome">A step whose results can't be taken has failed, whatever it thought.</param>
/// <param name="Conclusion">What counts for the job: a failed step that may fail counts as success.</param>
/// <param name="Remarks">For its author; whole sentences.</param>
public sealed record StepEnding(StepOutcome Outcome, StepOutcome Conclusion, IReadOnlyList<string> Remarks);
