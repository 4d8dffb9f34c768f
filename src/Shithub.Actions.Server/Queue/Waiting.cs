namespace Shithub.Actions.Server.Queue;

internal static class Waiting
{
    /// <summary>
    /// Returns at <paramref name="news"/>, after <paramref name="patience"/> or when the server stops, whichever is first: a long poll
    /// must not hold up a restart.
    /// </summary>
    public static async Task ForAsync(
        Task news, TimeSpan patience, TimeProvider time, CancellationToken stopping, CancellationToken cancellation)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation, stopping);
        var delay = Task.Delay(patience, time, stop.Token);
        await Task.WhenAny(news, delay);
        await stop.CancelAsync();
        cancellation.ThrowIfCancellationRequested();
    }
}
