using Npgsql;
using Shithub.Actions.Server.Database;
using Shithub.Actions.Server.Metrics;

namespace Shithub.Actions.Server.Jobs;

/// <summary>Ends the attempts of many calls in one statement: the jobs, what their runs come to, and the tokens.</summary>
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
        var timedOut = 0L;
        var ended = 0;
        await using var command = EndStatement.Shared(dataSource, calls);
        await using (var reader = await command.ExecuteReaderAsync(cancellation))
        {
            while (await reader.ReadAsync(cancellation))
            {
                var index = reader.GetInt32(0);
                var (status, conclusion) = (calls[index].Change.Status, calls[index].Change.Conclusion);
                answers[index] = StatusAnswer.Write(status, conclusion, reader.GetString(1), reader.IsDBNull(2) ? null : reader.GetString(2));
                timedOut = reader.GetInt64(3);
                ended++;
            }
        }

        if (ended == 0)
            return answers;
        metrics.StepTimedOut(timedOut);
        // Their runners have room again, and so have their repositories and owners under their caps: runners may take what waited.
        notifications.Broadcast(Topic.Queue);
        return answers;
    }
}
