using Npgsql;

namespace Shithub.Actions.Server.Jobs;

/// <summary>
/// Lets attempts that end at the same time share statements and a commit, as log appends do: a lone call goes at once; while a transaction
/// is under way the next calls gather, and only many of them make a second go beside it. What does not go well together, each call does
/// alone afterwards, and an error is that of the call that it comes from. One whose client left is done all the same.
/// </summary>
public sealed class EndBatches(EndJobs jobs) : IDisposable
{
    /// <summary>Of one transaction. More calls would hardly be cheaper each, and all wait for the last.</summary>
    private const int CallsMax = 32;

    /// <summary>Of one transaction: characters of outputs and the like. A single call may have more.</summary>
    private const int LengthMax = 1024 * 1024;

    /// <summary>Transactions under way at once.</summary>
    private const int RunningMax = 2;

    /// <summary>Calls that wait before another transaction goes beside one under way.</summary>
    private const int CallsForAnother = 16;

    /// <summary>Calls that wait or are under way; others wait outside, with their connections.</summary>
    private const int RoomMax = 512;

    private readonly Lock _gate = new();
    private readonly SemaphoreSlim _room = new(RoomMax, RoomMax);
    private List<PendingEnd> _waiting = [];
    private int _running;

    /// <returns>The answer; null when nothing happened.</returns>
    /// <exception cref="OperationCanceledException">The client left. The job may have ended.</exception>
    public async Task<string?> RunAsync(PendingEnd end, CancellationToken cancellation)
    {
        await _room.WaitAsync(cancellation);
        var isFirst = false;
        lock (_gate)
        {
            _waiting.Add(end);
            if (_running == 0 || (_running < RunningMax && _waiting.Count >= CallsForAnother))
            {
                _running++;
                isFirst = true;
            }
        }

        if (isFirst)
            _ = RunBatchesAsync();
        return await end.Settled.WaitAsync(cancellation);
    }

    public void Dispose() => _room.Dispose();

    private async Task RunBatchesAsync()
    {
        while (Take() is { Count: > 0 } batch)
        {
            try
            {
                var answers = await jobs.RunAsync(batch, CancellationToken.None);
                for (var i = 0; i < batch.Count; i++)
                    batch[i].Settle(answers[i]);
            }
            catch (PostgresException)
            {
                batch.ForEach(end => end.Settle(null));
            }
#pragma warning disable CA1031 // Whatever it was, those who wait must hear it; it is thrown where they wait.
            catch (Exception error)
#pragma warning restore CA1031
            {
                batch.ForEach(end => end.Fail(error));
            }

            _room.Release(batch.Count);
        }
    }

    /// <summary>The oldest calls, one of each job; those of the same job have the same token, and the second is looked at after the first.</summary>
    private List<PendingEnd> Take()
    {
        lock (_gate)
        {
            var (batch, left, jobIds, length) = (new List<PendingEnd>(), new List<PendingEnd>(), new HashSet<long>(), 0);
            foreach (var end in _waiting)
            {
                var fits = batch.Count == 0 || (batch.Count < CallsMax && length + end.Length <= LengthMax);
                if (!fits || !jobIds.Add(end.Call.Token.JobId))
                {
                    left.Add(end);
                    continue;
                }

                batch.Add(end);
                length += end.Length;
            }

            _waiting = left;
            if (batch.Count == 0)
                _running--;
            return batch;
        }
    }
}
