namespace Shithub.Actions.Workflows.Expressions;

/// <summary>An expression that is right as written but failed with these values.</summary>
internal sealed class EvaluationException(string message, string code = DiagnosticCodes.Evaluation) : Exception(message)
{
    public string Code { get; } = code;

    /// <summary>Where the call that failed stands in the expression; null outside of calls.</summary>
    public int? Offset { get; set; }
}

/// <summary>
/// Bounds the work of all expressions of one plan, or one job, together: 64 KiB of workflow may ask for the whole payload
/// as JSON thousands of times. Not for several threads at once.
/// </summary>
public sealed class EvaluationBudget
{
    private long _left = WorkflowLimits.MaxExpressionWork;

    internal bool IsSpent => _left < 0;

    /// <param name="characters">Characters, or values, about to be produced or read.</param>
    /// <exception cref="EvaluationException">The budget is spent.</exception>
    internal void Charge(long characters)
    {
        _left -= characters;
        if (_left < 0)
        {
            throw new EvaluationException(
                $"the expressions of this workflow produce more than {WorkflowLimits.MaxExpressionWork} characters",
                DiagnosticCodes.Limit);
        }
    }
}
