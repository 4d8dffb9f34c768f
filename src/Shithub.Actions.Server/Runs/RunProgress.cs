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
    private const string ReadBrief = """
        select j.job_key, j.status, j.conclusion, j.is_ready, j.continue_on_error, j.hold, j.leg is not null as has_leg
        from workflow_jobs j
        where j.run_id = @run_id
        order by j.id
        """;

    private const string ReadRun = """
        select repo_id as RepoId, cancel_requested_at is not null as Cancelled, hold is not null as Held, hold = 'approval' as AwaitsApproval,
            coalesce((select max(priority) from workflow_jobs where run_id = @RunId), 0) as Priority
        from workflow_runs
        where id = @RunId
        """;

    private const string KeepCalls = "update workflow_run_definitions set calls = @Calls::json where run_id = @RunId";

    /// <summary>A function of migrations/0025_ends_in_one_call.sql.</summary>
    private const string Settle = "select settle_runs(array[@run_id], array[@status], array[@conclusion])";

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
            run = await ReadAsync(reader, runId, cancellation);
        return await AdvanceAsync(connection, transaction, run, null, cancellation);
    }

    /// <summary>The same for who has read the run already, and has something to write that depends on its state.</summary>
    /// <param name="run">As <see cref="ReadBriefly"/> reads it, after the change.</param>
    /// <param name="also">Goes in the last round trip.</param>
    public static async Task<RunState> AdvanceAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, RunBrief run, Func<RunState, NpgsqlBatchCommand>? also,
        CancellationToken cancellation)
    {
        var state = run.IsDecidedByRules ? await DecideAsync(connection, transaction, run.RunId, cancellation) : run.RollUp();
        await using var batch = new NpgsqlBatch(connection, transaction)
        {
            BatchCommands =
            {
                new NpgsqlBatchCommand(Settle)
                {
                    Parameters =
                    {
                        RunId(run.RunId),
                        new NpgsqlParameter<string>("status", state.Status),
                        new NpgsqlParameter<string?>("conclusion", NpgsqlDbType.Text) { TypedValue = state.Conclusion },
                    },
                },
            },
        };
        if (also is not null)
            batch.BatchCommands.Add(also(state));
        await batch.ExecuteNonQueryAsync(cancellation);
        return state;
    }

    /// <summary>What the rules of most runs need of their jobs; see <see cref="ReadAsync"/>.</summary>
    public static NpgsqlBatchCommand ReadBriefly(long runId) => new(ReadBrief) { Parameters = { RunId(runId) } };

    /// <summary>Reads the rows of <see cref="ReadBriefly"/>.</summary>
    public static async Task<RunBrief> ReadAsync(NpgsqlDataReader reader, long runId, CancellationToken cancellation)
    {
        var run = new RunBrief(runId);
        while (await reader.ReadAsync(cancellation))
        {
            run.Jobs.Add(new JobBrief(
                reader.GetString(0), reader.GetString(1), reader.IsDBNull(2) ? null : reader.GetString(2), reader.GetBoolean(3),
                reader.GetBoolean(4), reader.IsDBNull(5) ? null : reader.GetString(5), reader.GetBoolean(6)));
        }

        return run;
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
}

/// <summary>As much of a run as decides about it while its jobs wait for no condition.</summary>
public sealed record RunBrief(long RunId)
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
