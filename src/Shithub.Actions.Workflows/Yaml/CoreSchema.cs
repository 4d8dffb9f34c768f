using System.Globalization;
using System.Text.RegularExpressions;

namespace Shithub.Actions.Workflows.Yaml;

internal enum ScalarKind
{
    Null,
    Boolean,
    Number,
    String,
}

/// <summary>
/// What a plain scalar is by the core schema of YAML 1.2 (chapter 10.3.2), as GitHub reads it: <c>on</c>, <c>yes</c>,
/// <c>off</c> and <c>012:30</c> are strings.
/// </summary>
internal static partial class CoreSchema
{
    public static ScalarKind Resolve(string text) => text switch
    {
        "" or "~" or "null" or "Null" or "NULL" => ScalarKind.Null,
        "true" or "True" or "TRUE" or "false" or "False" or "FALSE" => ScalarKind.Boolean,
        _ => text.Length <= 400 && LooksLikeNumber(text[0]) && Number().IsMatch(text) ? ScalarKind.Number : ScalarKind.String,
    };

    public static bool ToBoolean(string text) => text[0] is 't' or 'T';

    /// <summary>The value of a scalar that <see cref="Resolve"/> calls a number.</summary>
    public static double ToNumber(string text)
    {
        if (text.StartsWith("0x", StringComparison.Ordinal))
            return FromDigits(text.AsSpan(2), 16);
        if (text.StartsWith("0o", StringComparison.Ordinal))
            return FromDigits(text.AsSpan(2), 8);
        var sign = text[0] == '-' ? -1.0 : 1.0;
        return text.TrimStart('+', '-').ToLowerInvariant() switch
        {
            ".inf" => sign * double.PositiveInfinity,
            ".nan" => double.NaN,
            _ => double.Parse(text, NumberStyles.Float, CultureInfo.InvariantCulture),
        };
    }

    private static double FromDigits(ReadOnlySpan<char> digits, int radix)
    {
        var value = 0.0;
        foreach (var digit in digits)
            value = (value * radix) + Convert.ToInt32(char.ToString(digit), 16);
        return value;
    }

    private static bool LooksLikeNumber(char first) => char.IsAsciiDigit(first) || first is '+' or '-' or '.';

    [GeneratedRegex(
        @"^(?:[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+|[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?"
        + @"|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))\z",
        RegexOptions.CultureInvariant)]
    private static partial Regex Number();
}
