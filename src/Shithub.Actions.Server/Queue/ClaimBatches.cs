using Npgsql;

namespace Shithub.Actions.Server.Queue;

/// <summary>
/// Lets the claims that ask at the same moment share a statement and a commit. One that comes alone goes at once; those that come while a
/// batch is under way are the next one, with those that the server has received but not read yet. So a job that wakes 200 waiting runners makes
/// a handful of statements, not 200.
/// </summary>
public sealed class ClaimBatches(ClaimJob claim)
{
    /// <summary>A batch holds the claim's lock: so many claims take some ten milliseconds.</summary>
    public const int BatchMax = 64;

    private readonly Lock _gate = new();
    private readonly Queue<Pending> _waiting = new();
    private bool _isUnderWay;

    public Task<ClaimOutcome> TryAsync(ClaimRequest request, CancellationToken cancellation)
    {
        var pending = new Pending(request, cancellation);
        lock (_gate)
        {
            _waiting.Enqueue(pending);
            if (_isUnderWay)
                return pending.Outcome.Task;
            _isUnderWay = true;
        }

        _ = RunAsync();
        return pending.Outcome.Task;
    }

    private async Task RunAsync()
    {
        while (true)
        {
            // Behind what the threads have to do already: the answers of the last batch, and requests that may be of this one.
            await Task.Yield();
            var batch = new List<Pending>();
            lock (_gate)
            {
                while (batch.Count < BatchMax && _waiting.TryDequeue(out var next))
                {
                    // Who has gone is not given a job that nobody would hear of.
                    if (next.Cancellation.IsCancellationRequested)
                        next.Outcome.TrySetCanceled(next.Cancellation);
                    else
                        batch.Add(next);
                }

                if (batch.Count == 0)
                {
                    _isUnderWay = false;
                    return;
                }
            }

            await ClaimAsync(batch);
        }
    }

    private async Task ClaimAsync(List<Pending> batch)
    {
        try
        {
            // Alone, a request ends when its caller goes; together, nobody's leaving takes the job of another.
            var outcomes = await claim.ExecuteAsync(
                [.. batch.Select(pending => pending.Request)], batch is [var only] ? only.Cancellation : CancellationToken.None);
            for (var i = 0; i < batch.Count; i++)
                batch[i].Outcome.TrySetResult(outcomes[i]);
        }
        catch (PostgresException) when (batch.Count > 1)
        {
            // What the database refuses of one request is not to be the others' failure.
            foreach (var pending in batch)
                await ClaimAsync([pending]);
        }
#pragma warning disable CA1031 // Whatever it was, those who wait must hear it; it is thrown where they wait.
        catch (Exception error)
#pragma warning restore CA1031
        {
            foreach (var pending in batch)
                pending.Outcome.TrySetException(error);
        }
    }

    private sealed record Pending(ClaimRequest Request, CancellationToken Cancellation)
    {
        public TaskCompletionSource<ClaimOutcome> Outcome { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
