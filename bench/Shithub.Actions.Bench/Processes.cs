using System.Globalization;

namespace Shithub.Actions.Bench;

/// <summary>What the kernel says of a process.</summary>
internal static class Processes
{
    private const double TicksPerSecond = 100;

    /// <summary>Processor time of it and of its children that have ended.</summary>
    public static double Seconds(int process)
    {
        var stat = File.ReadAllText($"/proc/{process}/stat");
        var words = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
        return words[11..15].Sum(word => long.Parse(word, CultureInfo.InvariantCulture)) / TicksPerSecond;
    }
}
