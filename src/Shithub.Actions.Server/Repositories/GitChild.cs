using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Shithub.Actions.Server.Repositories;

/// <summary>A git process of ours. Disposing ends it, politely first: a git that gets SIGTERM removes its lock files.</summary>
public sealed class GitChild : IAsyncDisposable
{
    private const int SigTerm = 15;
    private const int ErrorTextMax = 8 * 1024;
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(5);

    private readonly Process _process;
    private readonly Task<string> _error;
    private readonly Action _released;

    internal GitChild(Process process, Action released)
    {
        _process = process;
        _released = released;
        _error = ReadErrorAsync(process.StandardError.BaseStream);
    }

    public Stream Input => _process.StandardInput.BaseStream;

    public Stream Output => _process.StandardOutput.BaseStream;

    /// <summary>Waits for the end and tells the exit code and what was said on standard error, at most 8 KiB of it.</summary>
    public async Task<(int ExitCode, string Error)> WaitAsync(CancellationToken cancellation)
    {
        await _process.WaitForExitAsync(cancellation);
        return (_process.ExitCode, await _error.WaitAsync(cancellation));
    }

    public async ValueTask DisposeAsync()
    {
        try
        {
            if (!_process.HasExited)
                await StopAsync();
        }
        finally
        {
            _process.Dispose();
            _released();
        }
    }

    private async Task StopAsync()
    {
        _ = Kill(_process.Id, SigTerm);
        using var grace = new CancellationTokenSource(Grace);
        try
        {
            await _process.WaitForExitAsync(grace.Token);
        }
        catch (OperationCanceledException)
        {
            _process.Kill(entireProcessTree: true);
            await _process.WaitForExitAsync(CancellationToken.None);
        }
    }

    /// <summary>Reads to the end, so that git never waits for a reader, and keeps the beginning.</summary>
    private static async Task<string> ReadErrorAsync(Stream stream)
    {
        var kept = new MemoryStream();
        var buffer = new byte[4096];
        try
        {
            int read;
            while ((read = await stream.ReadAsync(buffer)) > 0)
                kept.Write(buffer, 0, (int)Math.Min(read, ErrorTextMax - kept.Length));
        }
        catch (Exception error) when (error is IOException or ObjectDisposedException)
        {
            // The process was ended by force; what was said until then is all there is.
        }

        return System.Text.Encoding.UTF8.GetString(kept.GetBuffer(), 0, (int)kept.Length).Trim();
    }

    [DllImport("libc", EntryPoint = "kill")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Kill(int processId, int signal);
}
