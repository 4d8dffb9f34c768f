using System.Text.Json;
using System.Text.Json.Nodes;

namespace Shithub.Actions.Workflows.Expressions;

/// <summary>A value as JSON, and where it is tainted.</summary>
/// <param name="Tainted">
/// JSON pointers (RFC 6901). One stands for all below it, the empty one for everything; one that points nowhere is ignored.
/// </param>
public sealed record MarkedJson(JsonNode? Value, IReadOnlyList<string> Tainted)
{
    /// <summary>An object without members.</summary>
    public static MarkedJson Empty => new(new JsonObject(), []);
}

/// <summary>
/// Values as JSON, with their taint beside them as JSON pointers (RFC 6901): how contexts go to the database and to
/// runners.
/// </summary>
public static class ContextJson
{
    /// <summary>
    /// The value and where it is tainted. JSON has neither NaN nor infinity: they are written as the strings that they would
    /// be shown as.
    /// </summary>
    /// <exception cref="ArgumentException">A part of the value is an <see cref="UnknownValue"/>.</exception>
    public static MarkedJson Write(ExpressionValue value)
    {
        ArgumentNullException.ThrowIfNull(value);
        var pointers = new List<string>();
        FindTaint(value, "", pointers);
        return new MarkedJson(ToNode(value), pointers);
    }

    /// <summary>What <see cref="Write"/> wrote. Keys are found without case, as on GitHub.</summary>
    /// <exception cref="FormatException">It is nested too deep, or is no Unicode text.</exception>
    public static ExpressionValue Read(MarkedJson json) => Read(json.Value, json.Tainted);

    /// <inheritdoc cref="Read(MarkedJson)"/>
    public static ExpressionValue Read(JsonElement value, IReadOnlyList<string> tainted) =>
        Read(JsonNodeOf(value), tainted);

    /// <inheritdoc cref="Read(MarkedJson)"/>
    public static ExpressionValue Read(JsonNode? value, IReadOnlyList<string> tainted)
    {
        if (value is null)
            return new NullValue(tainted.Contains(""));
        try
        {
            // Through JSON text: a node may hold any CLR value, and its depth is checked here.
            using var document = JsonDocument.Parse(
                value.ToJsonString(), new JsonDocumentOptions { MaxDepth = WorkflowLimits.MaxValueDepth });
            return JsonValues.From(document.RootElement, PointerTree.Of(tainted));
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException or ArgumentException)
        {
            throw new FormatException($"a context cannot be read: {exception.Message}", exception);
        }
    }

    private static JsonNode? JsonNodeOf(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Array => JsonArray.Create(value),
        JsonValueKind.Object => JsonObject.Create(value),
        _ => JsonValue.Create(value),
    };

    private static JsonNode? ToNode(ExpressionValue value)
    {
        switch (value)
        {
            case NullValue:
                return null;
            case BooleanValue boolean:
                return JsonValue.Create(boolean.Value);
            case NumberValue number:
                // Adding 0 makes 0 of -0, which GitHub has not.
                return double.IsFinite(number.Value)
                    ? JsonValue.Create(number.Value + 0.0) : JsonValue.Create(NumberValue.Format(number.Value));
            case StringValue text:
                return JsonValue.Create(text.Value);
            case ArrayValue array:
                return new JsonArray([.. array.Items.Select(ToNode)]);
            case ObjectValue map:
                var members = new JsonObject();
                foreach (var (name, member) in map.Members)
                    members[name] = ToNode(member);
                return members;
            default:
                throw new ArgumentException("a value that is not known yet cannot be written");
        }
    }

    private static void FindTaint(ExpressionValue value, string pointer, List<string> pointers)
    {
        if (!value.Tainted)
            return;
        var children = Children(value).ToList();
        if (IsWholly(value) || !children.Any(child => child.Value.Tainted))
        {
            pointers.Add(pointer);
            return;
        }

        foreach (var (segment, child) in children)
            FindTaint(child, $"{pointer}/{Escape(segment)}", pointers);
    }

    private static bool IsWholly(ExpressionValue value) =>
        value is ArrayValue { IsChosen: true } or ObjectValue { IsChosen: true }
        || (value.Tainted && Children(value).All(child => IsWholly(child.Value)));

    private static IEnumerable<(string Segment, ExpressionValue Value)> Children(ExpressionValue value) => value switch
    {
        ArrayValue array => array.Items.Select((item, index) => (index.ToString(System.Globalization.CultureInfo.InvariantCulture), item)),
        ObjectValue map => map.Members.Select(member => (member.Key, member.Value)),
        _ => [],
    };

    private static string Escape(string segment) =>
        segment.Replace("~", "~0", StringComparison.Ordinal).Replace("/", "~1", StringComparison.Ordinal);
}
