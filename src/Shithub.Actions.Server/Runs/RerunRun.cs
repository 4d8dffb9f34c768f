using System.Text.Json.Nodes;
using Dapper;
using Npgsql;
using Shithub.Actions.Server.Audit;
using Shithub.Actions.Server.Database;
using Shithub.Actions.Server.Http;
using Shithub.Actions.Server.Queue;
using Shithub.Actions.Server.Repositories;
using Shithub.Actions.Server.Triggers;
using Shithub.Actions.Workflows;

namespace Shithub.Actions.Server.Runs;

/// <summary>A new run from the original workflow file at the original commit, with the original event.</summary>
public sealed class RerunRun(NpgsqlDataSource dataSource, RepositoryStore repositories, LoadWorkflows load, PlanRun plan, Notifications notifications, AuditLog audit)
{
    private const string ReadEvent = """
        select r.event_payload::text as Payload, r.inputs::text as Inputs, r.actor_id as ActorId, coalesce(a.name, '') as Actor
        from workflow_runs r
        left join owners a on a.id = r.actor_id
        where r.id = @Id
        """;

    // Holds off whoever deletes the repository or the run until the new run is there; it then goes with the repository.
    private const string KeepOriginal = """
        select p.id
        from workflow_runs r
        join repositories p on p.id = r.repo_id
        where r.id = @Id
        for key share
        """;

    /// <param name="run">A run that has ended.</param>
    /// <param name="call">With one, the same request twice makes one run.</param>
    /// <returns>The new run, or why there is none; null where the run was deleted in the meantime.</returns>
    public async Task<DispatchOutcome?> ExecuteAsync(RunRow run, IdempotentCall? call, CancellationToken cancellation)
    {
        await using var connection = await dataSource.OpenConnectionAsync(cancellation);
        if (await IdempotentCalls.FindAsync(connection, call, cancellation) is { } earlier)
            return await DispatchOutcome.OfAsync(connection, earlier, cancellation);
        var original = await connection.QuerySingleOrDefaultAsync<Original>(
            new CommandDefinition(ReadEvent, new { run.Id }, cancellationToken: cancellation));
        if (original is null || await repositories.FindAsync(run.RepoId, cancellation) is not { } repository)
            return null;
        LoadedWorkflows loaded;
        try
        {
            var file = await WorkflowFiles.ReadAsync(
                repositories.Open(run.RepoId), run.WorkflowSha ?? run.HeadSha, run.WorkflowFile, repository.GitHubWorkflows, cancellation);
            loaded = file is null
                ? LoadedWorkflows.Refused(Missing(run))
                : await load.ExecuteAsync(repository, run.WorkflowSha ?? run.HeadSha, file, run.Trust == RunTrust.Trusted, cancellation);
        }
        catch (GitException)
        {
            // Its folder goes with the repository, and this may have looked into it meanwhile.
            if (await repositories.FindAsync(run.RepoId, cancellation) is null)
                return null;
            throw;
        }

        var trigger = new RunTrigger(
            run.Event, Parse(original.Payload), Parse(original.Inputs), run.HeadSha, run.HeadRef, original.ActorId, original.Actor, run.Title,
            $"rerun:{run.Id}:{call?.Key ?? Guid.NewGuid().ToString()}", run.Id)
        {
            CheckoutSha = run.CheckoutSha,
            WorkflowSha = run.WorkflowSha ?? run.HeadSha,
            // A rerun is trusted as the original was. One that nobody has approved waits for it as that did.
            Trust = run.Trust,
            AwaitsApproval = run.Hold == RunHold.Approval,
            PullRequestId = run.PullRequestId,
            ChainDepth = run.ChainDepth,
        };
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        if (await IdempotentCalls.BeginAsync(connection, transaction, call, cancellation) is { } first)
            return await DispatchOutcome.OfAsync(connection, first, cancellation);
        if (await connection.ExecuteScalarAsync<long?>(
            new CommandDefinition(KeepOriginal, new { run.Id }, transaction, cancellationToken: cancellation)) is null)
        {
            return null;
        }

        var planned = await plan.ExecuteAsync(
            connection, transaction, repository, run.WorkflowFile, loaded, trigger, cancellation);
        var enqueued = await EnqueueRun.ExecuteAsync(connection, transaction, planned with { Priority = PrioritizeJob.Rerun }, cancellation);
        if (enqueued.Created)
        {
            await audit.AppendAsync(
                connection, transaction, new AuditEntry("run.rerun", "run", run.Id, null, new { new_run_id = enqueued.RunId }), cancellation);
        }

        await IdempotentCalls.MadeAsync(connection, transaction, call, enqueued.RunId, cancellation);
        await transaction.CommitAsync(cancellation);
        notifications.Signal(Topic.Queue);
        return new DispatchOutcome(enqueued, null, null);
    }

    private static JsonObject Parse(string json) => (JsonObject)JsonNode.Parse(json)!;

    /// <summary>The commit was pruned after a forced push: the new run says so instead of failing without a word.</summary>
    private static Diagnostic[] Missing(RunRow run) =>
    [
        new Diagnostic(
            DiagnosticSeverity.Error, "missing-file", $"The file is not in commit {run.HeadSha} any more", run.WorkflowFile, 1, 1, "",
            "push the commit again, then run it again"),
    ];

    private sealed record Original
    {
        public string Payload { get; init; } = "{}";

        public string Inputs { get; init; } = "{}";

        public long? ActorId { get; init; }

        public string Actor { get; init; } = "";
    }
}
