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

    private const string ReadJobs = """
        select id, job_key as Key, needs, status, conclusion
        from workflow_jobs
        where run_id = @RunId
        order by id
        """;

    private const string ReleaseJobs = """
        update workflow_jobs
        set status = 'queued', queued_at = now()
        where id = any (@Ids) and status = 'waiting'
        """;

    private const string SkipJobs = """
        update workflow_steps
        set status = 'skipped', conclusion = 'skipped', completed_at = now()
        where job_id = any (@Ids) and status = 'queued';

        update workflow_jobs
        set status = 'skipped', conclusion = 'skipped', completed_at = now()
        where id = any (@Ids) and status = 'waiting';
        """;

    // A terminal run never changes again, whatever its jobs are told. One that has begun is running until it ends, also while a lost
    // job of it is queued again: were it set back, it could be while a claim, which waits for no run, takes the next of its jobs.
    private const string UpdateRun = """
        update workflow_runs
        set status = @Status,
            conclusion = @Conclusion,
            started_at = case when @Status = 'queued' then started_at else coalesce(started_at, now()) end,
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

        var jobs = (await connection.QueryAsync<JobRecord>(Sql(ReadJobs, new { RunId = runId }))).AsList();
        var ids = jobs.ToDictionary(job => job.Key, job => job.Id, StringComparer.Ordinal);
        var nodes = jobs.Select(job => new JobNode(job.Key, job.Needs, job.Status, job.Conclusion)).ToList();
        var decision = JobGraph.Decide(nodes);
        if (decision.Skipped.Count > 0)
            await connection.ExecuteAsync(Sql(SkipJobs, new { Ids = decision.Skipped.Select(key => ids[key]).ToArray() }));
        if (decision.Ready.Count > 0)
        {
            await connection.ExecuteAsync(Sql(ReleaseJobs, new { Ids = decision.Ready.Select(key => ids[key]).ToArray() }));
            await connection.ExecuteAsync(Sql(TellQueue, new { }));
        }

        var state = RunRollup.RollUp([.. nodes.Select(node =>
            decision.Skipped.Contains(node.Key) ? node with { Status = "skipped", Conclusion = "skipped" }
            : decision.Ready.Contains(node.Key) ? node with { Status = "queued" }
            : node)]);
        await connection.ExecuteAsync(Sql(UpdateRun, new { RunId = runId, state.Status, state.Conclusion }));
        return state;
    }

    private sealed record JobRecord
    {
        public long Id { get; init; }

        public string Key { get; init; } = "";

        public string[] Needs { get; init; } = [];

        public string Status { get; init; } = "";

        public string? Conclusion { get; init; }
    }
}
