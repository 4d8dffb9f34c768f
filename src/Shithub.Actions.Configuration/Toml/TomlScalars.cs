using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace Shithub.Actions.Configuration.Toml;

/// <summary>The values that are written without quotes: booleans, integers, floats, dates and times.</summary>
internal static partial class TomlScalars
{
    public static TomlValue Read(TomlCursor cursor)
    {
        var position = cursor.Position;
        var token = Token(cursor);
        return token switch
        {
            "true" => new TomlBoolean(true, position),
            "false" => new TomlBoolean(false, position),
            "inf" or "+inf" => new TomlFloat(double.PositiveInfinity, position),
            "-inf" => new TomlFloat(double.NegativeInfinity, position),
            "nan" or "+nan" or "-nan" => new TomlFloat(double.NaN, position),
            _ => Integer(token, position) ?? Float(token, position) ?? TomlDates.Read(token, position)
                ?? throw new TomlException(Explain(token), position),
        };
    }

    private static string Token(TomlCursor cursor)
    {
        var token = new StringBuilder();
        TakeWord(cursor, token);
        // The one space that can be part of a value: between date and time.
        if (cursor.Current == ' ' && char.IsAsciiDigit(cursor.Peek(1)) && TomlDates.IsDate(token.ToString()))
        {
            token.Append(' ');
            cursor.Advance();
            TakeWord(cursor, token);
        }
        return token.ToString();
    }

    private static void TakeWord(TomlCursor cursor, StringBuilder token)
    {
        while (!cursor.AtEnd && !cursor.AtNewline && cursor.Current is not (' ' or '\t' or ',' or ']' or '}' or '#'))
        {
            cursor.RefuseControlCharacter("in a value");
            token.Append(cursor.Current);
            cursor.Advance();
        }
    }

    private static TomlInteger? Integer(string token, TomlPosition position)
    {
        if (!IntegerPattern().IsMatch(token))
            return null;
        var digits = token.Replace("_", "", StringComparison.Ordinal);
        var radix = digits.Length < 2 ? 10 : digits[1] switch { 'x' => 16, 'o' => 8, 'b' => 2, _ => 10 };
        try
        {
            var value = radix == 10 ? long.Parse(digits, CultureInfo.InvariantCulture) : Unsigned(digits.AsSpan(2), radix);
            return new TomlInteger(value, position);
        }
        catch (OverflowException)
        {
            throw new TomlException($"the integer {Shortened(token)} is out of range; it must fit 64 bits "
                + "(-9223372036854775808 to 9223372036854775807)", position);
        }
    }

    private static long Unsigned(ReadOnlySpan<char> digits, int radix)
    {
        var value = 0L;
        foreach (var digit in digits)
            value = checked(value * radix + (char.IsAsciiDigit(digit) ? digit - '0' : (digit | 0x20) - 'a' + 10));
        return value;
    }

    private static TomlFloat? Float(string token, TomlPosition position) => FloatPattern().IsMatch(token)
        ? new TomlFloat(double.Parse(token.Replace("_", "", StringComparison.Ordinal), CultureInfo.InvariantCulture), position)
        : null;

    private static string Explain(string token)
    {
        if (token.Length == 0)
            return "a value is missing here; write one, for example \"text\", 42 or true";
        var shown = Shortened(token);
        if (token.Equals("true", StringComparison.OrdinalIgnoreCase) || token.Equals("false", StringComparison.OrdinalIgnoreCase))
            return $"{shown} is not a boolean; write {token.ToLowerInvariant()}";
        if (token.Contains('"', StringComparison.Ordinal) || token.Contains('\'', StringComparison.Ordinal))
            return $"{shown} is not a value; a string has a quote before and after it";
        if (DateLike().IsMatch(token))
            return $"{shown} is not a date or time; write for example 1979-05-27T07:32:00Z, 1979-05-27 or 07:32:00";
        if (!char.IsAsciiDigit(token.TrimStart('+', '-').FirstOrDefault()))
            return $"{shown} is not a value; text needs quotes: write \"{Shortened(token)}\"";
        if (token.Contains("__", StringComparison.Ordinal) || token.EndsWith('_') || UnderscoreBesideSign().IsMatch(token))
            return $"{shown} has an underscore that is not between two digits; move or remove it";
        if (LeadingZero().IsMatch(token))
            return $"{shown} has a leading zero; remove it, or write 0o for an octal number";
        if (PointWithoutDigits().IsMatch(token))
            return $"{shown} has a decimal point without digits on both sides; write for example 1.0";
        return $"{shown} is neither a number nor a date; text needs quotes: write \"{shown}\"";
    }

    public static string Shortened(string token) => token.Length <= 40 ? token : token[..40] + "…";

    [GeneratedRegex(@"\A(?:[+-]?(?:0|[1-9](?:_?[0-9])*)|0x[0-9A-Fa-f](?:_?[0-9A-Fa-f])*|0o[0-7](?:_?[0-7])*|0b[01](?:_?[01])*)\z")]
    private static partial Regex IntegerPattern();

    [GeneratedRegex(@"\A[+-]?(?:0|[1-9](?:_?[0-9])*)(?=[.eE])(?:\.[0-9](?:_?[0-9])*)?(?:[eE][+-]?[0-9](?:_?[0-9])*)?\z")]
    private static partial Regex FloatPattern();

    [GeneratedRegex(@"\A(?:[0-9]+-[0-9]+-|[0-9]+:)")]
    private static partial Regex DateLike();

    [GeneratedRegex(@"[0-9]_[^0-9A-Fa-f]|[^0-9A-Fa-f]_|\A[+-]?[0-9._]+[eE]_")]
    private static partial Regex UnderscoreBesideSign();

    [GeneratedRegex(@"\A[+-]?0[0-9_]+(?:[.eE].*)?\z")]
    private static partial Regex LeadingZero();

    [GeneratedRegex(@"\A[+-]?[0-9_]+\.(?:[^0-9].*)?\z")]
    private static partial Regex PointWithoutDigits();
}
