using System.Globalization;

namespace Shithub.Actions.Testing;

/// <summary>What of a process is in memory, as the kernel says.</summary>
public static class ProcessMemory
{
    /// <summary>Bytes, those of the processes that it started included.</summary>
    public static long ResidentWithChildren(int process) => Resident(process) + Directory.EnumerateDirectories("/proc")
        .Select(folder => int.TryParse(Path.GetFileName(folder), out var number) ? number : 0)
        .Where(number => number != 0 && Status(number, "PPid") == process)
        .Sum(ResidentWithChildren);

    /// <summary>Bytes; 0 if it has ended.</summary>
    public static long Resident(int process) => 1024 * Status(process, "VmRSS");

    /// <returns>0 if it has ended.</returns>
    private static long Status(int process, string name)
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
