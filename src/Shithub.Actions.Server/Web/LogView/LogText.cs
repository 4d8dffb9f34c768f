using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;

namespace Shithub.Actions.Server.Web.LogView;

/// <summary>
/// One line of a log as safe HTML: encoded, ANSI colours as classes, invalid UTF-8 as replacement characters. Other terminal
/// escapes are dropped; other control characters, and those that change the direction of text, are shown instead of obeyed.
/// </summary>
public static class LogText
{
    private const byte Escape = 0x1b;
    private const byte Bell = 0x07;
    private const int ParametersMax = 16;

    /// <summary>Appends the line's HTML to <paramref name="html"/>, or only follows the style where that is null.</summary>
    /// <param name="line">Without its line feed.</param>
    /// <returns>The style that the next line begins with.</returns>
    public static LogStyle Render(ReadOnlySpan<byte> line, LogStyle style, StringBuilder? html)
    {
        while (!line.IsEmpty)
        {
            var escape = line.IndexOf(Escape);
            var text = escape < 0 ? line : line[..escape];
            if (html is not null)
                Append(text, style, html);
            if (escape < 0)
                break;
            line = line[(escape + 1)..];
            line = line[Sequence(line, ref style)..];
        }

        return style;
    }

    /// <returns>How many bytes after ESC belong to the sequence. One that does not end takes the rest of the line.</returns>
    private static int Sequence(ReadOnlySpan<byte> rest, ref LogStyle style)
    {
        if (rest.IsEmpty)
            return 0;
        return rest[0] switch
        {
            (byte)'[' => 1 + ControlSequence(rest[1..], ref style),
            // Operating system commands (titles, links) and other strings end with BEL or ESC \.
            (byte)']' or (byte)'P' or (byte)'X' or (byte)'^' or (byte)'_' => 1 + StringSequence(rest[1..]),
            >= 0x20 and <= 0x2f => Math.Min(2, rest.Length),
            >= 0x30 and <= 0x7e => 1,
            _ => 0,
        };
    }

    private static int ControlSequence(ReadOnlySpan<byte> rest, ref LogStyle style)
    {
        Span<int> parameters = stackalloc int[ParametersMax];
        var count = 0;
        var isPlain = true;
        for (var i = 0; i < rest.Length; i++)
        {
            var b = rest[i];
            if (b is >= 0x40 and <= 0x7e)
            {
                if (b == 'm' && isPlain)
                    style = style.Apply(parameters[..Math.Min(count, ParametersMax)]);
                return i + 1;
            }

            if (b is < 0x20 or > 0x7e)
                return i;
            if (b is >= (byte)'0' and <= (byte)'9')
            {
                count = Math.Max(count, 1);
                if (count <= ParametersMax)
                    parameters[count - 1] = Math.Min((parameters[count - 1] * 10) + b - '0', 999);
            }
            else if (b is (byte)';' or (byte)':')
            {
                count = Math.Max(count, 1) + 1;
            }
            else
            {
                isPlain = false;
            }
        }

        return rest.Length;
    }

    private static int StringSequence(ReadOnlySpan<byte> rest)
    {
        for (var i = 0; i < rest.Length; i++)
        {
            if (rest[i] == Bell)
                return i + 1;
            if (rest[i] == Escape)
                return i + (i + 1 < rest.Length && rest[i + 1] == '\\' ? 2 : 0);
        }

        return rest.Length;
    }

    private static void Append(ReadOnlySpan<byte> utf8, LogStyle style, StringBuilder html)
    {
        if (utf8.IsEmpty)
            return;
        var classes = style.Classes();
        if (classes.Length > 0)
            html.Append("<span class=\"").Append(classes).Append("\">");
        var plain = ArrayPool<char>.Shared.Rent(utf8.Length);
        var length = Encoding.UTF8.GetChars(utf8, plain);
        var from = 0;
        for (var i = 0; i < length; i++)
        {
            if (Visible(plain[i]) is not { } visible)
                continue;
            html.Append(Encode(plain.AsSpan(from, i - from)))
                .Append("<span class=\"c\">").Append(visible).Append("</span>");
            from = i + 1;
        }

        html.Append(Encode(plain.AsSpan(from, length - from)));
        ArrayPool<char>.Shared.Return(plain);
        if (classes.Length > 0)
            html.Append("</span>");
    }

    private static string Encode(ReadOnlySpan<char> text) => HtmlEncoder.Default.Encode(new string(text));

    /// <summary>What stands for a character that must not be obeyed, or null for one that may be written.</summary>
    private static string? Visible(char c) => c switch
    {
        '\t' => null,
        < ' ' => $"^{(char)(c + '@')}",
        '\u007f' => "^?",
        (>= '\u0080' and <= '\u009f') or '\u061c' or '\u200e' or '\u200f' or (>= '\u202a' and <= '\u202e')
            or (>= '\u2066' and <= '\u2069') or '\u2028' or '\u2029' =>
            string.Create(CultureInfo.InvariantCulture, $"U+{(int)c:X4}"),
        _ => null,
    };
}
