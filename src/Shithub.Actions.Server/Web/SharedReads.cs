namespace Shithub.Actions.Server.Web;

/// <summary>
/// Lets those who ask the same at the same time share an answer. An answer is as new as one that the asker read alone: who asks while a
/// read is under way gets the next one, together with all others who ask until that begins. So however many ask, one reads.
/// </summary>
internal sealed class SharedReads<TKey, TValue>
    where TKey : notnull
{
    private readonly Dictionary<TKey, TaskCompletionSource<TValue>?> _underWay = [];

    /// <param name="read">Bounded by itself: it is not cancelled when one of those who share it leaves.</param>
    public async Task<TValue> ReadAsync(TKey key, Func<Task<TValue>> read, CancellationToken cancellation)
    {
        TaskCompletionSource<TValue> mine;
        lock (_underWay)
        {
            if (_underWay.TryGetValue(key, out var next))
            {
                mine = next ?? new TaskCompletionSource<TValue>(TaskCreationOptions.RunContinuationsAsynchronously);
                _underWay[key] = mine;
            }
            else
            {
                mine = new TaskCompletionSource<TValue>(TaskCreationOptions.RunContinuationsAsynchronously);
                _underWay[key] = null;
                _ = RunAsync(key, read, mine);
            }
        }

        return await mine.Task.WaitAsync(cancellation);
    }

    private async Task RunAsync(TKey key, Func<Task<TValue>> read, TaskCompletionSource<TValue> current)
    {
        while (true)
        {
            try
            {
                current.SetResult(await read());
            }
            catch (Exception error)
            {
                current.SetException(error);
            }

            lock (_underWay)
            {
                if (_underWay[key] is not { } next)
                {
                    _underWay.Remove(key);
                    return;
                }

                _underWay[key] = null;
                current = next;
            }
        }
    }
}
