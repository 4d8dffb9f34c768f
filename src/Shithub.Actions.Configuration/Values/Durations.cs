using System.Globalization;

namespace Shithub.Actions.Configuration.Values;

/// <summary>Durations such as <c>500ms</c>, <c>5s</c>, <c>1h30m</c>, <c>7d</c>: whole numbers with falling units.</summary>
public static class Durations
{
    private static readonly (string Name, TimeSpan Length)[] Units =
    [
        ("d", TimeSpan.FromDays(1)), ("h", TimeSpan.FromHours(1)), ("m", TimeSpan.FromMinutes(1)),
        ("s", TimeSpan.FromSeconds(1)), ("ms", TimeSpan.FromMilliseconds(1)),
    ];

    /// <exception cref="FormatException">The text is not a duration.</exception>
    public static TimeSpan Parse(string text) =>
        TryParse(text, out var duration) ? duration : throw new FormatException($"'{text}' is not a duration.");

    public static bool TryParse(string text, out TimeSpan duration)
    {
        duration = TimeSpan.Zero;
        var rest = text.AsSpan();
        var nextUnit = 0;
        while (!rest.IsEmpty)
        {
            var digits = rest.IndexOfAnyExceptInRange('0', '9');
            if (digits is < 1 or > 9)
                return false;
            var number = int.Parse(rest[..digits], CultureInfo.InvariantCulture);
            rest = rest[digits..];
            var letters = rest.IndexOfAnyInRange('0', '9');
            var name = letters < 0 ? rest : rest[..letters];
            var unit = nextUnit;
            while (unit < Units.Length && !name.SequenceEqual(Units[unit].Name))
                unit++;
            if (unit == Units.Length || number > (TimeSpan.MaxValue - duration) / Units[unit].Length)
                return false;
            duration += Units[unit].Length * number;
            nextUnit = unit + 1;
            rest = rest[name.Length..];
        }
        return nextUnit > 0;
    }

    /// <summary>The shortest way to write a duration, to the millisecond.</summary>
    public static string Format(TimeSpan duration)
    {
        var text = "";
        foreach (var (name, length) in Units)
        {
            var count = duration.Ticks / length.Ticks;
            if (count > 0)
                text += $"{count}{name}";
            duration -= length * count;
        }
        return text.Length == 0 ? "0s" : text;
    }
}
