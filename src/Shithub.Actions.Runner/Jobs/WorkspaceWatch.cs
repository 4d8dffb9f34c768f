using System.Globalization;

namespace Shithub.Actions.Runner.Jobs;

/// <summary>
/// Looks again and again at what a workspace takes, where the host gives no hard limit: what a job writes between two looks is not
/// bounded, so this is the second best.
/// </summary>
internal sealed class WorkspaceWatch : IAsyncDisposable
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    /// <summary>A look may take a twentieth of the time, however large the workspace is.</summary>
    private const int PausePerLook = 19;
    private const int BlockBytes = 512;
    private readonly CancellationTokenSource _ended = new();
    private readonly Task _looking;

    private WorkspaceWatch(string folder, WorkspaceLimits limits, Action<string> exceeded, TimeProvider time) =>
        _looking = Task.Run(() => LookAsync(folder, limits, exceeded, time));

    /// <param name="exceeded">Told once, which limit.</param>
    public static WorkspaceWatch Start(string folder, WorkspaceLimits limits, Action<string> exceeded, TimeProvider time) =>
        new(folder, limits, exceeded, time);

    public async ValueTask DisposeAsync()
    {
        await _ended.CancelAsync();
        await _looking;
        _ended.Dispose();
    }

    private async Task LookAsync(string folder, WorkspaceLimits limits, Action<string> exceeded, TimeProvider time)
    {
        try
        {
            while (true)
            {
                var started = time.GetTimestamp();
                if (await ExceededAsync(folder, limits, _ended.Token) is { } what)
                {
                    exceeded(what);
                    return;
                }

                await Task.Delay(Pause + (time.GetElapsedTime(started) * PausePerLook), time, _ended.Token);
            }
        }
        catch (OperationCanceledException)
        {
            // The job has ended.
        }
        catch (IOException e)
        {
            exceeded($"can't be looked at ({e.Message})");
        }
    }

    /// <summary><c>find</c> follows no link and goes down any depth; it is ended as soon as it is clear.</summary>
    private static async Task<string?> ExceededAsync(string folder, WorkspaceLimits limits, CancellationToken cancellationToken)
    {
        using var find = HostCommand.Start("find", [folder, "-xdev", "-printf", "%b\\n"]);
        try
        {
            // Files that go away while it looks make it complain, and nobody listens.
            _ = find.StandardError.ReadToEndAsync(cancellationToken);
            var (blocks, files) = (0L, 0);
            while (await find.StandardOutput.ReadLineAsync(cancellationToken) is { } line)
            {
                blocks += long.Parse(line, CultureInfo.InvariantCulture);
                if (++files > limits.Files) return string.Create(CultureInfo.InvariantCulture, $"has more than {limits.Files} files");
                if (blocks * BlockBytes > limits.Bytes)
                    return string.Create(CultureInfo.InvariantCulture, $"takes more than {limits.Bytes / (1024 * 1024)} MiB");
            }

            return null;
        }
        finally
        {
            find.Kill();
        }
    }
}
