using System.Text.Json;
using Dapper;
using Npgsql;
using Shithub.Actions.Workflows;

namespace Shithub.Actions.Server.Runs;

/// <summary>
/// Writes a planned run with its jobs and steps, in the transaction of whatever triggered it, so that the trigger and its run are one
/// fact. The same trigger event makes one run per workflow file, however often it arrives.
/// </summary>
public static class EnqueueRun
{
    /// <summary>The repository's row is locked until the transaction ends: run numbers have no gaps and repeats are in line.</summary>
    private const string NextIndex = """
        update repositories
        set last_run_index = last_run_index + 1
        where id = @RepoId
            and not exists (
                select
                from workflow_runs
                where repo_id = @RepoId and workflow_file = @WorkflowFile and trigger_event_id = @TriggerEventId)
        returning last_run_index
        """;

    private const string LockRepository = "select from repositories where id = @RepoId for no key update";

    private const string FindEarlier = """
        select id, run_index
        from workflow_runs
        where repo_id = @RepoId and workflow_file = @WorkflowFile and trigger_event_id = @TriggerEventId
        """;

    private const string InsertRun = """
        insert into workflow_runs
            (id, repo_id, run_index, workflow_file, workflow_name, title, event, event_payload, inputs, head_sha, head_ref, actor_id,
             trigger_event_id, parent_run_id, status, conclusion, completed_at, diagnostics, hold,
             trust, checkout_sha, workflow_sha, pull_request_id, chain_depth)
        overriding system value
        values
            (coalesce(@RunId, nextval(pg_get_serial_sequence('workflow_runs', 'id'))), @RepoId, @RunIndex, @WorkflowFile, @WorkflowName,
             @Title, @Event, @EventPayload::jsonb, @Inputs::jsonb, @HeadSha, @HeadRef, @ActorId, @TriggerEventId, @ParentRunId, @Status,
             @Conclusion, case when @Conclusion is null then null else now() end, @Diagnostics::jsonb, @Hold,
             @Trust, nullif(@CheckoutSha, @HeadSha), nullif(@WorkflowSha, @HeadSha), @PullRequestId, @ChainDepth)
        returning id
        """;

    private const string Find = "select id, run_index from workflow_runs where id = @runId";

    private const string JoinConcurrency = """
        insert into concurrency_members (repo_id, group_name, run_id, cancels, keeps_all)
        values (@RepoId, @Group, @RunId, @CancelInProgress, @KeepsAll);

        select pg_notify('shithub', 'concurrency:');
        """;

    private const string Tell = "select pg_notify('shithub', 'queue:'), pg_notify('shithub', 'run:' || @RunId)";

    public static async Task<EnqueuedRun> ExecuteAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, NewRun run, CancellationToken cancellation)
    {
        CommandDefinition Sql(string sql, object parameters) => new(sql, parameters, transaction, cancellationToken: cancellation);

        await connection.ExecuteAsync(Sql(LockRepository, run));
        var index = await connection.ExecuteScalarAsync<int?>(Sql(NextIndex, run));
        if (index is not { } runIndex)
        {
            var (earlier, earlierIndex) = await connection.QuerySingleAsync<(long, int)>(Sql(FindEarlier, run));
            return new EnqueuedRun(earlier, earlierIndex, Created: false);
        }

        var state = run.Plan?.Decision.State ?? new RunState(JobStatus.Completed, Conclusion.Failure);
        var runId = await connection.ExecuteScalarAsync<long>(Sql(InsertRun, new
        {
            run.RunId,
            run.RepoId,
            RunIndex = runIndex,
            run.WorkflowFile,
            run.WorkflowName,
            run.Title,
            run.Event,
            EventPayload = run.EventPayload.ToJsonString(),
            Inputs = run.Inputs.ToJsonString(),
            run.HeadSha,
            run.HeadRef,
            run.ActorId,
            run.TriggerEventId,
            run.ParentRunId,
            state.Status,
            state.Conclusion,
            Diagnostics = run.Diagnostics is null ? null : JsonSerializer.Serialize(run.Diagnostics, RunJson.Default.IReadOnlyListDiagnostic),
            Hold = run.Plan is null ? null : run.AwaitsApproval ? RunHold.Approval : run.Plan.Concurrency is null ? null : HoldReason.Concurrency,
            Trust = run.Trust ?? RunTrust.OfEvent(run.Event),
            run.CheckoutSha,
            run.WorkflowSha,
            run.PullRequestId,
            run.ChainDepth,
        }));
        if (run.Plan is { } plan)
        {
            await connection.ExecuteAsync(Sql(RunDefinition.Insert, plan.Definition.Parameters(runId, plan.Decision.Calls)));
            var isGated = await JobRows.WriteAsync(
                connection, transaction, new RunRows(runId, run.RepoId, run.Priority), [], plan.Decision, plan.Describe, cancellation);
            // Who waits for approval is in nobody's way.
            if (plan.Concurrency is { } group && !run.AwaitsApproval)
                await JoinAsync(connection, transaction, run.RepoId, runId, group, cancellation);
            if (isGated)
                await RunProgress.AdvanceAsync(connection, transaction, runId, cancellation);
        }

        await WorkflowRunEvents.RequestedAsync(connection, transaction, runId, cancellation);
        // One that was refused, or whose jobs are all skipped, ends as it begins.
        if (state.Conclusion is not null)
            await WorkflowRunEvents.CompletedAsync(connection, transaction, runId, cancellation);
        await connection.ExecuteAsync(Sql(Tell, new { RunId = runId }));
        return new EnqueuedRun(runId, runIndex, Created: true);
    }

    /// <summary>A run that was made before.</summary>
    /// <returns>Null where it is gone.</returns>
    public static async Task<EnqueuedRun?> FindAsync(NpgsqlConnection connection, long runId, CancellationToken cancellation) =>
        await connection.QuerySingleOrDefaultAsync<(long Id, int RunIndex)?>(new CommandDefinition(Find, new { runId }, cancellationToken: cancellation)) is { } run
            ? new EnqueuedRun(run.Id, run.RunIndex, Created: false)
            : null;

    /// <summary>Puts a run into its concurrency group.</summary>
    internal static Task JoinAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, long repoId, long runId, ReadyConcurrency group, CancellationToken cancellation) =>
        connection.ExecuteAsync(new CommandDefinition(
            JoinConcurrency,
            new { RepoId = repoId, Group = group.Group.ToLowerInvariant(), RunId = runId, group.CancelInProgress, group.KeepsAll },
            transaction,
            cancellationToken: cancellation));
}
