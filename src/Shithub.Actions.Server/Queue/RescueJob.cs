using Dapper;
using Npgsql;
using Shithub.Actions.Server.Database;
using Shithub.Actions.Server.Logs;
using Shithub.Actions.Server.Runs;

namespace Shithub.Actions.Server.Queue;

/// <summary>
/// Takes an attempt away from its runner and queues or ends the job. The attempt's tokens die in the same transaction, because every
/// call asks for a running job of its own attempt.
/// </summary>
public sealed class RescueJob(NpgsqlDataSource dataSource, Notifications notifications, WithheldLog withheld, RescueLimits limits)
{
    // A composite action may have had effects as a script may; what the runner has built in (actions/…, shithub/…) has none that matter.
    private const string Lock = """
        select j.attempt,
            j.rescues,
            j.cancel_requested_at is not null as cancel_requested,
            exists (
                select
                from workflow_steps s
                where s.job_id = j.id
                    and (s.run is not null or s.uses !~* '^(actions|shithub)/')
                    and (s.status <> 'queued' or exists (
                        select
                        from workflow_step_log_chunks c
                        where c.job_id = j.id and c.attempt = j.attempt and c.step_id = s.id))
            ) as run_step_began
        from workflow_jobs j
        where j.id = @JobId
            and j.status = 'running'
            and (j.lease_expires_at <= now() or j.runner_id = @RevokedRunner)
        for update of j
        """;

    private const string Requeue = """
        update workflow_jobs
        set status = 'queued',
            rescues = rescues + 1,
            runner_id = null,
            claim_id = null,
            claim_jti = null,
            claim_expires = null,
            lease_seconds = null,
            lease_expires_at = null,
            started_at = null,
            log_bytes = 0,
            queued_at = now()
        where id = @JobId;

        update workflow_steps
        set status = 'queued', conclusion = null, started_at = null, completed_at = null
        where job_id = @JobId;
        """;

    private const string End = """
        update workflow_jobs
        set status = case when @Conclusion = 'cancelled' then 'cancelled' else 'completed' end,
            conclusion = @Conclusion,
            completed_at = now()
        where id = @JobId;

        update workflow_steps
        set status = case
                when @Conclusion = 'cancelled' then 'cancelled'
                when status = 'running' then 'completed'
                else 'skipped'
            end,
            conclusion = case
                when @Conclusion = 'cancelled' then 'cancelled'
                when status = 'running' then @Conclusion
                else 'skipped'
            end,
            completed_at = now()
        where job_id = @JobId and status in ('queued', 'running');
        """;

    // Also those who wait for jobs: one that has ended leaves room under its repository's and its owner's caps.
    private const string Tell =
        "select pg_notify('shithub', 'lease:' || @JobId), pg_notify('shithub', 'run:' || @RunId), pg_notify('shithub', 'queue:')";

    /// <param name="revokedRunner">Take this runner's attempt though its lease goes on. Null takes what has expired only.</param>
    /// <returns>What became of the job, or null when there was nothing to rescue.</returns>
    public async Task<RescueOutcome?> ExecuteAsync(long jobId, long runId, long? revokedRunner, CancellationToken cancellation)
    {
        await using var connection = await dataSource.OpenConnectionAsync(cancellation);
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        await RunProgress.LockAsync(connection, transaction, runId, cancellation);
        var job = await connection.QuerySingleOrDefaultAsync<Lost>(new CommandDefinition(
            Lock, new { JobId = jobId, RevokedRunner = revokedRunner }, transaction, cancellationToken: cancellation));
        if (job is null)
            return null;
        await withheld.ReleaseAllAsync(connection, transaction, jobId, job.Attempt, cancellation);
        var outcome = RescueRules.Decide(job.CancelRequested, job.RunStepBegan, job.Rescues, limits.MaxRetries);
        if (outcome == RescueOutcome.Requeued)
        {
            await connection.ExecuteAsync(new CommandDefinition(Requeue, new { JobId = jobId }, transaction, cancellationToken: cancellation));
        }
        else
        {
            var conclusion = RescueRules.MetricName(outcome);
            await connection.ExecuteAsync(new CommandDefinition(
                End, new { JobId = jobId, Conclusion = conclusion }, transaction, cancellationToken: cancellation));
        }

        await RunProgress.AdvanceAsync(connection, transaction, runId, cancellation);
        await connection.ExecuteAsync(new CommandDefinition(
            Tell, new { JobId = jobId, RunId = runId }, transaction, cancellationToken: cancellation));
        await transaction.CommitAsync(cancellation);
        notifications.Signal(Topic.Queue);
        return outcome;
    }

    private sealed record Lost
    {
        public int Attempt { get; init; }

        public int Rescues { get; init; }

        public bool CancelRequested { get; init; }

        public bool RunStepBegan { get; init; }
    }
}

/// <param name="MaxRetries">How often a job is queued again after its runner was lost (<c>runners.max_retries</c>).</param>
public sealed record RescueLimits(int MaxRetries);
