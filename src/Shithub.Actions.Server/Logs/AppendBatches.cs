using Npgsql;
using Shithub.Actions.Server.Jobs;

namespace Shithub.Actions.Server.Logs;

/// <summary>
/// Lets appends that are under way at the same time share a statement and its commit (<see cref="JobCallBatches{TCall}"/>). Each call has its
/// own outcome: one that the database refuses with an error is not the others' failure, and one whose client left is done all the same.
/// </summary>
public sealed class AppendBatches : IDisposable
{
    private const int CallsMax = 64;

    private readonly AppendStatement _statement;
    private readonly JobCallBatches<PendingAppend> _batches;

    public AppendBatches(AppendStatement statement)
    {
        _statement = statement;
        _batches = new JobCallBatches<PendingAppend>(CallsMax, RunAsync);
    }

    /// <returns>Null: the append had no effect, or another call had the job's row.</returns>
    /// <exception cref="OperationCanceledException">The client left. The append may have been done.</exception>
    public async Task<AppendDone?> RunAsync(PendingAppend append, CancellationToken cancellation)
    {
        await _batches.AddAsync(append, cancellation);
        return await append.Settled.WaitAsync(cancellation);
    }

    public void Dispose() => _batches.Dispose();

    private async Task RunAsync(List<PendingAppend> batch)
    {
        try
        {
            var done = await _statement.RunAsync(batch, CancellationToken.None);
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
            append.Settle(await _statement.RunAsync(append, CancellationToken.None));
        }
        catch (Exception error)
        {
            append.Fail(error);
        }
    }
}
