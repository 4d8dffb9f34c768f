using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;

namespace Shithub.Actions.Runner.Network;

/// <summary>
/// Hears from the kernel, within milliseconds, that part of the fence's table was removed, and holds the lid meanwhile
/// (<see cref="FirewallRules.Lid"/>). Both are <c>nft</c> processes that end with this one, however it ends: the one reads its commands from us,
/// and a shell that does so ends the other.
/// </summary>
internal sealed class FenceWatch : IDisposable
{
    private const string Guardian = """
        exec 3<&0
        "$@" </dev/null 3<&- &
        child=$!
        { cat <&3 >/dev/null; kill $child; } >/dev/null 2>&1 &
        wait $child
        """;

    private static int _count;
    private readonly FencePlan _plan;
    private readonly Action<string> _lost;
    private readonly string _lidTable;
    private readonly Lock _gate = new();
    private Process? _monitor;
    private Process? _lid;
    private bool _disposed;

    /// <param name="lost">What was removed.</param>
    public FenceWatch(FencePlan plan, Action<string> lost)
    {
        (_plan, _lost) = (plan, lost);
        _lidTable = string.Create(CultureInfo.InvariantCulture, $"{plan.Table}_lid_{Environment.ProcessId}_{Interlocked.Increment(ref _count)}");
    }

    /// <summary>Whether both processes live; starts what does not.</summary>
    /// <exception cref="NetworkFenceException">nft is not there.</exception>
    public void Ensure()
    {
        lock (_gate)
        {
            if (_disposed) return;
            if (_lid is not { HasExited: false })
            {
                _lid?.Dispose();
                _lid = Start(HostProgram.StartInfo("nft", ["--interactive"]), static _ => { });
                _lid.StandardInput.Write(FirewallRules.Lid(_plan, _lidTable));
                _lid.StandardInput.Flush();
            }

            if (_monitor is not { HasExited: false })
            {
                _monitor?.StandardInput.Close();
                _monitor?.Dispose();
                _monitor = StartMonitor();
            }
        }
    }

    public void Dispose()
    {
        lock (_gate)
        {
            _disposed = true;
            if (_lid is { HasExited: false }) _lid.Kill();
            _lid?.Dispose();
            _monitor?.StandardInput.Close();
            _monitor?.Dispose();
        }
    }

    /// <summary>A change of the fence itself, not of what is in its sets, nor of the tables of single jobs.</summary>
    public static bool IsLoss(string line, string table)
    {
        var words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return words is ["delete", var what, "inet", var whose, ..] && what != "element" && whose == table;
    }

    private Process StartMonitor()
    {
        var monitor = HostProgram.StartInfo("nft", ["monitor"]);
        return Start(HostProgram.StartInfo("sh", ["-c", Guardian, "fence-watch", monitor.FileName, .. monitor.ArgumentList]), Hear);
    }

    private static Process Start(ProcessStartInfo start, Action<string> line)
    {
        Process process;
        try
        {
            process = Process.Start(start)!;
        }
        catch (Win32Exception e)
        {
            throw new NetworkFenceException($"nft can't be started: {e.Message}");
        }

        process.OutputDataReceived += (_, said) =>
        {
            if (said.Data is { } text) line(text);
        };
        process.ErrorDataReceived += static (_, _) => { };
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        return process;
    }

    private void Hear(string line)
    {
        if (IsLoss(line, _plan.Table)) _lost($"the firewall's table {_plan.Table} was changed or removed");
    }
}
