using Dapper;
using Npgsql;
using Shithub.Actions.Server.Database;
using Shithub.Actions.Server.Runs;

namespace Shithub.Actions.Server.Environments;

/// <summary>
/// Lets jobs go whose environment's wait is over. Each server does, sleeping until the next one is due; what one has let go the others
/// find gone.
/// </summary>
public sealed partial class EnvironmentKeeper(
    NpgsqlDataSource dataSource, Notifications notifications, TimeProvider time, ILogger<EnvironmentKeeper> logger) : BackgroundService
{
    private const int BatchMax = 100;
    private static readonly TimeSpan LongestSleep = TimeSpan.FromSeconds(60);

    // Index environment_gates_due. Gates of jobs that were cancelled meanwhile are passed too, which lets nothing go.
    private const string FindDue = """
        select g.job_id as JobId, g.run_id as RunId
        from environment_gates g
        where g.passed_at is null and g.waits_until <= now() and (not g.needs_review or g.decision is not null)
        order by g.waits_until
        limit @BatchMax
        """;

    // The database's clock, as everywhere; in seconds from now.
    private const string FindNext = """
        select extract(epoch from min(waits_until) - now())::float8
        from environment_gates
        where passed_at is null and waits_until is not null and (not needs_review or decision is not null)
        """;

    private const string Tell = "select pg_notify('shithub', 'run:' || @RunId)";

    /// <returns>How many jobs were let go.</returns>
    public async Task<int> SweepAsync(CancellationToken cancellation)
    {
        await using var connection = await dataSource.OpenConnectionAsync(cancellation);
        var passed = 0;
        while (true)
        {
            var due = (await connection.QueryAsync<(long JobId, long RunId)>(
                new CommandDefinition(FindDue, new { BatchMax }, cancellationToken: cancellation))).AsList();
            foreach (var (jobId, runId) in due)
            {
                await using var transaction = await connection.BeginTransactionAsync(cancellation);
                await RunProgress.LockAsync(connection, transaction, runId, cancellation);
                if (await PassGate.TryAsync(connection, transaction, jobId, cancellation))
                {
                    passed++;
                    await RunProgress.AdvanceAsync(connection, transaction, runId, cancellation);
                    await connection.ExecuteAsync(new CommandDefinition(Tell, new { RunId = runId }, transaction, cancellationToken: cancellation));
                }

                await transaction.CommitAsync(cancellation);
            }

            if (due.Count < BatchMax)
                break;
        }

        if (passed > 0)
            notifications.Signal(Topic.Queue);
        return passed;
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var watch = notifications.Subscribe(Topic.Timer);
        while (!stoppingToken.IsCancellationRequested)
        {
            var news = watch.Next;
            var sleep = LongestSleep;
            try
            {
                await SweepAsync(stoppingToken);
                await using var connection = await dataSource.OpenConnectionAsync(stoppingToken);
                if (await connection.ExecuteScalarAsync<double?>(new CommandDefinition(FindNext, cancellationToken: stoppingToken)) is { } seconds)
                    sleep = TimeSpan.FromSeconds(Math.Clamp(seconds, 0.1, LongestSleep.TotalSeconds));
            }
            catch (Exception error) when (error is NpgsqlException or TimeoutException)
            {
                LogSweepFailed(error.Message);
            }

            await Task.WhenAny(news, Task.Delay(sleep, time, stoppingToken));
        }
    }

    [LoggerMessage(EventId = 345, Level = LogLevel.Error, Message = "Jobs whose environments' waits are over could not be let go and are tried again: {Reason}")]
    private partial void LogSweepFailed(string reason);
}
