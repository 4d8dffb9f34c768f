using System.ComponentModel;
using System.Diagnostics;

namespace Shithub.Actions.Runner.Jobs;

/// <summary>The host's programs that make and remove workspaces. None gets anything of a job's but a path that the runner made.</summary>
internal static class HostCommand
{
    /// <exception cref="IOException">It is not there, or fails; with its own words.</exception>
    public static async Task RunAsync(string program, CancellationToken cancellationToken, params string[] arguments)
    {
        using var process = Start(program, arguments);
        try
        {
            var error = await process.StandardError.ReadToEndAsync(cancellationToken);
            await process.WaitForExitAsync(cancellationToken);
            if (process.ExitCode != 0) throw new IOException($"{program} {arguments[^1]} failed: {error.Trim()}");
        }
        catch (OperationCanceledException)
        {
            process.Kill();
            throw;
        }
    }

    public static Process Start(string program, IEnumerable<string> arguments)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
            WorkingDirectory = "/",
        };
        start.Environment.Clear();
        start.Environment["PATH"] = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
        start.Environment["LC_ALL"] = "C";
        try
        {
            // Nobody talks to it; what it says on standard output is for who starts it and reads.
            var process = Process.Start(start)!;
            process.StandardInput.Close();
            return process;
        }
        catch (Win32Exception)
        {
            throw new IOException($"{program} is not installed");
        }
    }
}
