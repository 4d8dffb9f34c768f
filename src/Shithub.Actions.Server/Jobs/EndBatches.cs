using Npgsql;

namespace Shithub.Actions.Server.Jobs;

/// <summary>
/// Lets attempts that end at the same time share statements and a commit, as log appends do (<see cref="JobCallBatches{TCall}"/>). What does
/// not go well together, each call does alone afterwards, and an error is that of the call that it comes from. One whose client left is done
/// all the same.
/// </summary>
public sealed class EndBatches : IDisposable
{
    private const int CallsMax = 32;

    private readonly EndJobs _jobs;
    private readonly JobCallBatches<PendingEnd> _batches;

    public EndBatches(EndJobs jobs)
    {
        _jobs = jobs;
        _batches = new JobCallBatches<PendingEnd>(CallsMax, RunAsync);
    }

    /// <returns>The answer; null when nothing happened.</returns>
    /// <exception cref="OperationCanceledException">The client left. The job may have ended.</exception>
    public async Task<string?> RunAsync(PendingEnd end, CancellationToken cancellation)
    {
        await _batches.AddAsync(end, cancellation);
        return await end.Settled.WaitAsync(cancellation);
    }

    public void Dispose() => _batches.Dispose();

    private async Task RunAsync(List<PendingEnd> batch)
    {
        try
        {
            var answers = await _jobs.RunAsync(batch, CancellationToken.None);
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
    }
}
