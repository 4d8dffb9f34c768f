namespace Shithub.Actions.Runner.WorkflowCommands;

/// <summary>A line of a step's output that is an order to the runner: <c>::name key=value,key=value::data</c>.</summary>
/// <param name="Name">In lower case: case does not matter.</param>
/// <param name="Properties">With their escapes resolved; their names have no case. One without a value is left out, as on GitHub.</param>
/// <param name="Data">With its escapes resolved.</param>
/// <param name="RawData">As the line has it.</param>
internal sealed record WorkflowCommand(string Name, IReadOnlyDictionary<string, string> Properties, string Data, string RawData)
{
    private const string Mark = "::";

    private static readonly Dictionary<string, string> None = [];

    /// <returns>Null for a line that is no command, whether or not there is one of that name.</returns>
    public static WorkflowCommand? Parse(string line)
    {
        var text = line.TrimStart();
        if (!text.StartsWith(Mark, StringComparison.Ordinal)) return null;
        var end = text.IndexOf(Mark, Mark.Length, StringComparison.Ordinal);
        if (end < 0) return null;
        var words = text[Mark.Length..end].TrimStart().Split(' ', 2);
        var raw = text[(end + Mark.Length)..];
        return words[0].Length == 0 ? null
            : new WorkflowCommand(words[0].ToLowerInvariant(), words.Length == 1 ? None : ReadProperties(words[1]), Unescape(raw), raw);
    }

    private static Dictionary<string, string> ReadProperties(string text)
    {
        var properties = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        foreach (var pair in text.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            if (pair.Split('=', 2) is [{ Length: > 0 } name, { Length: > 0 } value])
                properties[name.TrimEnd()] = UnescapeProperty(value.TrimStart());
        }

        return properties;
    }

    /// <summary>In this order, so that an escaped percent sign does not become the beginning of another escape.</summary>
    private static string Unescape(string data) => Breaks(data).Replace("%25", "%", StringComparison.Ordinal);

    private static string UnescapeProperty(string value) => Breaks(value)
        .Replace("%3A", ":", StringComparison.OrdinalIgnoreCase)
        .Replace("%2C", ",", StringComparison.OrdinalIgnoreCase)
        .Replace("%25", "%", StringComparison.Ordinal);

    private static string Breaks(string text) => text
        .Replace("%0D", "\r", StringComparison.OrdinalIgnoreCase)
        .Replace("%0A", "\n", StringComparison.OrdinalIgnoreCase);
}
