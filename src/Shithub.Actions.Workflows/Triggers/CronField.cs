using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Numerics;

namespace Shithub.Actions.Workflows;

/// <summary>One field of a <see cref="CronSchedule"/>: the numbers that it has.</summary>
internal readonly struct CronField
{
    /// <param name="Names">Of the numbers from <paramref name="Min"/> on.</param>
    public sealed record Kind(string Name, int Min, int Max, string[] Names);

    private readonly ulong _bits;

    private CronField(ulong bits, bool isRestricted) => (_bits, IsRestricted) = (bits, isRestricted);

    /// <summary>False for <c>*</c>, and for <c>*/2</c>, which crontab counts as <c>*</c> where it asks for one of two days.</summary>
    public bool IsRestricted { get; }

    public static IReadOnlyList<Kind> Kinds { get; } =
    [
        new("minute", 0, 59, []),
        new("hour", 0, 23, []),
        new("day of the month", 1, 31, []),
        new("month", 1, 12, ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"]),
        new("day of the week", 0, 7, ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"]),
    ];

    public bool Contains(int number) => (_bits >> number & 1) != 0;

    /// <summary>The first number from <paramref name="from"/> on, or null.</summary>
    public int? Next(int from)
    {
        var rest = _bits >> from << from;
        return rest == 0 ? null : BitOperations.TrailingZeroCount(rest);
    }

    public static bool TryParse(string text, Kind kind, out CronField field, [NotNullWhen(false)] out string? error)
    {
        field = default;
        error = null;
        var bits = 0UL;
        foreach (var item in text.Split(','))
        {
            error = ParseItem(item, kind, ref bits);
            if (error is not null)
                return false;
        }

        // Sunday is 0 and 7.
        if (kind.Max == 7 && (bits >> 7 & 1) != 0)
            bits |= 1;
        field = new CronField(bits, !text.StartsWith('*'));
        return true;
    }

    private static string? ParseItem(string item, Kind kind, ref ulong bits)
    {
        var (range, step) = (item, 1);
        if (item.IndexOf('/', StringComparison.Ordinal) is >= 0 and var slash)
        {
            if (!TryNumber(item[(slash + 1)..], out step) || step < 1 || step > kind.Max)
                return $"'{item}' has no step from 1 to {kind.Max} after its '/'";
            range = item[..slash];
        }

        int first, last;
        if (range == "*")
        {
            (first, last) = (kind.Min, kind.Max == 7 ? 6 : kind.Max);
        }
        else if (range.IndexOf('-', StringComparison.Ordinal) is > 0 and var dash)
        {
            if (!TryValue(range[..dash], kind, out first) || !TryValue(range[(dash + 1)..], kind, out last))
                return Describe(range, kind);
            if (first > last)
                return $"the range '{range}' goes backwards";
        }
        else
        {
            if (!TryValue(range, kind, out first))
                return Describe(range, kind);
            // '5/15' is '5-59/15', as everybody's cron has it.
            last = step == 1 && range == item ? first : kind.Max;
        }

        for (var number = first; number <= last; number += step)
            bits |= 1UL << number;
        return null;
    }

    private static string Describe(string text, Kind kind) =>
        text.Length == 0 ? $"its {kind.Name} has an empty item"
        : $"'{text}' is no {kind.Name} ({kind.Min}-{kind.Max}{(kind.Names.Length == 0 ? "" : $" or {kind.Names[0]}-{kind.Names[^1]}")})";

    private static bool TryValue(string text, Kind kind, out int value)
    {
        var index = Array.FindIndex(kind.Names, name => name.Equals(text, StringComparison.OrdinalIgnoreCase));
        value = kind.Min + index;
        return index >= 0 || (TryNumber(text, out value) && value >= kind.Min && value <= kind.Max);
    }

    private static bool TryNumber(string text, out int value) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out value);
}
