namespace Shithub.Actions.Server.Queue;

internal static class Waiting
{
    /// <summary>Returns at <paramref name="news"/> or after <paramref name="patience"/>, whichever is first.</summary>
    public static async Task ForAsync(Task news, TimeSpan patience, TimeProvider time, CancellationToken cancellation)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var delay = Task.Delay(patience, time, stop.Token);
        await Task.WhenAny(news, delay);
        await stop.CancelAsync();
        cancellation.ThrowIfCancellationRequested();
    }
}
