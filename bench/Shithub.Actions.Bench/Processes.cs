using System.Globalization;

namespace Shithub.Actions.Bench;

/// <summary>What the kernel says of a process.</summary>
internal static class Processes
{
    private const double TicksPerSecond = 100;

    /// <summary>Bytes, those of the processes that it started included.</summary>
    public static long ResidentWithChildren(int process) => Resident(process) + Directory.EnumerateDirectories("/proc")
        .Select(folder => int.TryParse(Path.GetFileName(folder), out var number) ? number : 0)
        .Where(number => number != 0 && Parent(number) == process)
        .Sum(ResidentWithChildren);

    /// <summary>Bytes.</summary>
    public static long Resident(int process) => 1024 * File.ReadLines($"/proc/{process}/status")
        .Where(line => line.StartsWith("VmRSS:", StringComparison.Ordinal))
        .Select(line => long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture))
        .First();

    /// <summary>Processor time of it and of its children that have ended.</summary>
    public static double Seconds(int process)
    {
        var stat = File.ReadAllText($"/proc/{process}/stat");
        var words = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
        return words[11..15].Sum(word => long.Parse(word, CultureInfo.InvariantCulture)) / TicksPerSecond;
    }

    /// <returns>0 if it has ended.</returns>
    private static int Parent(int process)
    {
        try
        {
            var stat = File.ReadAllText($"/proc/{process}/stat");
            return int.Parse(stat[(stat.LastIndexOf(')') + 2)..].Split(' ')[1], CultureInfo.InvariantCulture);
        }
        catch (IOException)
        {
            return 0;
        }
    }
}
