namespace Shithub.Actions.Server.Jobs;

/// <summary>A job's call that is done together with others.</summary>
public interface IPendingCall
{
    long JobId { get; }

    /// <summary>Of what it stores: bytes, or characters.</summary>
    int Length { get; }
}

/// <summary>
/// Gathers calls that are under way at the same time. A lone one goes at once, with those that the server has received but not read yet; while
/// a batch is under way the next calls gather, and only many of them make a second batch go beside it.
/// </summary>
/// <param name="callsMax">Of one batch. More calls would hardly be cheaper each, and all wait for the last.</param>
/// <param name="run">Does a batch: no two of its calls are of the same job. What becomes of each call it tells the call, and throws nothing.</param>
public sealed class JobCallBatches<TCall>(int callsMax, Func<List<TCall>, Task> run) : IDisposable
    where TCall : IPendingCall
{
    /// <summary>Of one batch; a single call may have more. PostgreSQL keeps its input in memory up to work_mem, by default four times this.</summary>
    private const int LengthMax = 1024 * 1024;

    /// <summary>Batches under way at once.</summary>
    private const int RunningMax = 2;

    /// <summary>Calls that wait before another batch goes beside one under way: fewer cost less together with those that come meanwhile.</summary>
    private const int CallsForAnother = 16;

    /// <summary>Calls that wait or are under way; others wait outside, with their connections.</summary>
    private const int RoomMax = 512;

    private readonly Lock _gate = new();
    private readonly SemaphoreSlim _room = new(RoomMax, RoomMax);
    private List<TCall> _waiting = [];
    private int _running;

    /// <summary>Returns when the call is among those that will be done, which may be before it is.</summary>
    public async Task AddAsync(TCall call, CancellationToken cancellation)
    {
        await _room.WaitAsync(cancellation);
        var isFirst = false;
        lock (_gate)
        {
            _waiting.Add(call);
            if (_running == 0 || (_running < RunningMax && _waiting.Count >= CallsForAnother))
            {
                _running++;
                isFirst = true;
            }
        }

        if (isFirst)
            _ = RunBatchesAsync();
    }

    public void Dispose() => _room.Dispose();

    private async Task RunBatchesAsync()
    {
        // Behind what the threads have to do already, which may be calls that go with this one.
        await Task.Yield();
        while (Take() is { Count: > 0 } batch)
        {
            try
            {
                await run(batch);
            }
            finally
            {
                _room.Release(batch.Count);
            }
        }
    }

    /// <summary>The oldest calls, one of each job; those of the same job have the same token, and the second is looked at after the first.</summary>
    private List<TCall> Take()
    {
        lock (_gate)
        {
            if (_waiting.Count == 0)
            {
                _running--;
                return [];
            }

            if (_waiting.Count == 1)
            {
                var only = _waiting;
                _waiting = [];
                return only;
            }

            var (batch, left, jobs, length) = (new List<TCall>(), new List<TCall>(), new HashSet<long>(), 0);
            foreach (var call in _waiting)
            {
                var fits = batch.Count == 0 || (batch.Count < callsMax && length + call.Length <= LengthMax);
                if (!fits || !jobs.Add(call.JobId))
                {
                    left.Add(call);
                    continue;
                }

                batch.Add(call);
                length += call.Length;
            }

            _waiting = left;
            return batch;
        }
    }
}
