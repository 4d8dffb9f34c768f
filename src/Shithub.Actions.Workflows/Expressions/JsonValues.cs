using System.Text.Json;

namespace Shithub.Actions.Workflows.Expressions;

/// <summary>Values from JSON. Keys are found without case, as GitHub's contexts are; of two that differ only by it, the last wins.</summary>
internal static class JsonValues
{
    /// <param name="element">At most <see cref="WorkflowLimits.MaxValueDepth"/> deep, which whoever parsed it has seen to.</param>
    public static ExpressionValue From(JsonElement element, bool tainted)
    {
        switch (element.ValueKind)
        {
            case JsonValueKind.True or JsonValueKind.False:
                return new BooleanValue(element.GetBoolean(), tainted);
            case JsonValueKind.Number:
                return new NumberValue(element.GetDouble(), tainted);
            case JsonValueKind.String:
                return new StringValue(element.GetString()!, tainted);
            case JsonValueKind.Array:
                return new ArrayValue([.. element.EnumerateArray().Select(item => From(item, tainted))], tainted);
            case JsonValueKind.Object:
                var members = new OrderedDictionary<string, ExpressionValue>(StringComparer.OrdinalIgnoreCase);
                foreach (var property in element.EnumerateObject())
                    members[property.Name] = From(property.Value, tainted);
                return new ObjectValue(members, tainted);
            default:
                return new NullValue(tainted);
        }
    }
}
