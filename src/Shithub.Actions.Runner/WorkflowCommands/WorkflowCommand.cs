namespace Shithub.Actions.Runner.WorkflowCommands;

/// <summary>A line of a step's output that is an order to the runner: <c>::name key=value,key=value::data</c>.</summary>
/// <param name="Name">In lower case: case does not matter.</param>
/// <param name="Data">With its escapes resolved.</param>
/// <param name="RawData">As the line has it.</param>
internal sealed record WorkflowCommand(string Name, string Data, string RawData)
{
    private const string Mark = "::";

    /// <returns>Null for a line that is no command, whether or not there is one of that name.</returns>
    public static WorkflowCommand? Parse(string line)
    {
        var text = line.TrimStart();
        if (!text.StartsWith(Mark, StringComparison.Ordinal)) return null;
        var end = text.IndexOf(Mark, Mark.Length, StringComparison.Ordinal);
        if (end < 0) return null;
        var name = text[Mark.Length..end].TrimStart().Split(' ', 2)[0].ToLowerInvariant();
        var raw = text[(end + Mark.Length)..];
        return name.Length == 0 ? null : new WorkflowCommand(name, Unescape(raw), raw);
    }

    /// <summary>In this order, so that an escaped percent sign does not become the beginning of another escape.</summary>
    private static string Unescape(string data) => data
        .Replace("%0D", "\r", StringComparison.OrdinalIgnoreCase)
        .Replace("%0A", "\n", StringComparison.OrdinalIgnoreCase)
        .Replace("%25", "%", StringComparison.Ordinal);
}
