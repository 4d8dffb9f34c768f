using System.Text;

namespace Shithub.Actions.Server.Web.LogView;

/// <summary>
/// A place in the stored log of one step: always at the beginning of a line, or (<paramref name="InCutLine"/>) within one of which no
/// more is shown. Whoever goes on from it repeats no complete line and misses none.
/// </summary>
/// <param name="Seq">The chunk to go on in, or the first one after it.</param>
/// <param name="Offset">Bytes of that chunk that are behind.</param>
/// <param name="Line">The number of the line that begins here, from 1.</param>
public readonly record struct LogPosition(int Seq, int Offset, int Line, LogStyle Style, bool InCutLine)
{
    public static LogPosition Start => new(0, 0, 1, default, false);

    /// <summary>Appends it as letters, digits and dots: <c>seq.line[.offset[.style[.c]]]</c> in base 36, or nothing for the start.</summary>
    public void Write(StringBuilder text)
    {
        if (this == Start)
            return;
        Base36.Write(text, Seq);
        text.Append('.');
        Base36.Write(text, Line);
        var style = Style.Pack();
        if (Offset == 0 && style == 0 && !InCutLine)
            return;
        text.Append('.');
        Base36.Write(text, Offset);
        if (style == 0 && !InCutLine)
            return;
        text.Append('.');
        Base36.Write(text, style);
        if (InCutLine)
            text.Append(".c");
    }

    /// <returns>Null for text that <see cref="Write"/> never gives.</returns>
    public static LogPosition? Parse(string text)
    {
        if (text.Length == 0)
            return Start;
        var parts = text.Split('.');
        if (parts.Length is < 2 or > 5 || (parts.Length == 5 && parts[4] != "c"))
            return null;
        if (Base36.Parse(parts[0]) is not { } seq || Base36.Parse(parts[1]) is not { } line || line < 1
            || Base36.Parse(parts.ElementAtOrDefault(2) ?? "0") is not { } offset
            || Base36.Parse(parts.ElementAtOrDefault(3) ?? "0") is not { } packed || LogStyle.Unpack(packed) is not { } style)
        {
            return null;
        }

        return new LogPosition(seq, offset, line, style, parts.Length == 5);
    }
}

/// <summary>Where a viewer is in all logs of one attempt of a job: the id of a server-sent event.</summary>
/// <param name="Attempt">The logs of another attempt are other logs: the viewer begins anew.</param>
/// <param name="Positions">The job's own log first, then its steps in order.</param>
public sealed record LogCursor(int Attempt, IReadOnlyList<LogPosition> Positions)
{
    public override string ToString()
    {
        var text = new StringBuilder();
        Base36.Write(text, Attempt);
        foreach (var position in Positions)
        {
            text.Append('-');
            position.Write(text);
        }

        return text.ToString().TrimEnd('-');
    }

    /// <param name="logs">How many logs the job has. Those the text does not speak of begin at their start.</param>
    /// <returns>Null for text that <see cref="ToString"/> never gives.</returns>
    public static LogCursor? Parse(string? text, int logs)
    {
        var parts = text?.Split('-') ?? [];
        if (parts.Length == 0 || parts.Length - 1 > logs || Base36.Parse(parts[0]) is not { } attempt)
            return null;
        var positions = new LogPosition[logs];
        for (var i = 0; i < logs; i++)
        {
            if (LogPosition.Parse(i + 1 < parts.Length ? parts[i + 1] : "") is not { } position)
                return null;
            positions[i] = position;
        }

        return new LogCursor(attempt, positions);
    }
}

internal static class Base36
{
    private const string Digits = "0123456789abcdefghijklmnopqrstuvwxyz";

    public static void Write(StringBuilder text, int value)
    {
        Span<char> reversed = stackalloc char[7];
        var length = 0;
        do
        {
            reversed[length++] = Digits[value % 36];
            value /= 36;
        }
        while (value > 0);
        while (length > 0)
            text.Append(reversed[--length]);
    }

    public static int? Parse(string text)
    {
        long value = 0;
        foreach (var c in text)
        {
            var digit = Digits.IndexOf(c, StringComparison.Ordinal);
            if (digit < 0 || (value = (value * 36) + digit) > int.MaxValue)
                return null;
        }

        return text.Length == 0 ? null : (int)value;
    }
}
