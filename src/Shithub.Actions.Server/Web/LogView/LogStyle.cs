using System.Text;

namespace Shithub.Actions.Server.Web.LogView;

/// <summary>The colours and weights that ANSI escapes (SGR, ECMA-48 8.3.117) have set so far. Colours are 0 for none, else 1 + 0…15.</summary>
public readonly record struct LogStyle(byte Foreground, byte Background, LogStyle.Marks Set)
{
    [Flags]
    public enum Marks : byte
    {
        None = 0,
        Bold = 1,
        Dim = 2,
        Italic = 4,
        Underline = 8,
        Strike = 16,
        Inverse = 32,
    }

    private const int Colours = 17;

    /// <summary>All of it in one number, for a <see cref="LogPosition"/>.</summary>
    public int Pack() => (((int)Set * Colours) + Background) * Colours + Foreground;

    /// <returns>Null for a number that <see cref="Pack"/> never gives.</returns>
    public static LogStyle? Unpack(int packed) =>
        packed is >= 0 and < 64 * Colours * Colours
            ? new LogStyle((byte)(packed % Colours), (byte)(packed / Colours % Colours), (Marks)(packed / (Colours * Colours)))
            : null;

    /// <summary>The style's class names, such as <c>b f2</c>; empty for plain text.</summary>
    public string Classes()
    {
        if (this == default)
            return "";
        var classes = new StringBuilder();
        void Add(bool has, string name)
        {
            if (has)
                classes.Append(classes.Length == 0 ? "" : " ").Append(name);
        }

        Add(Set.HasFlag(Marks.Bold), "b");
        Add(Set.HasFlag(Marks.Dim), "d");
        Add(Set.HasFlag(Marks.Italic), "i");
        Add(Set.HasFlag(Marks.Underline), "u");
        Add(Set.HasFlag(Marks.Strike), "s");
        var (fore, back) = Set.HasFlag(Marks.Inverse) ? (Background, Foreground) : (Foreground, Background);
        Add(Set.HasFlag(Marks.Inverse) && (fore == 0 || back == 0), "v");
        Add(fore > 0, $"f{fore - 1}");
        Add(back > 0, $"k{back - 1}");
        return classes.ToString();
    }

    /// <summary>The style after <c>ESC [ parameters m</c>. What is not known changes nothing.</summary>
    public LogStyle Apply(ReadOnlySpan<int> parameters)
    {
        var style = this;
        if (parameters.IsEmpty)
            return default;
        for (var i = 0; i < parameters.Length; i++)
        {
            var code = parameters[i];
            if (code is 38 or 48)
            {
                var (colour, used) = Extended(parameters[(i + 1)..]);
                i += used;
                if (colour is { } known)
                    style = code == 38 ? style with { Foreground = known } : style with { Background = known };
                continue;
            }

            style = style.Apply(code);
        }

        return style;
    }

    private LogStyle Apply(int code) => code switch
    {
        0 => default,
        1 => this with { Set = Set | Marks.Bold },
        2 => this with { Set = Set | Marks.Dim },
        3 => this with { Set = Set | Marks.Italic },
        4 => this with { Set = Set | Marks.Underline },
        7 => this with { Set = Set | Marks.Inverse },
        9 => this with { Set = Set | Marks.Strike },
        22 => this with { Set = Set & ~(Marks.Bold | Marks.Dim) },
        23 => this with { Set = Set & ~Marks.Italic },
        24 => this with { Set = Set & ~Marks.Underline },
        27 => this with { Set = Set & ~Marks.Inverse },
        29 => this with { Set = Set & ~Marks.Strike },
        >= 30 and <= 37 => this with { Foreground = (byte)(code - 29) },
        39 => this with { Foreground = 0 },
        >= 40 and <= 47 => this with { Background = (byte)(code - 39) },
        49 => this with { Background = 0 },
        >= 90 and <= 97 => this with { Foreground = (byte)(code - 81) },
        >= 100 and <= 107 => this with { Background = (byte)(code - 91) },
        _ => this,
    };

    /// <summary>Of the 256 and of the 16 million colours, the nearest of the 16 that the page has.</summary>
    private static (byte? Colour, int Used) Extended(ReadOnlySpan<int> rest) => rest switch
    {
        [5, >= 0 and < 16 and var basic, ..] => ((byte)(basic + 1), 2),
        [5, >= 16 and < 232 and var cube, ..] => (Nearest(Level((cube - 16) / 36), Level((cube - 16) / 6 % 6), Level((cube - 16) % 6)), 2),
        [5, >= 232 and < 256 and var grey, ..] => (Nearest(8 + (10 * (grey - 232)), 8 + (10 * (grey - 232)), 8 + (10 * (grey - 232))), 2),
        [5, _, ..] => (null, 2),
        [2, var red, var green, var blue, ..] => (Nearest(red, green, blue), 4),
        _ => (null, rest.Length),
    };

    private static int Level(int step) => step == 0 ? 0 : 55 + (40 * step);

    private static byte Nearest(int red, int green, int blue)
    {
        var strongest = Math.Max(red, Math.Max(green, blue));
        var weakest = Math.Min(red, Math.Min(green, blue));
        if (strongest - weakest < 40)
            return (byte)(1 + (strongest switch { < 64 => 0, < 150 => 8, < 220 => 7, _ => 15 }));
        var middle = (strongest + weakest) / 2;
        var hue = (red > middle ? 1 : 0) | (green > middle ? 2 : 0) | (blue > middle ? 4 : 0);
        return (byte)(1 + hue + (strongest > 220 ? 8 : 0));
    }
}
