namespace Shithub.Actions.Workflows.Planning;

/// <summary>Names as people see them: one line, no control characters, not too long.</summary>
internal static class DisplayNames
{
    /// <summary>The first line of <paramref name="text"/> that is not blank, or null.</summary>
    public static string? OneLine(string? text)
    {
        if (text is null)
            return null;
        var line = text.AsSpan().Trim();
        var end = line.IndexOfAny('\r', '\n');
        if (end >= 0)
            line = line[..end].TrimEnd();
        var name = string.Concat(line.ToString().Select(c => char.IsControl(c) ? ' ' : c));
        if (name.Length <= WorkflowLimits.MaxNameLength)
            return name;
        var cut = WorkflowLimits.MaxNameLength - 1;
        if (char.IsHighSurrogate(name[cut - 1]))
            cut--;
        return name[..cut] + "…";
    }
}
