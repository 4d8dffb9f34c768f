using System.Globalization;
using System.Text.Json;

namespace Shithub.Actions.Workflows.Expressions;

/// <summary>Values from JSON. Keys are found without case, as GitHub's contexts are; of two that differ only by it, the last wins.</summary>
internal static class JsonValues
{
    /// <inheritdoc cref="From(JsonElement, PointerTree, EvaluationBudget?)"/>
    public static ExpressionValue From(JsonElement element, bool tainted, EvaluationBudget? budget = null) =>
        From(element, tainted ? PointerTree.All : PointerTree.None, budget);

    /// <param name="element">At most <see cref="WorkflowLimits.MaxValueDepth"/> deep, which whoever parsed it has seen to.</param>
    /// <param name="taint">Where it is tainted.</param>
    /// <param name="budget">Pays for the values; null where whoever made the JSON was bounded.</param>
    public static ExpressionValue From(JsonElement element, PointerTree taint, EvaluationBudget? budget = null)
    {
        budget?.Charge(WorkflowLimits.ExpressionWorkPerValue);
        switch (element.ValueKind)
        {
            case JsonValueKind.True or JsonValueKind.False:
                return new BooleanValue(element.GetBoolean(), taint.IsEnd);
            case JsonValueKind.Number:
                return new NumberValue(element.GetDouble(), taint.IsEnd);
            case JsonValueKind.String:
                return new StringValue(element.GetString()!, taint.IsEnd);
            case JsonValueKind.Array:
                var items = element.EnumerateArray()
                    .Select((item, index) => From(item, taint.At(index.ToString(CultureInfo.InvariantCulture)), budget)).ToList();
                return new ArrayValue(items, taint.IsEnd || items.Any(item => item.Tainted), IsChosen: taint.IsEnd);
            case JsonValueKind.Object:
                var members = new OrderedDictionary<string, ExpressionValue>(StringComparer.OrdinalIgnoreCase);
                foreach (var property in element.EnumerateObject())
                    members[property.Name] = From(property.Value, taint.At(property.Name), budget);
                return new ObjectValue(members, taint.IsEnd || members.Values.Any(member => member.Tainted), taint.IsEnd);
            default:
                return new NullValue(taint.IsEnd);
        }
    }
}
