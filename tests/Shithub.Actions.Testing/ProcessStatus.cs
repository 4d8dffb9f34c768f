using System.Globalization;

namespace Shithub.Actions.Testing;

/// <summary>What the kernel says of a process of this machine.</summary>
public static class ProcessStatus
{
    /// <summary>Bytes, those of the processes that it started included.</summary>
    public static long ResidentWithChildren(int process) => Resident(process) + Children(process).Sum(ResidentWithChildren);

    /// <summary>Those that run.</summary>
    public static IEnumerable<int> All() => Directory.EnumerateDirectories("/proc")
        .Select(folder => int.TryParse(Path.GetFileName(folder), CultureInfo.InvariantCulture, out var number) ? number : 0)
        .Where(number => number != 0);

    /// <summary>Those that it started, or took over.</summary>
    public static IEnumerable<int> Children(int process) => All().Where(number => Parent(number) == process);

    /// <summary>Bytes; 0 if it has ended.</summary>
    public static long Resident(int process) => 1024 * Field(process, "VmRSS");

    /// <summary>The process that started it, or that took it over; 0 if it has ended.</summary>
    public static int Parent(int process) => (int)Field(process, "PPid");

    /// <returns>0 if it has ended.</returns>
    private static long Field(int process, string name)
    {
        try
        {
            return File.ReadLines($"/proc/{process}/status")
                .Where(line => line.StartsWith($"{name}:", StringComparison.Ordinal))
                .Select(line => long.Parse(line.Split((char[])[' ', '\t'], StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture))
                .FirstOrDefault();
        }
        catch (IOException)
        {
            return 0;
        }
    }
}
