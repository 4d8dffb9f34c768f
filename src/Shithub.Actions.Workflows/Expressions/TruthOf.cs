namespace Shithub.Actions.Workflows.Expressions;

/// <summary>
/// The truth of an expression of which not everything is known: <c>x &amp;&amp; false</c> has no known value, since <c>x</c>
/// may be the empty string, but it is not true whatever <c>x</c> is.
/// </summary>
internal static class TruthOf
{
    /// <returns>Null: not known.</returns>
    /// <exception cref="EvaluationException">The expression fails.</exception>
    public static bool? Node(ExpressionNode node, ExpressionEvaluator evaluator)
    {
        evaluator.Budget.Charge(1);
        return node switch
        {
            LogicalNode logical => Chain(logical, evaluator),
            NotNode not => !Node(not.Operand, evaluator),
            _ => evaluator.Evaluate(node) is { } value and not UnknownValue ? Coercion.IsTruthy(value) : null,
        };
    }

    /// <summary>As <see cref="Node"/>; null too where the expression fails.</summary>
    public static bool? NodeOrNull(ExpressionNode node, ExpressionEvaluator evaluator)
    {
        try
        {
            return Node(node, evaluator);
        }
        catch (EvaluationException) when (!evaluator.Budget.IsSpent)
        {
            return null;
        }
    }

    private static bool? Chain(LogicalNode chain, ExpressionEvaluator evaluator)
    {
        bool? result = chain.IsAnd;
        foreach (var operand in chain.Operands)
        {
            bool? truth;
            try
            {
                truth = Node(operand, evaluator);
            }
            catch (EvaluationException) when (result is null && !evaluator.Budget.IsSpent)
            {
                // Whether it is evaluated, and the run fails, depends on the operand that is not known.
                return null;
            }

            if (truth == !chain.IsAnd)
                return truth;
            if (truth is null)
                result = null;
        }

        return result;
    }
}
