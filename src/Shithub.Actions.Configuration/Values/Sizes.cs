using System.Globalization;

namespace Shithub.Actions.Configuration.Values;

/// <summary>Sizes in bytes such as <c>64k</c>, <c>512m</c>, <c>2g</c>: powers of 1024, as Docker writes them.</summary>
public static class Sizes
{
    private const string Units = "kmgt";

    /// <exception cref="FormatException">The text is not a size.</exception>
    public static long Parse(string text) =>
        TryParse(text, out var size) ? size : throw new FormatException($"'{text}' is not a size.");

    public static bool TryParse(string text, out long bytes)
    {
        bytes = 0;
        var digits = text.AsSpan().IndexOfAnyExceptInRange('0', '9');
        var unit = digits < 0 ? "" : text[digits..].ToLowerInvariant();
        var number = digits < 0 ? text : text[..digits];
        if (!long.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var count))
            return false;
        // "512mb" is "512m", and "512b" is "512".
        unit = unit.EndsWith('b') && unit.Length <= 2 ? unit[..^1] : unit;
        var power = unit.Length == 0 ? 0 : unit.Length == 1 ? Units.IndexOf(unit[0], StringComparison.Ordinal) + 1 : 0;
        if ((power == 0 && unit.Length > 0) || count > long.MaxValue >> (10 * power))
            return false;
        bytes = count << (10 * power);
        return true;
    }

    /// <summary>The size in the largest unit that divides it.</summary>
    public static string Format(long bytes)
    {
        var power = 0;
        while (bytes > 0 && bytes % 1024 == 0 && power < Units.Length)
            (bytes, power) = (bytes / 1024, power + 1);
        return power == 0 ? bytes.ToString(CultureInfo.InvariantCulture) : $"{bytes}{Units[power - 1]}";
    }
}
