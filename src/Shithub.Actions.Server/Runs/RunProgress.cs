using Dapper;
using Npgsql;
using NpgsqlTypes;
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
    private static readonly string ReadBriefs = $"""
        select r.id, exists (select from concurrency_members m where m.run_id = r.id) as has_members, {WorkflowRunEvents.MakesSql} as makes_events,
            j.job_key, j.status, j.conclusion, j.is_ready, j.continue_on_error, j.hold, j.leg is not null as has_leg
        from workflow_runs r
        join repositories p on p.id = r.repo_id
        join workflow_jobs j on j.run_id = r.id
        where r.id = any (@run_ids)
        order by r.id, j.id
        """;

    private const string ReadRun = """
        select repo_id as RepoId, cancel_requested_at is not null as Cancelled, hold is not null as Held, hold = 'approval' as AwaitsApproval,
            coalesce((select max(priority) from workflow_jobs where run_id = @RunId), 0) as Priority
        from workflow_runs
        where id = @RunId
        """;

    private const string KeepCalls = "update workflow_run_definitions set calls = @Calls::json where run_id = @RunId";

    private const string LeaveConcurrency = "select leave_concurrency(@run_ids, @has_ended)";

    // A terminal run never changes again, whatever its jobs are told. One that has begun is running until it ends, also while a lost
    // job of it is queued again: were it set back, it could be while a claim, which waits for no run, takes the next of its jobs.
    private const string UpdateRuns = """
        update workflow_runs r
        set status = change.status,
            conclusion = change.conclusion,
            started_at = case when change.status in ('queued', 'waiting') then r.started_at else coalesce(r.started_at, now()) end,
            completed_at = case when change.conclusion is null then null else now() end
        from unnest(@run_ids, @statuses, @conclusions) as change (id, status, conclusion)
        where r.id = change.id and r.conclusion is null and r.status <> change.status and (r.status <> 'running' or change.conclusion is not null)
        """;

    private const string EndRuns = $"""
        with changed as ({UpdateRuns} returning r.id, r.conclusion)
        select tell_workflow_runs(array_agg(id), 'completed')
        from changed
        where conclusion is not null
        """;

    private const string TellQueue = "select pg_notify('shithub', 'queue:')";

    public static NpgsqlParameter RunId(long runId) => new NpgsqlParameter<long>("run_id", runId);

    public static Task LockAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, long runId, CancellationToken cancellation) =>
        connection.ExecuteAsync(new CommandDefinition(LockSql, new { run_id = runId }, transaction, cancellationToken: cancellation));

    /// <returns>The run's state after the change.</returns>
    public static async Task<RunState> AdvanceAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, long runId, CancellationToken cancellation)
    {
        await using var batch = new NpgsqlBatch(connection, transaction) { BatchCommands = { ReadBriefly(runId) } };
        RunBrief run;
        await using (var reader = await batch.ExecuteReaderAsync(cancellation))
            run = (await ReadAsync(reader, cancellation)).GetValueOrDefault(runId) ?? new RunBrief(runId, true, true);
        return await AdvanceAsync(connection, transaction, run, null, cancellation);
    }

    /// <summary>The same for who has read the run already, and has something to write that depends on its state.</summary>
    /// <param name="run">As <see cref="ReadBriefly"/> reads it, after the change.</param>
    /// <param name="also">Goes in the last round trip.</param>
    public static async Task<RunState> AdvanceAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, RunBrief run, Func<RunState, NpgsqlBatchCommand>? also,
        CancellationToken cancellation)
    {
        var state = run.RollUp();
        if (run.IsDecidedByRules)
        {
            state = await DecideAsync(connection, transaction, run.RunId, cancellation);
            // What the rules decided may have joined a group, and ended.
            run = run with { HasMembers = true };
        }

        await using var batch = new NpgsqlBatch(connection, transaction);
        foreach (var write in Write([(run, state)]))
            batch.BatchCommands.Add(write);
        if (also is not null)
            batch.BatchCommands.Add(also(state));
        await batch.ExecuteNonQueryAsync(cancellation);
        return state;
    }

    /// <summary>Makes the rows of runs agree with what their jobs come to. The caller holds the lock of each.</summary>
    public static IEnumerable<NpgsqlBatchCommand> Write(IReadOnlyList<(RunBrief Run, RunState State)> changes)
    {
        yield return new NpgsqlBatchCommand(changes.Any(it => it.State.Conclusion is not null && it.Run.MakesEvents) ? EndRuns : UpdateRuns)
        {
            Parameters =
            {
                RunIds([.. changes.Select(it => it.Run.RunId)]),
                new NpgsqlParameter<string[]>("statuses", [.. changes.Select(it => it.State.Status)]),
                new NpgsqlParameter<string?[]>("conclusions", NpgsqlDbType.Array | NpgsqlDbType.Text)
                {
                    TypedValue = [.. changes.Select(it => it.State.Conclusion)],
                },
            },
        };
        var members = changes.Where(it => it.Run.HasMembers).ToList();
        if (members.Count == 0)
            yield break;
        yield return new NpgsqlBatchCommand(LeaveConcurrency)
        {
            Parameters =
            {
                RunIds([.. members.Select(it => it.Run.RunId)]),
                new NpgsqlParameter<bool[]>("has_ended", [.. members.Select(it => it.State.Conclusion is not null)]),
            },
        };
    }

    /// <summary>What the rules of most runs need of their jobs; see <see cref="ReadAsync"/>.</summary>
    public static NpgsqlBatchCommand ReadBriefly(params long[] runIds) => new(ReadBriefs) { Parameters = { RunIds(runIds) } };

    /// <summary>Reads the rows of <see cref="ReadBriefly"/>: runs by id, those that have jobs.</summary>
    public static async Task<IReadOnlyDictionary<long, RunBrief>> ReadAsync(NpgsqlDataReader reader, CancellationToken cancellation)
    {
        var runs = new Dictionary<long, RunBrief>();
        while (await reader.ReadAsync(cancellation))
        {
            var id = reader.GetInt64(0);
            if (!runs.TryGetValue(id, out var run))
                runs.Add(id, run = new RunBrief(id, reader.GetBoolean(1), reader.GetBoolean(2)));
            run.Jobs.Add(new JobBrief(
                reader.GetString(3), reader.GetString(4), reader.IsDBNull(5) ? null : reader.GetString(5), reader.GetBoolean(6),
                reader.GetBoolean(7), reader.IsDBNull(8) ? null : reader.GetString(8), reader.GetBoolean(9)));
        }

        return runs;
    }

    private static NpgsqlParameter RunIds(long[] runIds) => new NpgsqlParameter<long[]>("run_ids", runIds);

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
}

