using System.Text;

namespace Shithub.Actions.Workflows.Expressions;

/// <summary><c>contains</c>, <c>startsWith</c>, <c>endsWith</c>, <c>format</c>, <c>join</c>; without case where they compare.</summary>
internal static class TextFunctions
{
    public static ExpressionValue Contains(IReadOnlyList<ExpressionValue> arguments, EvaluationBudget budget)
    {
        var (search, item) = (arguments[0], arguments[1]);
        if (search is ArrayValue array)
        {
            budget.Charge(array.Items.Count);
            return new BooleanValue(array.Items.Any(element => Coercion.AreEqual(element, item)));
        }

        return Compare(search, item, budget, (text, part) => text.Contains(part, StringComparison.OrdinalIgnoreCase));
    }

    public static ExpressionValue StartsWith(IReadOnlyList<ExpressionValue> arguments, EvaluationBudget budget) => Compare(
        arguments[0], arguments[1], budget, (text, part) => text.StartsWith(part, StringComparison.OrdinalIgnoreCase));

    public static ExpressionValue EndsWith(IReadOnlyList<ExpressionValue> arguments, EvaluationBudget budget) => Compare(
        arguments[0], arguments[1], budget, (text, part) => text.EndsWith(part, StringComparison.OrdinalIgnoreCase));

    public static ExpressionValue Join(IReadOnlyList<ExpressionValue> arguments, EvaluationBudget budget)
    {
        if (arguments[0] is not ArrayValue array)
        {
            var single = arguments[0].IsPrimitive ? Coercion.ToText(arguments[0]) : "";
            budget.Charge(single.Length);
            return new StringValue(single);
        }

        var separator = arguments is [_, { IsPrimitive: true } given] ? Coercion.ToText(given) : ",";
        var result = new StringBuilder();
        for (var i = 0; i < array.Items.Count; i++)
        {
            var item = Coercion.ToText(array.Items[i]);
            budget.Charge(item.Length + separator.Length);
            if (i > 0)
                result.Append(separator);
            result.Append(item);
        }

        return new StringValue(result.ToString());
    }

    public static ExpressionValue Format(IReadOnlyList<ExpressionValue> arguments, EvaluationBudget budget)
    {
        var format = Coercion.ToText(arguments[0]);
        budget.Charge(format.Length);
        var result = new StringBuilder();
        foreach (var piece in FormatString.Parse(format, arguments.Count - 1))
        {
            var text = piece.Argument is { } argument ? Coercion.ToText(arguments[argument + 1]) : piece.Text;
            budget.Charge(text.Length);
            result.Append(text);
        }

        return new StringValue(result.ToString());
    }

    private static BooleanValue Compare(
        ExpressionValue left, ExpressionValue right, EvaluationBudget budget, Func<string, string, bool> compare)
    {
        if (!left.IsPrimitive || !right.IsPrimitive)
            return new BooleanValue(false);
        var (text, part) = (Coercion.ToText(left), Coercion.ToText(right));
        budget.Charge(text.Length);
        return new BooleanValue(compare(text, part));
    }
}
