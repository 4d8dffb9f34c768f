using Dapper;
using Npgsql;
using Shithub.Actions.Server.Metrics;

namespace Shithub.Actions.Server.Queue;

/// <summary>Sweeps for expired leases. Every server does, none leads: the job's lock and its lease are looked at again under it.</summary>
public sealed partial class JobRescuer(
    NpgsqlDataSource dataSource, RescueJob rescue, ServerMetrics metrics, TimeProvider time, ILogger<JobRescuer> logger) : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

    // Index workflow_jobs_running: as many rows as jobs run now.
    private const string FindExpired = """
        select id, run_id
        from workflow_jobs
        where status = 'running' and lease_expires_at <= now()
        order by id
        limit 100
        """;

    /// <summary>Rescues what has expired by now.</summary>
    /// <returns>How many jobs were rescued.</returns>
    public async Task<int> SweepAsync(CancellationToken cancellation)
    {
        List<(long Id, long RunId)> expired;
        await using (var connection = await dataSource.OpenConnectionAsync(cancellation))
        {
            expired = [.. await connection.QueryAsync<(long, long)>(new CommandDefinition(FindExpired, cancellationToken: cancellation))];
        }

        var rescued = 0;
        foreach (var (id, runId) in expired)
        {
            if (await rescue.ExecuteAsync(id, runId, revokedRunner: null, cancellation) is not { } outcome)
                continue;
            rescued++;
            metrics.Rescued(RescueRules.MetricName(outcome), 1);
            LogRescued(id, outcome);
        }

        return rescued;
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, time);
        do
        {
            try
            {
                await SweepAsync(stoppingToken);
            }
            catch (NpgsqlException error)
            {
                LogSweepFailed(error.Message);
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    [LoggerMessage(EventId = 200, Level = LogLevel.Warning, Message = "The runner of job {JobId} is lost: {Outcome}")]
    private partial void LogRescued(long jobId, RescueOutcome outcome);

    [LoggerMessage(EventId = 201, Level = LogLevel.Error, Message = "The sweep for expired leases failed and is tried again: {Reason}")]
    private partial void LogSweepFailed(string reason);
}
