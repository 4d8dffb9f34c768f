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
    public static double SecondsWithChildren(int process) => Seconds(process)
        + ProcessStatus.Children(process).Sum(number => Seconds(number, 11..13));

    /// <summary>The one that runs the program with the argument among others; it is no shell that only started it.</summary>
    public static int Find(string program, string argument) => ProcessStatus.All().FirstOrDefault(
        number => CommandLine(number) is [var name, .. var words] && Path.GetFileName(name) == program && words.Contains(argument))
        is var found and not 0
            ? found
            : throw new BenchException($"No {program} runs with {argument}.");

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
