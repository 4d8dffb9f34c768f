namespace Shithub.Actions.Runner.Engine;

/// <summary>One at a time on this host, over all processes; disposing what it gives, or the process's end, lets the next one in.</summary>
internal static class HostLock
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);

    /// <param name="path">A file in a folder that is there.</param>
    /// <exception cref="IOException">Somebody had it for 30 s.</exception>
    public static Task<IDisposable> TakeAsync(string path, CancellationToken cancellationToken) =>
        TakeAsync(path, Patience, TimeProvider.System, cancellationToken);

    /// <exception cref="IOException">Somebody had it all the time.</exception>
    public static async Task<IDisposable> TakeAsync(string path, TimeSpan patience, TimeProvider time, CancellationToken cancellationToken)
    {
        for (var started = time.GetTimestamp(); ;)
        {
            try
            {
                return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (IOException) when (time.GetElapsedTime(started) < patience)
            {
                await Task.Delay(Pause, time, cancellationToken);
            }
        }
    }
}
