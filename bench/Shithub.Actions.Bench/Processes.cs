using System.Globalization;
using Shithub.Actions.Testing;

namespace Shithub.Actions.Bench;

/// <summary>What the kernel says of a process.</summary>
internal static class Processes
{
    private const double TicksPerSecond = 100;

    /// <summary>Processor time of it and of its children that have ended.</summary>
    public static double Seconds(int process) => Seconds(process, 11..15);

    /// <summary>Processor time of it and of its children, those that run and those that have ended.</summary>
    public static double SecondsWithChildren(int process) => Seconds(process) + Directory.EnumerateDirectories("/proc")
        .Select(folder => int.TryParse(Path.GetFileName(folder), CultureInfo.InvariantCulture, out var number) ? number : 0)
        .Where(number => number != 0 && ProcessStatus.Parent(number) == process)
        .Sum(number => Seconds(number, 11..13));

    /// <summary>The one whose command line has the argument.</summary>
    public static int With(string argument) => Directory.EnumerateDirectories("/proc")
        .Select(folder => int.TryParse(Path.GetFileName(folder), CultureInfo.InvariantCulture, out var number) ? number : 0)
        .Single(number => number != 0 && CommandLine(number) is [var program, ..] words && !program.EndsWith("sh", StringComparison.Ordinal) && words.Contains(argument));

    private static string[] CommandLine(int process)
    {
        try
        {
            return File.ReadAllText($"/proc/{process}/cmdline").Split('\0');
        }
        catch (IOException)
        {
            return [];
        }
    }

    private static double Seconds(int process, Range fields)
    {
        try
        {
            var stat = File.ReadAllText($"/proc/{process}/stat");
            var words = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
            return words[fields].Sum(word => long.Parse(word, CultureInfo.InvariantCulture)) / TicksPerSecond;
        }
        catch (IOException)
        {
            return 0;
        }
    }
}
