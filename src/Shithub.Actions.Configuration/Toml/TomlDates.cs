using System.Globalization;
using System.Text.RegularExpressions;

namespace Shithub.Actions.Configuration.Toml;

/// <summary>RFC 3339 dates and times as TOML takes them: with an offset, local, date only, time only.</summary>
internal static partial class TomlDates
{
    public static bool IsDate(string token) => token.Length == 10 && Pattern().IsMatch(token);

    /// <summary>The date or time that <paramref name="token"/> spells, or null if it does not look like one.</summary>
    public static TomlValue? Read(string token, TomlPosition position)
    {
        var match = Pattern().Match(token);
        if (!match.Success)
            return null;
        try
        {
            return Value(match.Groups, position);
        }
        catch (ArgumentOutOfRangeException)
        {
            throw new TomlException($"{token} is not a date or time that exists; correct its numbers (years from 0001, seconds to 59)",
                position);
        }
    }

    private static TomlValue Value(GroupCollection parts, TomlPosition position)
    {
        int Number(string group) => int.Parse(parts[group].ValueSpan, CultureInfo.InvariantCulture);
        DateOnly Date() => new(Number("year"), Number("month"), Number("day"));
        TimeOnly Time() => new TimeOnly(Number("hour"), Number("minute"), Number("second")).Add(Fraction(parts["fraction"].Value));

        if (!parts["hour"].Success)
            return new TomlLocalDate(Date(), position);
        if (!parts["year"].Success)
            return new TomlLocalTime(Time(), position);
        var dateTime = Date().ToDateTime(Time());
        if (!parts["offset"].Success)
            return new TomlLocalDateTime(dateTime, position);
        return new TomlOffsetDateTime(dateTime, parts["sign"].Success ? Offset() : TimeSpan.Zero, position);

        TimeSpan Offset()
        {
            // A time of day has the offset's range, 00:00 to 23:59.
            var offset = new TimeOnly(Number("offsetHour"), Number("offsetMinute")).ToTimeSpan();
            return parts["sign"].Value == "-" ? -offset : offset;
        }
    }

    /// <summary>Digits beyond .NET's 100 ns are cut off, not rounded, as TOML wants.</summary>
    private static TimeSpan Fraction(string digits) =>
        TimeSpan.FromTicks(long.Parse(digits.PadRight(7, '0').AsSpan(0, 7), CultureInfo.InvariantCulture));

    [GeneratedRegex("""
        \A
        (?: (?<year>[0-9]{4}) - (?<month>[0-9]{2}) - (?<day>[0-9]{2}) (?: (?:[Tt]|[ ]) (?=[0-9]) | \z ) )?
        (?: (?<hour>[0-9]{2}) : (?<minute>[0-9]{2}) : (?<second>[0-9]{2}) (?: \. (?<fraction>[0-9]+) )?
            (?(year) (?<offset> [Zz] | (?<sign>[+-]) (?<offsetHour>[0-9]{2}) : (?<offsetMinute>[0-9]{2}) )? ) )?
        (?<=[^ ]) \z
        """, RegexOptions.IgnorePatternWhitespace)]
    private static partial Regex Pattern();
}
