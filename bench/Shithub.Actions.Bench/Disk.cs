using System.Diagnostics;

namespace Shithub.Actions.Bench;

/// <summary>What the disk below the database can do: a lone claim takes little longer than one sync.</summary>
internal static class Disk
{
    private const int Writes = 100;

    /// <summary>Milliseconds to write 8 KiB and sync them, as PostgreSQL does for a commit.</summary>
    public static (double Median, double P95) MeasureSync(string folder)
    {
        var path = Path.Combine(folder, "sync");
        var block = new byte[8192];
        var latencies = new Latencies();
        using (var file = File.OpenHandle(path, FileMode.Create, FileAccess.Write, preallocationSize: Writes * block.Length))
        {
            for (var write = 0; write < Writes; write++)
            {
                var started = Stopwatch.GetTimestamp();
                RandomAccess.Write(file, block, write * block.Length);
                RandomAccess.FlushToDisk(file);
                var elapsed = Stopwatch.GetElapsedTime(started);
                latencies.Add([elapsed.TotalMilliseconds], elapsed.TotalSeconds);
            }
        }

        File.Delete(path);
        return (latencies.Median, latencies.P95);
    }

    public static string FileSystem(string folder) =>
        DriveInfo.GetDrives()
            .Where(drive => folder.StartsWith(drive.RootDirectory.FullName, StringComparison.Ordinal))
            .MaxBy(drive => drive.RootDirectory.FullName.Length)?.DriveFormat ?? "unknown file system";
}
