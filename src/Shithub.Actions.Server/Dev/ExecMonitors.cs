using System.Diagnostics;
using System.Globalization;

namespace Shithub.Actions.Server.Dev;

/// <summary>
/// Podman leaves the monitor of every exec that came through its API alive for five minutes (<c>exit_command_delay</c> in
/// containers.conf), to forget the exec's state then. With its container gone that state is gone too; disposing this ends such monitors
/// of job containers, so that nothing outlives the session.
/// </summary>
internal sealed class ExecMonitors : IAsyncDisposable
{
    public ValueTask DisposeAsync()
    {
        foreach (var folder in Directory.GetDirectories("/proc"))
        {
            if (!int.TryParse(Path.GetFileName(folder), NumberStyles.None, CultureInfo.InvariantCulture, out var id) || !IsLeft(folder))
                continue;
            try
            {
                using var monitor = Process.GetProcessById(id);
                // Asked to end it would pass the signal on to a process id that may be somebody else's by now.
                monitor.Kill();
            }
            catch (Exception error) when (error is ArgumentException or InvalidOperationException)
            {
                // It ended by itself.
            }
        }

        return ValueTask.CompletedTask;
    }

    private static bool IsLeft(string processFolder)
    {
        string[] command;
        try
        {
            command = File.ReadAllText(Path.Combine(processFolder, "cmdline")).Split('\0');
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return false;
        }

        return Path.GetFileName(command[0]) == "conmon" && command.Contains("--exec-attach")
            && Value("-n").StartsWith("shithub-", StringComparison.Ordinal)
            && Value("-b") is { Length: > 0 } bundle && !Directory.Exists(bundle);

        string Value(string option) => Array.IndexOf(command, option) is >= 0 and var at && at + 1 < command.Length ? command[at + 1] : "";
    }
}
