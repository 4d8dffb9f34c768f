using Shithub.Actions.Workflows.Expressions;

namespace Shithub.Actions.Workflows.Syntax;

/// <summary>What differs between the steps of a job and those of a composite action.</summary>
/// <param name="ShellIsRequired">No defaults reach into an action.</param>
internal sealed record StepKind(
    KeySet Keys,
    bool ShellIsRequired,
    ExpressionScope If,
    ExpressionScope Name,
    ExpressionScope Run,
    ExpressionScope With,
    ExpressionScope Env,
    ExpressionScope WorkingDirectory,
    ExpressionScope ContinueOnError)
{
    public static StepKind OfJob { get; } = new(
        KeySet.Step, false, ExpressionScope.StepIf, ExpressionScope.StepName, ExpressionScope.StepRun, ExpressionScope.StepWith,
        ExpressionScope.StepEnv, ExpressionScope.StepWorkingDirectory, ExpressionScope.StepContinueOnError);

    public static StepKind OfAction { get; } = new(
        KeySet.CompositeStep, true, ExpressionScope.CompositeStepIf, ExpressionScope.CompositeStep, ExpressionScope.CompositeStep,
        ExpressionScope.CompositeStep, ExpressionScope.CompositeStep, ExpressionScope.CompositeStep, ExpressionScope.CompositeStep);
}