/// <summary>As much of a run as decides about it while its jobs wait for no condition.</summary>
/// <param name="HasMembers">It, or a job or call of it, is in a concurrency group.</param>
/// <param name="MakesEvents">Somebody waits for its end: <see cref="WorkflowRunEvents"/>.</param>
public sealed record RunBrief(long RunId, bool HasMembers, bool MakesEvents)
{
    public List<JobBrief> Jobs { get; } = [];

    /// <summary>Whether more must be read to know what happens to its jobs.</summary>
    public bool IsDecidedByRules => Jobs.Exists(job => job.IsDecidedByRules);

    /// <summary>What its jobs come to, if no rules decide about them.</summary>
    public RunState RollUp() => RunRollup.RollUp([.. Jobs.Select(job => job.ToState())]);
}

/// <summary>As much of a job as decides about a run whose jobs wait for no condition.</summary>
/// <param name="Path">The job's key.</param>
/// <param name="HasLeg">It is of a matrix: others of it may be cancelled when it fails.</param>
public sealed record JobBrief(string Path, string Status, string? Conclusion, bool IsReady, bool ContinueOnError, string? Hold, bool HasLeg)
{
    /// <summary>Whether more must be read to know what happens to it.</summary>
    public bool IsDecidedByRules =>
        Conclusion is null
        && (HasLeg || (Status == JobStatus.Waiting && Hold is not (HoldReason.Concurrency or HoldReason.Environment)));

    public JobState ToState() => new(Path, Status, Conclusion) { IsReady = IsReady, ContinueOnError = ContinueOnError };
}
