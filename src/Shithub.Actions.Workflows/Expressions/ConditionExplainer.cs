using Shithub.Actions.Workflows.Expressions;

namespace Shithub.Actions.Workflows;

/// <summary>A part of a condition that decided it.</summary>
/// <param name="Expression">Its text.</param>
/// <param name="Value">Its value as people read it: strings in quotes, <c>unknown</c> for what is not known yet.</param>
/// <param name="Operands">The values that it was computed from.</param>
public sealed record DecidingPart(string Expression, string Value, IReadOnlyList<DecidingPart> Operands)
{
    private const int LongestValue = 80;

    /// <summary>Such as <c>github.ref == 'a' is false (github.ref is 'b')</c>.</summary>
    public override string ToString() =>
        $"{Expression} is {Value}{(Operands.Count == 0 ? "" : $" ({string.Join(", ", Operands)})")}";

    internal static string Show(bool? truth) => truth switch
    {
        null => "unknown",
        true => "true",
        false => "false",
    };

    internal static string Show(ExpressionValue value) => value switch
    {
        UnknownValue => "unknown",
        NullValue => "null",
        StringValue text => $"'{OneLine(text.Value).Replace("'", "''", StringComparison.Ordinal)}'",
        ArrayValue => "an array",
        ObjectValue => "an object",
        _ => Coercion.ToText(value),
    };

    /// <summary>Short and without what a terminal would obey.</summary>
    internal static string OneLine(string text)
    {
        var cut = text.Length > LongestValue ? text[..(LongestValue - 1)] + "…" : text;
        return string.Concat(cut.Select(c => char.IsControl(c) ? ' ' : c));
    }
}

/// <summary>Finds the parts of an expression that decided whether it is true.</summary>
/// <param name="text">The expression's text.</param>
internal sealed class ConditionExplainer(string text, ExpressionEvaluator evaluator)
{
    public IEnumerable<DecidingPart> Explain(ExpressionNode node) => node switch
    {
        LogicalNode chain => ExplainChain(chain),
        NotNode not => Explain(not.Operand),
        ComparisonNode or CallNode => [Part(node) with { Operands = [.. node.Children.Where(HasValue).Select(Part)] }],
        _ => [Part(node)],
    };

    // One operand is enough to make 'and' false or 'or' true; otherwise all of them count.
    private IEnumerable<DecidingPart> ExplainChain(LogicalNode chain)
    {
        var truths = chain.Operands.Select(operand => (Operand: operand, Truth: TruthOf.NodeOrNull(operand, evaluator))).ToList();
        var decisive = truths.FirstOrDefault(each => each.Truth == !chain.IsAnd).Operand;
        var isOpen = truths.Any(each => each.Truth is null);
        var counting = decisive is not null ? [decisive] : truths.Where(each => !isOpen || each.Truth is null).Select(each => each.Operand);
        return counting.SelectMany(Explain);
    }

    private static bool HasValue(ExpressionNode node) => node is not LiteralNode;

    private DecidingPart Part(ExpressionNode node)
    {
        string value;
        try
        {
            value = DecidingPart.Show(evaluator.Evaluate(node));
        }
        catch (EvaluationException exception) when (!evaluator.Budget.IsSpent)
        {
            value = exception.Message;
        }

        return new DecidingPart(DecidingPart.OneLine(node.Span.Of(text)), value, []);
    }
}
