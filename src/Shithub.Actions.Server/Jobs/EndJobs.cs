using Npgsql;
using Shithub.Actions.Server.Database;
using Shithub.Actions.Server.Metrics;
using Shithub.Actions.Server.Runs;
using Shithub.Actions.Workflows;

namespace Shithub.Actions.Server.Jobs;

/// <summary>Ends the attempts of many calls in one transaction of two round trips: the jobs, then what their runs come to.</summary>
public sealed class EndJobs(
    [FromKeyedServices(DatabaseConnection.Ends)] NpgsqlDataSource dataSource, Notifications notifications, ServerMetrics metrics)
{
    /// <returns>
    /// In the order of the calls: each one's answer, or null where nothing happened. Calls of one run have the run's state after all of them.
    /// </returns>
    /// <exception cref="PostgresException">Nothing happened, for any of the calls.</exception>
    public async Task<string?[]> RunAsync(IReadOnlyList<PendingEnd> calls, CancellationToken cancellation)
    {
        var answers = new string?[calls.Count];
        await using var connection = await dataSource.OpenConnectionAsync(cancellation);
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        var ended = new List<int>(calls.Count);
        var timedOut = 0L;
        IReadOnlyDictionary<long, RunBrief> runs;
        await using (var batch = new NpgsqlBatch(connection, transaction))
        {
            batch.BatchCommands.Add(EndStatement.Shared(calls));
            batch.BatchCommands.Add(RunProgress.ReadBriefly([.. calls.Select(call => call.Call.Token.RunId).Distinct()]));
            await using var reader = await batch.ExecuteReaderAsync(cancellation);
            while (await reader.ReadAsync(cancellation))
            {
                ended.Add(reader.GetInt32(0));
                timedOut = reader.GetInt64(1);
            }

            await reader.NextResultAsync(cancellation);
            runs = await RunProgress.ReadAsync(reader, cancellation);
        }

        var states = new Dictionary<long, (RunBrief Run, RunState State)>();
        foreach (var runId in ended.Select(index => calls[index].Call.Token.RunId))
        {
            // What was left out of the statement may be a job that the rules ask about, after all.
            if (runs[runId].IsDecidedByRules)
                return answers;
            if (!states.ContainsKey(runId))
                states.Add(runId, (runs[runId], runs[runId].RollUp()));
        }

        if (ended.Count == 0)
            return answers;
        await using (var batch = new NpgsqlBatch(connection, transaction))
        {
            foreach (var write in RunProgress.Write([.. states.Values]))
                batch.BatchCommands.Add(write);
            batch.BatchCommands.Add(EndStatement.Spend([.. ended.Select(index =>
            {
                var (change, state) = (calls[index].Change, states[calls[index].Call.Token.RunId].State);
                return (calls[index], answers[index] = StatusAnswer.Write(change.Status, change.Conclusion, state.Status, state.Conclusion));
            })]));
            // In the same round trip.
            batch.BatchCommands.Add(new NpgsqlBatchCommand("commit"));
            await batch.ExecuteNonQueryAsync(cancellation);
        }

        metrics.StepTimedOut(timedOut);
        // Their runners have room again, and so have their repositories and owners under their caps: runners may take what waited.
        notifications.Broadcast(Topic.Queue);
        return answers;
    }
}
