using Dapper;
using Npgsql;
using Shithub.Actions.Server.Audit;
using Shithub.Actions.Server.Database;
using Shithub.Actions.Server.Metrics;

namespace Shithub.Actions.Server.Runs;

/// <summary>
/// Cancels a job: one that no runner has ends at once; one that runs gets a cancel request, which its runner hears in its lease call and in
/// the next cancel check. Cancelling twice, or what has ended, changes nothing.
/// </summary>
public sealed class CancelJob(NpgsqlDataSource dataSource, Notifications notifications, ServerMetrics metrics, AuditLog audit)
{
    // Where the whole run is cancelled, a job that is not ready yet has its condition asked: 'always()' still lets it run. Not where the
    // run waits for approval: then nobody has allowed anything of it to run.
    private const string LockJobs = """
        select id, status
        from workflow_jobs
        where run_id = @RunId
            and (id = @JobId
                or starts_with(job_key, @CallPath || '/')
                or @JobId::bigint is null and @CallPath::text is null
                    and (is_ready or exists (select from workflow_runs r where r.id = @RunId and r.hold = 'approval')))
            and status in ('queued', 'waiting', 'running')
        order by id
        for update
        """;

    private const string CancelRun = """
        update workflow_runs
        set cancel_requested_at = coalesce(cancel_requested_at, now()), cancel_reason = coalesce(cancel_reason, @Reason)
        where id = @RunId and conclusion is null
        """;

    private const string EndJobs = """
        update workflow_steps
        set status = 'cancelled', conclusion = 'cancelled', completed_at = now()
        where job_id = any (@Ids) and status in ('queued', 'running');

        update workflow_jobs
        set status = 'cancelled', conclusion = 'cancelled', completed_at = now(), cancel_requested_at = now(),
            cancel_reason = coalesce(cancel_reason, @Reason), hold = null
        where id = any (@Ids);
        """;

    private const string RequestCancel = """
        update workflow_jobs
        set cancel_requested_at = coalesce(cancel_requested_at, now()), cancel_reason = coalesce(cancel_reason, @Reason)
        where id = any (@Ids);

        select pg_notify('shithub', 'lease:' || id) from unnest(@Ids) id;
        """;

    private const string Read = """
        select r.id as RunId, r.status as RunStatus, r.conclusion as RunConclusion, j.status, j.conclusion,
            exists (
                select
                from workflow_jobs asked
                where asked.run_id = r.id
                    and (@JobId::bigint is null or asked.id = @JobId)
                    and asked.status = 'running'
                    and asked.cancel_requested_at is not null) as CancelRequested
        from workflow_runs r
        left join workflow_jobs j on j.id = @JobId
        where r.id = @RunId
        """;

    /// <param name="jobId">Null cancels every job of the run.</param>
    /// <param name="reason">Shown to people; without one it was asked for.</param>
    /// <param name="callPath">Cancels every job of one called workflow instead; no condition of theirs is asked.</param>
    public async Task<CancelOutcome> ExecuteAsync(
        long runId, long? jobId, CancellationToken cancellation, string? reason = null, string? callPath = null)
    {
        await using var connection = await dataSource.OpenConnectionAsync(cancellation);
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        CommandDefinition Sql(string sql, object parameters) => new(sql, parameters, transaction, cancellationToken: cancellation);

        await RunProgress.LockAsync(connection, transaction, runId, cancellation);
        var jobs = (await connection.QueryAsync<(long Id, string Status)>(Sql(LockJobs, new { RunId = runId, JobId = jobId, CallPath = callPath }))).AsList();
        var running = jobs.Where(job => job.Status == "running").Select(job => job.Id).ToArray();
        var idle = jobs.Where(job => job.Status != "running").Select(job => job.Id).ToArray();
        if (jobId is null && callPath is null)
            await connection.ExecuteAsync(Sql(CancelRun, new { RunId = runId, Reason = reason }));
        if (idle.Length > 0)
            await connection.ExecuteAsync(Sql(EndJobs, new { Ids = idle, Reason = reason }));
        if (running.Length > 0)
            await connection.ExecuteAsync(Sql(RequestCancel, new { Ids = running, Reason = reason }));
        await RunProgress.AdvanceAsync(connection, transaction, runId, cancellation);
        if (jobs.Count > 0)
        {
            await audit.AppendAsync(
                connection, transaction,
                jobId is { } id
                    ? new AuditEntry("job.cancel", "job", id, null, new { run_id = runId, reason })
                    : callPath is not null
                        ? new AuditEntry("call.cancel", "run", runId, null, new { call = callPath, reason })
                        : new AuditEntry("run.cancel", "run", runId, null, new { reason }),
                cancellation);
        }

        var outcome = await connection.QuerySingleAsync<CancelOutcome>(Sql(Read, new { RunId = runId, JobId = jobId }));
        await transaction.CommitAsync(cancellation);

        foreach (var job in jobs)
            metrics.JobCancelled(job.Status);
        foreach (var id in running)
            notifications.Signal(Topic.Lease, id);
        notifications.Broadcast(Topic.Run, runId);
        return outcome;
    }
}

/// <summary>The state after a cancel. Status and conclusion are the job's, null when the whole run was cancelled.</summary>
public sealed record CancelOutcome
{
    public long RunId { get; init; }

    public string RunStatus { get; init; } = "";

    public string? RunConclusion { get; init; }

    public string? Status { get; init; }

    public string? Conclusion { get; init; }

    /// <summary>A runner has the job, or one of the run's jobs, and was asked to stop it.</summary>
    public bool CancelRequested { get; init; }
}
