namespace Shithub.Actions.Runner.WorkflowCommands;

/// <summary>
/// The format of <c>GITHUB_ENV</c> and <c>GITHUB_OUTPUT</c>: <c>name=value</c>, or <c>name&lt;&lt;DELIMITER</c>, the value's lines and
/// <c>DELIMITER</c> ('Workflow commands', 'Multiline strings'). Lines end with LF or CRLF; between the lines of a value they stay as they are.
/// </summary>
internal static class KeyValueFile
{
    private const int NameLengthMax = 255;

    /// <summary>In the file's order; a name that is there twice comes twice, and the last one counts.</summary>
    /// <exception cref="FormatException">A line that is neither, a missing delimiter, or a name that can't be one.</exception>
    public static IReadOnlyList<KeyValuePair<string, string>> Parse(string text)
    {
        var pairs = new List<KeyValuePair<string, string>>();
        var rest = text.AsSpan();
        while (!rest.IsEmpty)
        {
            var line = TakeLine(ref rest, out _);
            if (line.IsEmpty) continue;
            var equals = line.IndexOf('=');
            var heredoc = line.IndexOf("<<");
            if (equals >= 0 && (heredoc < 0 || equals < heredoc))
                pairs.Add(new(Name(line[..equals], line), line[(equals + 1)..].ToString()));
            else if (heredoc >= 0)
                pairs.Add(new(Name(line[..heredoc], line), TakeValue(ref rest, line[(heredoc + 2)..].ToString(), line)));
            else
                throw new FormatException($"the line '{Show(line)}' is neither NAME=VALUE nor NAME<<DELIMITER");
        }

        return pairs;
    }

    /// <summary>The lines of <c>GITHUB_PATH</c>.</summary>
    public static IReadOnlyList<string> Lines(string text) =>
        [.. text.Split('\n').Select(line => line.TrimEnd('\r')).Where(line => line.Length > 0)];

    private static string TakeValue(ref ReadOnlySpan<char> rest, string delimiter, scoped ReadOnlySpan<char> first)
    {
        if (delimiter.Length == 0) throw new FormatException($"the line '{Show(first)}' has no delimiter after '<<'");
        var value = rest;
        var (length, ended) = (0, 0);
        while (!rest.IsEmpty)
        {
            var line = TakeLine(ref rest, out var end);
            if (line.SequenceEqual(delimiter)) return value[..Math.Max(0, length - ended)].ToString();
            length += line.Length + end;
            ended = end;
        }

        throw new FormatException($"the value of '{Show(first)}' has no line '{Show(delimiter)}' after it");
    }

    /// <param name="end">How many characters end the line: 0 at the end of the text.</param>
    private static ReadOnlySpan<char> TakeLine(ref ReadOnlySpan<char> rest, out int end)
    {
        var newline = rest.IndexOf('\n');
        var line = newline < 0 ? rest : rest[..newline];
        rest = newline < 0 ? [] : rest[(newline + 1)..];
        end = newline < 0 ? 0 : 1;
        if (!line.EndsWith("\r")) return line;
        end++;
        return line[..^1];
    }

    private static string Name(ReadOnlySpan<char> name, ReadOnlySpan<char> line)
    {
        if (name.IsWhiteSpace()) throw new FormatException($"the line '{Show(line)}' has no name");
        if (name.Length > NameLengthMax || name.ContainsAnyInRange('\0', '\x1f'))
            throw new FormatException($"the name '{Show(name)}' has control characters or more than {NameLengthMax} characters");
        return name.ToString();
    }

    private static string Show(ReadOnlySpan<char> text)
    {
        const int Shown = 60;
        return string.Concat((text.Length > Shown ? $"{text[..Shown]}…" : text.ToString()).Select(c => char.IsControl(c) ? ' ' : c));
    }
}
