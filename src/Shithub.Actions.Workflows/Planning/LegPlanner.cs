using System.Globalization;
using Shithub.Actions.Workflows.Expressions;

namespace Shithub.Actions.Workflows.Planning;

/// <summary>Evaluates a job's <c>strategy</c>.</summary>
internal static class LegPlanner
{
    /// <summary>One entry for each job that this one becomes; a single null for one without a matrix.</summary>
    /// <exception cref="MatrixException">There is no such matrix.</exception>
    /// <exception cref="TemplateException">An expression failed.</exception>
    public static IReadOnlyList<JobLeg?> Plan(WorkflowJob job, ExpressionEvaluator evaluator, DiagnosticBag diagnostics)
    {
        if (job.Strategy is not { } strategy)
            return [null];
        var failFast = FailFast(strategy, evaluator, diagnostics);
        var maxParallel = MaxParallel(strategy, evaluator, diagnostics);
        if (strategy.Matrix is not { } matrix || LeavesMatrixOut(strategy, evaluator))
            return [null];
        var combinations = MatrixExpansion.Expand(matrix, evaluator)
            ?? throw new MatrixException("the matrix depends on a value that is not known here");
        return [.. combinations.Select((combination, index) =>
            new JobLeg(index, combinations.Count, ContextJson.Write(combination), failFast, maxParallel))];
    }

    /// <summary>Whether a strategy that is one expression gives no matrix.</summary>
    public static bool LeavesMatrixOut(Strategy strategy, ExpressionEvaluator evaluator) =>
        strategy is { Expression: not null, Matrix.Whole: { } whole } && whole.Evaluate(evaluator) is NullValue;

    private static bool FailFast(Strategy strategy, ExpressionEvaluator evaluator, DiagnosticBag diagnostics)
    {
        if (strategy.FailFast.Expression is not { } template)
            return strategy.FailFast.Value;
        var given = template.Evaluate(evaluator);
        if (given is BooleanValue value)
            return value.Value;
        if (given is NullValue && strategy.Expression is not null)
            return strategy.FailFast.Value;
        diagnostics.Error(DiagnosticCodes.InvalidValue, template.Position, template.Path, "'fail-fast' must be true or false");
        return true;
    }

    private static int MaxParallel(Strategy strategy, ExpressionEvaluator evaluator, DiagnosticBag diagnostics)
    {
        if (strategy.MaxParallel.Expression is not { } template)
            return strategy.MaxParallel.Value;
        var given = template.Evaluate(evaluator);
        if (given is NullValue && strategy.Expression is not null)
            return strategy.MaxParallel.Value;
        var number = Coercion.ToNumber(given);
        if (number >= 1 && number <= int.MaxValue && number == Math.Floor(number))
            return (int)number;
        diagnostics.Error(
            DiagnosticCodes.InvalidValue, template.Position, template.Path,
            string.Create(CultureInfo.InvariantCulture, $"'max-parallel' must be a whole number from 1"));
        return 0;
    }
}
