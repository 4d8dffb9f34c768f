using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Shithub.Actions.Workflows.Expressions;

/// <summary><c>toJSON</c> and <c>fromJSON</c>.</summary>
internal static class JsonFunctions
{
    public static ExpressionValue ToJson(IReadOnlyList<ExpressionValue> arguments, EvaluationBudget budget)
    {
        var json = new StringBuilder();
        Write(arguments[0], 0, json, budget);
        return new StringValue(json.ToString());
    }

    public static ExpressionValue FromJson(IReadOnlyList<ExpressionValue> arguments, EvaluationBudget budget)
    {
        var text = Coercion.ToText(arguments[0]);
        budget.Charge(text.Length);
        if (string.IsNullOrWhiteSpace(text))
            throw new EvaluationException("'fromJSON' got an empty string");
        if (text.Length > WorkflowLimits.MaxJsonLength)
        {
            throw new EvaluationException(
                $"'fromJSON' takes {WorkflowLimits.MaxJsonLength} characters; it got {text.Length}", DiagnosticCodes.Limit);
        }

        try
        {
            using var document = JsonDocument.Parse(
                text, new JsonDocumentOptions { MaxDepth = WorkflowLimits.MaxValueDepth });
            return JsonValues.From(document.RootElement, arguments[0].Tainted, budget);
        }
        catch (JsonException exception)
        {
            // The parser's message quotes positions, not the text, so no secret gets out with it.
            throw new EvaluationException(
                $"'fromJSON' got no JSON: error in line {exception.LineNumber + 1} at byte {exception.BytePositionInLine + 1}");
        }
        catch (ArgumentException)
        {
            throw new EvaluationException("'fromJSON' got text with a broken surrogate pair");
        }
        catch (InvalidOperationException)
        {
            throw new EvaluationException("'fromJSON' got a string with a broken surrogate pair");
        }
    }

    private static void Write(ExpressionValue value, int indent, StringBuilder json, EvaluationBudget budget)
    {
        var start = json.Length;
        switch (value)
        {
            case NullValue:
                json.Append("null");
                break;
            case StringValue text:
                WriteString(text.Value, json);
                break;
            case ArrayValue { Items.Count: 0 }:
                json.Append("[]");
                break;
            case ObjectValue { Members.Count: 0 }:
                json.Append("{}");
                break;
            case ArrayValue array:
                WriteAll('[', array.Items, item => Write(item, indent + 1, json, budget), ']', indent, json);
                return;
            case ObjectValue map:
                WriteAll('{', map.Members, member => WriteMember(member, indent + 1, json, budget), '}', indent, json);
                return;
            default:
                json.Append(Coercion.ToText(value));
                break;
        }

        budget.Charge(json.Length - start + (2 * indent) + 2);
    }

    private static void WriteMember(
        KeyValuePair<string, ExpressionValue> member, int indent, StringBuilder json, EvaluationBudget budget)
    {
        budget.Charge(member.Key.Length);
        WriteString(member.Key, json);
        json.Append(": ");
        Write(member.Value, indent, json, budget);
    }

    private static void WriteAll<T>(
        char open, IEnumerable<T> items, Action<T> write, char close, int indent, StringBuilder json)
    {
        json.Append(open);
        var first = true;
        foreach (var item in items)
        {
            json.Append(first ? "\n" : ",\n").Append(' ', 2 * (indent + 1));
            first = false;
            write(item);
        }

        json.Append('\n').Append(' ', 2 * indent).Append(close);
    }

    // The escapes of GitHub's runner, and no others: a non-ASCII letter or '<' stays as it is.
    private static void WriteString(string text, StringBuilder json)
    {
        json.Append('"');
        foreach (var c in text)
        {
            _ = c switch
            {
                '"' => json.Append("\\\""),
                '\\' => json.Append("\\\\"),
                '\b' => json.Append("\\b"),
                '\f' => json.Append("\\f"),
                '\n' => json.Append("\\n"),
                '\r' => json.Append("\\r"),
                '\t' => json.Append("\\t"),
                < ' ' or '\u0085' or '\u2028' or '\u2029' =>
                    json.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}"),
                _ => json.Append(c),
            };
        }

        json.Append('"');
    }
}
