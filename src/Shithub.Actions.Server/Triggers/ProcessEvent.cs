using System.Text.Json.Nodes;
using Dapper;
using Npgsql;
using Shithub.Actions.Server.Access;
using Shithub.Actions.Server.PullRequests;
using Shithub.Actions.Server.Repositories;
using Shithub.Actions.Server.Runs;

namespace Shithub.Actions.Server.Triggers;

/// <summary>
/// Takes one pending event and makes its runs, in one transaction with the mark that it was processed: whatever is killed in between, each
/// event makes each of its runs exactly once.
/// </summary>
public sealed partial class ProcessEvent(
    NpgsqlDataSource dataSource, RepositoryStore repositories, FindEventSource sources, LoadWorkflows load, PlanRun plan, ActionsPolicy policy,
    RefreshSchedules schedules, ILogger<ProcessEvent> logger)
{
    public const int AttemptsMax = 10;

    private const int TitleMax = 255;

    // Index trigger_events_pending. The attempt is counted before it is made: an event that kills its server is not the first thing that
    // the next one meets, again and again. Should this attempt take longer than the pause, a second one beside it has no effect.
    private const string TakeNext = """
        update trigger_events e
        set attempts = e.attempts + 1, not_before = now() + make_interval(secs => least(600, 5 * power(2, e.attempts)))
        from (
            select id
            from trigger_events
            where processed_at is null and not_before <= now()
            order by not_before, id
            limit 1
            for update skip locked) next
        where e.id = next.id
        returning e.id, e.repo_id, e.actor_id, (select a.name from owners a where a.id = e.actor_id) as actor, e.event, e.ref,
            e.before_sha, e.head_sha, e.payload::text as payload, e.attempts, e.workflow_file, e.pull_request_id, e.pull_push_id, e.trust,
            e.awaits_approval, e.chain_depth
        """;

    private const string Lock = """
        select id
        from trigger_events
        where id = @Id and processed_at is null
        for update
        """;

    private const string MarkProcessed = """
        update trigger_events
        set processed_at = now(), error = null
        where id = @Id
        """;

    private const string MarkFailed = """
        update trigger_events
        set error = @Error, processed_at = case when attempts >= @AttemptsMax then now() end
        where id = @Id and processed_at is null
        """;

    /// <returns>False when nothing is pending.</returns>
    public async Task<bool> NextAsync(CancellationToken cancellation)
    {
        await using var connection = await dataSource.OpenConnectionAsync(cancellation);
        var next = await connection.QuerySingleOrDefaultAsync<TriggerEventRow>(
            new CommandDefinition(TakeNext, cancellationToken: cancellation));
        if (next is null)
            return false;
        try
        {
            await ProcessAsync(connection, next, cancellation);
        }
        catch (Exception error) when (error is not OperationCanceledException and not NpgsqlException { IsTransient: true })
        {
            // The event is tried again, so that nothing is lost to a full disk; others need not wait for it.
            LogFailed(next.Id, next.Attempts, AttemptsMax, error);
            await connection.ExecuteAsync(new CommandDefinition(
                MarkFailed, new { next.Id, Error = error.Message, AttemptsMax }, cancellationToken: cancellation));
        }

        return true;
    }

    private async Task ProcessAsync(NpgsqlConnection connection, TriggerEventRow row, CancellationToken cancellation)
    {
        // Where Actions are off the event is seen and starts nothing.
        var repository = await policy.IsEnabledAsync(row.RepoId, cancellation)
            ? await repositories.FindAsync(row.RepoId, cancellation)
            : null;
        var source = repository is null ? null : await sources.ExecuteAsync(repository, row, cancellation);
        var loaded = new List<LoadedWorkflows>();
        foreach (var file in source?.Files ?? [])
            loaded.Add(await load.ExecuteAsync(repository!, file.Commit, file.File, row.Trust == RunTrust.Trusted, cancellation));
        var refresh = repository is null ? null : await schedules.ReadAsync(repository, row, cancellation);

        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        CommandDefinition Sql(string sql) => new(sql, new { row.Id }, transaction, cancellationToken: cancellation);
        if (await connection.ExecuteScalarAsync<Guid?>(Sql(Lock)) is null)
            return;
        if (source is not null && !await IsOutdatedAsync(connection, transaction, row, cancellation))
        {
            foreach (var (file, workflows) in source.Files.Zip(loaded))
            {
                var run = await plan.ExecuteAsync(
                    connection, transaction, repository!, file.File.Path, workflows, TriggerOf(row, source, file), cancellation);
                await EnqueueRun.ExecuteAsync(connection, transaction, run, cancellation);
            }
        }

        if (refresh is not null)
            await RefreshSchedules.WriteAsync(connection, transaction, refresh, cancellation);
        await connection.ExecuteAsync(Sql(MarkProcessed));
        await transaction.CommitAsync(cancellation);
    }

    /// <summary>A pull request whose head has moved on asks for an approval with its next event.</summary>
    private static async Task<bool> IsOutdatedAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, TriggerEventRow row, CancellationToken cancellation) =>
        row is { AwaitsApproval: true, PullRequestId: { } pull }
        && await PreparePullRequest.IsOutdatedAsync(
            connection, transaction, pull, row.HeadSha!, (string?)row.PayloadObject["action"] == "closed", cancellation);

    private static RunTrigger TriggerOf(TriggerEventRow row, EventSource source, SourcedFile file)
    {
        var payload = row.PayloadObject;
        var subject = ((string?)payload["head_commit"]?["message"] ?? (string?)payload["pull_request"]?["title"] ?? source.Subject)?.Split('\n', 2)[0].Trim();
        var title = string.IsNullOrEmpty(subject) ? source.HeadSha : subject;
        return new RunTrigger(
            row.Event, payload, new JsonObject(), source.HeadSha, source.Ref, row.ActorId, row.Actor ?? "",
            title.Length <= TitleMax ? title : title[..(TitleMax - 1)] + "…", row.Id.ToString())
        {
            CheckoutSha = source.CheckoutSha,
            WorkflowSha = file.Commit,
            Trust = row.Trust,
            AwaitsApproval = row.AwaitsApproval,
            PullRequestId = row.PullRequestId,
            ChainDepth = row.ChainDepth,
        };
    }

    [LoggerMessage(EventId = 320, Level = LogLevel.Error, Message = "Trigger event {Id} failed at attempt {Attempt} of {AttemptsMax}")]
    private partial void LogFailed(Guid id, int attempt, int attemptsMax, Exception error);
}
