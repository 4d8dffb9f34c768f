using Npgsql;

namespace Shithub.Actions.Server.Logs;

/// <summary>
/// Lets appends that are under way at the same time share a statement and its commit. A lone one goes at once; while a statement is under
/// way the next calls gather, and only many of them make a second go beside it. Each call has its own outcome: one that the database
/// refuses with an error is not the others' failure, and one whose client left is done all the same.
/// </summary>
public sealed class AppendBatches(AppendStatement statement) : IDisposable
{
    /// <summary>Of one statement. More calls would hardly be cheaper each, and all wait for the last.</summary>
    private const int CallsMax = 64;

    /// <summary>Of one statement: PostgreSQL keeps its input in memory up to work_mem, by default four times this.</summary>
    private const int BytesMax = 1024 * 1024;

    /// <summary>Statements under way at once.</summary>
    private const int RunningMax = 2;

    /// <summary>Calls that wait before another statement goes beside one under way: fewer cost less together with those that come meanwhile.</summary>
    private const int CallsForAnother = 16;

    /// <summary>Calls that wait or are under way; others wait outside, with their connections.</summary>
    private const int RoomMax = 512;

    private readonly Lock _gate = new();
    private readonly SemaphoreSlim _room = new(RoomMax, RoomMax);
    private List<PendingAppend> _waiting = [];
    private int _running;

    /// <returns>Null: the append had no effect, or another call had the job's row.</returns>
    /// <exception cref="OperationCanceledException">The client left. The append may have been done.</exception>
    public async Task<AppendDone?> RunAsync(PendingAppend append, CancellationToken cancellation)
    {
        await _room.WaitAsync(cancellation);
        var isFirst = false;
        lock (_gate)
        {
            _waiting.Add(append);
            if (_running == 0 || (_running < RunningMax && _waiting.Count >= CallsForAnother))
            {
                _running++;
                isFirst = true;
            }
        }

        if (isFirst)
            _ = RunBatchesAsync();
        return await append.Settled.WaitAsync(cancellation);
    }

    public void Dispose() => _room.Dispose();

    private async Task RunBatchesAsync()
    {
        while (Take() is { Count: > 0 } batch)
        {
            try
            {
                await RunAsync(batch);
            }
            finally
            {
                _room.Release(batch.Count);
            }
        }
    }

    /// <summary>The oldest calls, one of each job; those of the same job have the same token, and the second is looked at after the first.</summary>
    private List<PendingAppend> Take()
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

            var batch = new List<PendingAppend>();
            var left = new List<PendingAppend>();
            var jobs = new HashSet<long>();
            var bytes = 0;
            foreach (var append in _waiting)
            {
                var fits = batch.Count == 0 || (batch.Count < CallsMax && bytes + append.Stored.Length <= BytesMax);
                if (!fits || !jobs.Add(append.Call.Token.JobId))
                {
                    left.Add(append);
                    continue;
                }

                batch.Add(append);
                bytes += append.Stored.Length;
            }

            _waiting = left;
            return batch;
        }
    }

    private async Task RunAsync(List<PendingAppend> batch)
    {
        try
        {
            var done = await statement.RunAsync(batch, CancellationToken.None);
            for (var i = 0; i < batch.Count; i++)
                batch[i].Settle(done[i]);
        }
        catch (PostgresException error) when (batch.Count > 1 || error.SqlState == PostgresErrorCodes.UniqueViolation)
        {
            // The statement had no effect. Whose fault it was shows when each goes by itself.
            foreach (var append in batch)
                await RunAloneAsync(append);
        }
        catch (Exception error)
        {
            foreach (var append in batch)
                append.Fail(error);
        }
    }

    private async Task RunAloneAsync(PendingAppend append)
    {
        try
        {
            append.Settle(await statement.RunAsync(append, CancellationToken.None));
        }
        catch (Exception error)
        {
            append.Fail(error);
        }
    }
}
