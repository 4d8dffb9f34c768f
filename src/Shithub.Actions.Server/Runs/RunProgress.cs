using Dapper;
using Npgsql;
using Shithub.Actions.Workflows;

namespace Shithub.Actions.Server.Runs;

/// <summary>
/// After any change to a run's jobs: lets waiting jobs go on or be skipped, and rolls the run up. The caller holds the run's lock, which
/// puts the changes of one run in line; each then sees all that came before it.
/// </summary>
public static class RunProgress
{
    /// <summary>Taken before the lock of any of the run's jobs, except by claims and log appends, which never wait for a run.</summary>
    public const string LockSql = "select from workflow_runs where id = @run_id for update";

    // Most runs have one job, or jobs that wait for nothing: their rules need no more than this.
    private const string ReadBrief = """
        select job_key as Path, status, conclusion, is_ready as IsReady, continue_on_error as ContinueOnError, hold,
            leg is not null as HasLeg
        from workflow_jobs
        where run_id = @RunId
        order by id
        """;

    private const string ReadRun = """
        select repo_id as RepoId, cancel_requested_at is not null as Cancelled, hold is not null as Held, hold = 'approval' as AwaitsApproval,
            coalesce((select max(priority) from workflow_jobs where run_id = @RunId), 0) as Priority
        from workflow_runs
        where id = @RunId
        """;

    private const string KeepCalls = "update workflow_run_definitions set calls = @Calls::json where run_id = @RunId";

    // Who has ended is in no group any more; whoever waits for it is told.
    private const string LeaveConcurrency = """
        with gone as (
            delete from concurrency_members m
            where m.run_id = @RunId
                and case when m.call_path is not null
                    then not exists (
                        select from workflow_jobs j
                        where j.run_id = m.run_id and starts_with(j.job_key, m.call_path || '/') and j.conclusion is null)
                    when m.job_id is null then @HasEnded
                    else exists (select from workflow_jobs j where j.id = m.job_id and j.conclusion is not null) end
            returning 1
        )
        select pg_notify('shithub', 'concurrency:')
        from gone
        limit 1
        """;

    // A terminal run never changes again, whatever its jobs are told. One that has begun is running until it ends, also while a lost
    // job of it is queued again: were it set back, it could be while a claim, which waits for no run, takes the next of its jobs.
    private const string UpdateRun = """
        update workflow_runs
        set status = @Status,
            conclusion = @Conclusion,
            started_at = case when @Status in ('queued', 'waiting') then started_at else coalesce(started_at, now()) end,
            completed_at = case when @Conclusion is null then null else now() end
        where id = @RunId and conclusion is null and status <> @Status and (status <> 'running' or @Conclusion is not null)
        """;

    private const string TellQueue = "select pg_notify('shithub', 'queue:')";

    public static NpgsqlParameter RunId(long runId) => new NpgsqlParameter<long>("run_id", runId);

    public static Task LockAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, long runId, CancellationToken cancellation) =>
        connection.ExecuteAsync(new CommandDefinition(LockSql, new { run_id = runId }, transaction, cancellationToken: cancellation));

    /// <returns>The run's state after the change.</returns>
    public static async Task<RunState> AdvanceAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, long runId, CancellationToken cancellation)
    {
        CommandDefinition Sql(string sql, object parameters) => new(sql, parameters, transaction, cancellationToken: cancellation);

        var brief = (await connection.QueryAsync<Brief>(Sql(ReadBrief, new { RunId = runId }))).AsList();
        var state = brief.Exists(job => job.Conclusion is null && (job is { Status: JobStatus.Waiting, Hold: not (HoldReason.Concurrency or HoldReason.Environment) } || job.HasLeg))
            ? await DecideAsync(connection, transaction, runId, cancellation)
            : RunRollup.RollUp([.. brief.Select(job => new JobState(job.Path, job.Status, job.Conclusion)
            {
                IsReady = job.IsReady, ContinueOnError = job.ContinueOnError,
            })]);
        var hasMoved = await connection.ExecuteAsync(Sql(UpdateRun, new { RunId = runId, state.Status, state.Conclusion })) > 0;
        if (hasMoved && state.Conclusion is not null)
            await WorkflowRunEvents.CompletedAsync(connection, transaction, runId, cancellation);
        await connection.ExecuteAsync(Sql(LeaveConcurrency, new { RunId = runId, HasEnded = state.Conclusion is not null }));
        return state;
    }

    /// <summary>Lets the rules decide and makes the rows agree with them.</summary>
    private static async Task<RunState> DecideAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, long runId, CancellationToken cancellation)
    {
        CommandDefinition Sql(string sql, object parameters) => new(sql, parameters, transaction, cancellationToken: cancellation);

        var jobs = await JobRows.ReadAsync(connection, transaction, runId, cancellation);
        if (await RunDefinition.ReadAsync(connection, transaction, runId, cancellation) is not var (set, context, calls))
            return RunRollup.RollUp(jobs);
        var run = await connection.QuerySingleAsync<RunRecord>(Sql(ReadRun, new { RunId = runId }));
        // Not even a condition of somebody who is not trusted is evaluated before the approval, also when the run is cancelled instead.
        if (run.AwaitsApproval)
            return RunRollup.RollUp(jobs);
        var decision = RunMachine.Advance(new RunSituation(set, context, jobs, calls, run.Cancelled, run.Held));
        var isGated = await JobRows.WriteAsync(
            connection, transaction, new RunRows(runId, run.RepoId, run.Priority), jobs, decision,
            path => RunMachine.Describe(set, decision.Calls, path), cancellation);
        if (decision.Calls.Count != calls.Count)
            await connection.ExecuteAsync(Sql(KeepCalls, new { RunId = runId, Calls = RunDefinition.WriteCalls(decision.Calls) }));
        if (decision.Jobs.Any(job => job.Status == JobStatus.Queued))
            await connection.ExecuteAsync(Sql(TellQueue, new { }));
        // What an environment refused may decide about others. A job is gated once, so this ends.
        return isGated ? await DecideAsync(connection, transaction, runId, cancellation) : decision.State;
    }

    private sealed record RunRecord
    {
        public long RepoId { get; init; }

        public bool Cancelled { get; init; }

        public bool Held { get; init; }

        public bool AwaitsApproval { get; init; }

        public int Priority { get; init; }
    }

    private sealed record Brief
    {
        public string Path { get; init; } = "";

        public string Status { get; init; } = "";

        public string? Conclusion { get; init; }

        public bool IsReady { get; init; }

        public bool ContinueOnError { get; init; }

        public string? Hold { get; init; }

        public bool HasLeg { get; init; }
    }
}
