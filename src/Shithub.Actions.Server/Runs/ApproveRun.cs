using System.Text.Json;
using System.Text.Json.Nodes;
using Dapper;
using Npgsql;
using Shithub.Actions.Server.Audit;
using Shithub.Actions.Server.Database;
using Shithub.Actions.Server.PullRequests;
using Shithub.Actions.Server.Repositories;
using Shithub.Actions.Server.Triggers;
using Shithub.Actions.Workflows;

namespace Shithub.Actions.Server.Runs;

/// <summary>
/// Lets the run of an untrusted pull request go: the one place that does. It is for exactly the head commit of that run: a pull request
/// that has moved on is refused. From then on the head's own workflow files count; secrets it gets none, as before.
/// </summary>
public sealed class ApproveRun(
    NpgsqlDataSource dataSource, RepositoryStore repositories, LoadWorkflows load, PlanRun plan, Notifications notifications, AuditLog audit)
{
    private const string Lock = """
        select r.hold, r.conclusion, r.approved_at as ApprovedAt, r.head_sha as HeadSha, r.head_ref as HeadRef, r.checkout_sha as CheckoutSha,
            r.workflow_sha as WorkflowSha, r.pull_request_id as PullRequestId, r.event, r.event_payload::text as Payload, r.actor_id as ActorId,
            coalesce(a.name, '') as Actor, r.title, r.trigger_event_id as TriggerEventId, r.parent_run_id as ParentRunId, r.trust,
            r.chain_depth as ChainDepth, r.run_index as RunIndex, r.workflow_file as WorkflowFile, r.repo_id as RepoId
        from workflow_runs r
        left join owners a on a.id = r.actor_id
        where r.id = @runId
        """;

    private const string Release = """
        update workflow_runs
        set hold = @hold, approved_by = @approverId, approved_at = now(), workflow_sha = nullif(@workflowSha, head_sha), workflow_name = @workflowName
        where id = @runId
        """;

    // Nothing of them has begun: they were what the files before the approval said.
    private const string Forget = """
        delete from workflow_jobs where run_id = @runId;
        delete from workflow_run_definitions where run_id = @runId;
        """;

    private const string Fail = """
        update workflow_runs
        set status = 'completed', conclusion = 'failure', completed_at = now(), diagnostics = @diagnostics::jsonb
        where id = @runId
        """;

    private const string Tell = "select pg_notify('shithub', 'queue:'), pg_notify('shithub', 'run:' || @runId)";

    /// <param name="approverId">Null for the operator at the command line.</param>
    /// <param name="headSha">The commit that the approver has looked at; null: the run's.</param>
    public async Task<ApprovalOutcome> ExecuteAsync(long runId, long? approverId, string? headSha, CancellationToken cancellation)
    {
        await using var connection = await dataSource.OpenConnectionAsync(cancellation);
        // What git has of a commit does not change: it is read before anything is locked.
        if (await connection.QuerySingleOrDefaultAsync<Row>(new CommandDefinition(Lock, new { runId }, cancellationToken: cancellation)) is not { } seen
            || await repositories.FindAsync(seen.RepoId, cancellation) is not { } repository)
        {
            return new ApprovalOutcome(ApprovalResult.Refused, "There is no such run.");
        }

        if (headSha is not null && headSha != seen.HeadSha)
            return new ApprovalOutcome(ApprovalResult.Refused, $"The run is for commit {seen.HeadSha}, not for {headSha}. Look at that commit, then approve it.");
        var (commit, loaded) = await LoadAsync(repository, seen, cancellation);

        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        CommandDefinition Sql(string sql, object parameters) => new(sql, parameters, transaction, cancellationToken: cancellation);
        await RunProgress.LockAsync(connection, transaction, runId, cancellation);
        var run = await connection.QuerySingleAsync<Row>(Sql(Lock, new { runId }));
        if (run.ApprovedAt is not null)
            return new ApprovalOutcome(ApprovalResult.AlreadyApproved, null);
        if (run.Conclusion is not null)
            return new ApprovalOutcome(ApprovalResult.Refused, $"Run {run.RunIndex} has ended ({run.Conclusion}). Approve the latest run of its pull request.");
        if (run.Hold != RunHold.Approval)
            return new ApprovalOutcome(ApprovalResult.Refused, $"Run {run.RunIndex} waits for no approval.");
        if (run.PullRequestId is { } pullId
            && await PullRequestStore.HoldAsync(connection, transaction, pullId, cancellation) is { } pull
            && (pull.HeadSha != run.HeadSha || (pull.State != PullRequest.Open && (string?)run.PayloadObject["action"] != "closed")))
        {
            return new ApprovalOutcome(
                ApprovalResult.Refused,
                pull.HeadSha != run.HeadSha
                    ? $"Pull request #{pull.Number} has moved on to commit {pull.HeadSha}. Look at that, and approve its run."
                    : $"Pull request #{pull.Number} is {pull.State}.");
        }

        var planned = await plan.ExecuteAsync(
            connection, transaction, repository, run.WorkflowFile, loaded, run.ToTrigger(commit), runId, run.RunIndex, cancellation);
        var group = planned.Plan?.Concurrency;
        await connection.ExecuteAsync(Sql(Release, new
        {
            runId,
            approverId,
            hold = group is null ? null : HoldReason.Concurrency,
            workflowSha = commit,
            workflowName = planned.WorkflowName,
        }));
        await connection.ExecuteAsync(Sql(Forget, new { runId }));
        if (planned.Plan is { } made)
        {
            await connection.ExecuteAsync(Sql(RunDefinition.Insert, made.Definition.Parameters(runId, made.Decision.Calls)));
            await JobRows.WriteAsync(
                connection, transaction, new RunRows(runId, run.RepoId, planned.Priority), [], made.Decision, made.Describe, cancellation);
            if (group is not null)
                await EnqueueRun.JoinAsync(connection, transaction, run.RepoId, runId, group, cancellation);
            await WorkflowRunEvents.RequestedAsync(connection, transaction, runId, cancellation);
            await RunProgress.AdvanceAsync(connection, transaction, runId, cancellation);
        }
        else
        {
            await connection.ExecuteAsync(Sql(Fail, new
            {
                runId,
                diagnostics = JsonSerializer.Serialize(planned.Diagnostics ?? [], RunJson.Default.IReadOnlyListDiagnostic),
            }));
            await WorkflowRunEvents.CompletedAsync(connection, transaction, runId, cancellation);
        }

        await audit.AppendAsync(
            connection, transaction,
            new AuditEntry("run.approve", "run", runId, $"{repository.FullName} #{run.RunIndex}", new { head_sha = run.HeadSha, workflow_sha = commit }),
            cancellation);
        await connection.ExecuteAsync(Sql(Tell, new { runId }));
        await transaction.CommitAsync(cancellation);
        notifications.Signal(Topic.Queue);
        notifications.Signal(Topic.Run, runId);
        return new ApprovalOutcome(ApprovalResult.Approved, null);
    }

    /// <summary>The head's file; where the head has none of that name, or one that pull requests do not start, the base branch's.</summary>
    private async Task<(string Commit, LoadedWorkflows Loaded)> LoadAsync(Repository repository, Row run, CancellationToken cancellation)
    {
        var git = repositories.Open(repository.Id);
        var head = run.CheckoutSha ?? run.HeadSha;
        foreach (var commit in new[] { head, run.WorkflowSha ?? run.HeadSha })
        {
            var file = await WorkflowFiles.ReadAsync(git, commit, run.WorkflowFile, repository.GitHubWorkflows, cancellation);
            if (file is null || (commit == head && file.Parsed.On is { PullRequest: null }))
                continue;
            return (commit, await load.ExecuteAsync(repository, commit, file, run.Trust == RunTrust.Trusted, cancellation));
        }

        return (head, LoadedWorkflows.Refused(
        [
            new Diagnostic(
                DiagnosticSeverity.Error, "missing-file", "The file is in neither the pull request nor the base branch any more", run.WorkflowFile, 1, 1, "",
                "push the commit again"),
        ]));
    }

    private sealed record Row
    {
        public string? Hold { get; init; }

        public string? Conclusion { get; init; }

        public DateTime? ApprovedAt { get; init; }

        public string HeadSha { get; init; } = "";

        public string HeadRef { get; init; } = "";

        public string? CheckoutSha { get; init; }

        public string? WorkflowSha { get; init; }

        public long? PullRequestId { get; init; }

        public string Event { get; init; } = "";

        public string Payload { get; init; } = "{}";

        public long? ActorId { get; init; }

        public string Actor { get; init; } = "";

        public string Title { get; init; } = "";

        public string TriggerEventId { get; init; } = "";

        public long? ParentRunId { get; init; }

        public string Trust { get; init; } = "";

        public int ChainDepth { get; init; }

        public int RunIndex { get; init; }

        public string WorkflowFile { get; init; } = "";

        public long RepoId { get; init; }

        public JsonObject PayloadObject => (JsonObject)JsonNode.Parse(Payload)!;

        public RunTrigger ToTrigger(string workflowSha) => new(
            Event, PayloadObject, [], HeadSha, HeadRef, ActorId, Actor, Title, TriggerEventId, ParentRunId)
        {
            CheckoutSha = CheckoutSha,
            WorkflowSha = workflowSha,
            Trust = Trust,
            PullRequestId = PullRequestId,
            ChainDepth = ChainDepth,
        };
    }
}

public enum ApprovalResult
{
    Approved,

    /// <summary>Somebody had approved it before: nothing more happened.</summary>
    AlreadyApproved,

    /// <summary>The detail says why.</summary>
    Refused,
}

public sealed record ApprovalOutcome(ApprovalResult Result, string? Detail);
