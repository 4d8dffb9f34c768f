using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;

namespace Shithub.Actions.Bench;

/// <summary>What the numbers were measured on, and what else the machine was doing.</summary>
internal static class Machine
{
    private const double BytesPerGiB = 1024.0 * 1024 * 1024;

    public static async Task<IReadOnlyList<(string Name, string Value)>> DescribeAsync(CancellationToken cancellation)
    {
        var processor = Field("/proc/cpuinfo", "model name");
        var memory = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / BytesPerGiB;
        var load = (await File.ReadAllTextAsync("/proc/loadavg", cancellation)).Split(' ')[0];
        var isDirty = (await OutputAsync("git", ["-C", Source.Root, "status", "--porcelain", "--", "src", "migrations"], cancellation)).Length > 0;
        return
        [
            ("measured", DateTimeOffset.UtcNow.ToString("yyyy-MM-dd HH:mm 'UTC'", CultureInfo.InvariantCulture)),
            ("commit", await OutputAsync("git", ["-C", Source.Root, "rev-parse", "--short", "HEAD"], cancellation)
                + (isDirty ? ", with changes that are not committed" : "")),
            ("machine", string.Create(CultureInfo.InvariantCulture, $"{Environment.ProcessorCount} cores ({processor}), {memory:0} GiB")),
            ("load before", $"{load} (load average of the minute before; on an otherwise idle machine it is below 1)"),
            ("system", $"{Field("/etc/os-release", "PRETTY_NAME")}, Linux {Environment.OSVersion.Version}"),
            (".NET", RuntimeInformation.FrameworkDescription.Replace(".NET ", "", StringComparison.Ordinal)),
            ("engine", await OutputAsync("podman", ["--version"], cancellation)),
            ("git", await OutputAsync("git", ["--version"], cancellation)),
        ];
    }

    private static string Field(string file, string name) =>
        File.ReadLines(file)
            .FirstOrDefault(line => line.StartsWith(name, StringComparison.Ordinal))?
            .Split([':', '='], 2)[^1].Trim(' ', '\t', '"') ?? "?";

    private static async Task<string> OutputAsync(string program, string[] arguments, CancellationToken cancellation)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true })!;
        var output = await process.StandardOutput.ReadToEndAsync(cancellation);
        await process.WaitForExitAsync(cancellation);
        return output.Trim();
    }
}
