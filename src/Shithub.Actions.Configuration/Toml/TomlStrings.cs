using System.Globalization;
using System.Text;

namespace Shithub.Actions.Configuration.Toml;

/// <summary>TOML's four kinds of string: basic and literal, each on one line or several.</summary>
internal static class TomlStrings
{
    /// <summary>Reads the string whose opening quote stands at the cursor.</summary>
    public static string Read(TomlCursor cursor)
    {
        var quote = cursor.Current;
        return cursor.At(new string(quote, 3)) ? MultiLine(cursor, quote) : SingleLine(cursor, quote);
    }

    /// <summary>A string on one line: the only kind that can be a key.</summary>
    public static string SingleLine(TomlCursor cursor, char quote)
    {
        var start = cursor.Position;
        var result = new StringBuilder();
        cursor.Advance();
        while (!cursor.Take(quote))
        {
            if (cursor.AtEnd || cursor.AtNewline)
                throw new TomlException($"a string that begins here has no closing {quote} on its line; close it, or use "
                    + $"{new string(quote, 3)} for several lines", start);
            cursor.RefuseControlCharacter("in a string");
            if (quote == '"' && cursor.Current == '\\')
                Escape(cursor, result);
            else
                Copy(cursor, result);
        }
        return result.ToString();
    }

    private static string MultiLine(TomlCursor cursor, char quote)
    {
        var start = cursor.Position;
        var fence = new string(quote, 3);
        var result = new StringBuilder();
        cursor.Advance(3);
        if (cursor.AtNewline)
            cursor.TakeNewline();
        while (true)
        {
            if (cursor.AtEnd)
                throw new TomlException($"a string that begins here is never closed; end it with {fence}", start);
            if (cursor.At(fence))
            {
                cursor.Advance(3);
                // One or two quotes may stand just inside the closing three.
                for (var inside = 0; inside < 2 && cursor.Take(quote); inside++)
                    result.Append(quote);
                return result.ToString();
            }
            if (cursor.AtNewline)
            {
                cursor.TakeNewline();
                result.Append('\n');
                continue;
            }
            cursor.RefuseControlCharacter("in a string");
            if (quote != '"' || cursor.Current != '\\')
                Copy(cursor, result);
            else if (!SkipLineEndingBackslash(cursor))
                Escape(cursor, result);
        }
    }

    private static void Copy(TomlCursor cursor, StringBuilder result)
    {
        result.Append(cursor.Current);
        cursor.Advance();
    }

    /// <summary>A backslash that ends its line swallows all white space up to the next character or the closing quotes.</summary>
    private static bool SkipLineEndingBackslash(TomlCursor cursor)
    {
        var ahead = 1;
        while (cursor.Peek(ahead) is ' ' or '\t')
            ahead++;
        if (cursor.Peek(ahead) != '\n' && !(cursor.Peek(ahead) == '\r' && cursor.Peek(ahead + 1) == '\n'))
            return false;
        cursor.Advance(ahead);
        while (cursor.AtNewline)
        {
            cursor.TakeNewline();
            cursor.SkipSpaces();
        }
        return true;
    }

    private static void Escape(TomlCursor cursor, StringBuilder result)
    {
        var escape = cursor.Peek(1);
        switch (escape)
        {
            case 'b': result.Append('\b'); break;
            case 't': result.Append('\t'); break;
            case 'n': result.Append('\n'); break;
            case 'f': result.Append('\f'); break;
            case 'r': result.Append('\r'); break;
            case '"': result.Append('"'); break;
            case '\\': result.Append('\\'); break;
            case 'u': UnicodeEscape(cursor, 4, result); return;
            case 'U': UnicodeEscape(cursor, 8, result); return;
            default:
                throw cursor.Error($"a backslash followed by {Name(escape)} is not an escape of TOML 1.0; write \\\\ for a backslash, "
                    + "or put the string in '…', where backslashes mean themselves");
        }
        cursor.Advance(2);
    }

    private static string Name(char escape) => escape is TomlCursor.End or '\r' or '\n' ? "the end of the line"
        : escape < ' ' ? "a control character" : $"'{escape}'";

    private static void UnicodeEscape(TomlCursor cursor, int digits, StringBuilder result)
    {
        var value = 0u;
        for (var i = 0; i < digits; i++)
        {
            if (!char.IsAsciiHexDigit(cursor.Peek(2 + i)))
                throw cursor.Error($"\\{cursor.Peek(1)} needs {digits} hexadecimal digits after it, for example "
                    + (digits == 4 ? "\\u00e9" : "\\U0001F600"));
            value = (value << 4) | uint.Parse([cursor.Peek(2 + i)], NumberStyles.HexNumber, CultureInfo.InvariantCulture);
        }
        if (!Rune.TryCreate(value, out var rune))
            throw cursor.Error($"U+{value:X4} is not a Unicode scalar value; use 0 to D7FF or E000 to 10FFFF");
        result.Append(rune);
        cursor.Advance(2 + digits);
    }
}
