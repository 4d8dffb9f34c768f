using System.Text.Json.Nodes;
using Dapper;
using Npgsql;
using Shithub.Actions.Server.Repositories;
using Shithub.Actions.Server.Runs;
using Shithub.Actions.Workflows;

namespace Shithub.Actions.Server.Triggers;

/// <summary>
/// Takes one pending event and makes its runs, in one transaction with the mark that it was processed: whatever is killed in between, each
/// event makes each of its runs exactly once.
/// </summary>
public sealed partial class ProcessEvent(
    NpgsqlDataSource dataSource, RepositoryStore repositories, PlanRun plan, ILogger<ProcessEvent> logger)
{
    /// <summary>More changed paths than this are 'unknown', and path filters then match.</summary>
    private const int ChangedPathsMax = 10_000;

    private const int AttemptsMax = 10;

    // Index trigger_events_pending.
    private const string TakeNext = """
        select e.id, e.repo_id, e.actor_id, a.name as actor, e.event, e.ref, e.before_sha, e.head_sha, e.payload::text as payload, e.attempts
        from trigger_events e
        left join owners a on a.id = e.actor_id
        where e.processed_at is null and e.not_before <= now()
        order by e.not_before, e.id
        limit 1
        for update of e skip locked
        """;

    private const string MarkProcessed = """
        update trigger_events
        set processed_at = now(), error = null
        where id = @Id
        """;

    private const string MarkFailed = """
        update trigger_events
        set attempts = attempts + 1,
            error = @Error,
            not_before = now() + make_interval(secs => least(300, power(2, attempts))),
            processed_at = case when attempts + 1 >= @AttemptsMax then now() end
        where id = @Id
        """;

    /// <returns>False when nothing is pending.</returns>
    public async Task<bool> NextAsync(CancellationToken cancellation)
    {
        await using var connection = await dataSource.OpenConnectionAsync(cancellation);
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        var next = await connection.QuerySingleOrDefaultAsync<TriggerEventRow>(
            new CommandDefinition(TakeNext, transaction: transaction, cancellationToken: cancellation));
        if (next is null)
            return false;
        await transaction.SaveAsync("taken", cancellation);
        try
        {
            foreach (var run in await PlanAsync(next, cancellation))
                await EnqueueRun.ExecuteAsync(connection, transaction, run, cancellation);
            await connection.ExecuteAsync(new CommandDefinition(MarkProcessed, new { next.Id }, transaction, cancellationToken: cancellation));
        }
        catch (Exception error) when (error is not OperationCanceledException and not NpgsqlException { IsTransient: true })
        {
            // The event stays and is tried again, so that nothing is lost to a full disk; others need not wait for it.
            LogFailed(next.Id, next.Attempts + 1, error);
            await transaction.RollbackAsync("taken", cancellation);
            await connection.ExecuteAsync(new CommandDefinition(
                MarkFailed, new { next.Id, Error = error.Message, AttemptsMax }, transaction, cancellationToken: cancellation));
        }

        await transaction.CommitAsync(cancellation);
        return true;
    }

    private async Task<List<NewRun>> PlanAsync(TriggerEventRow row, CancellationToken cancellation)
    {
        var runs = new List<NewRun>();
        if (row.HeadSha is not { } headSha || await repositories.FindAsync(row.RepoId, cancellation) is not { } repository)
            return runs;
        var git = repositories.Open(repository.Id);
        var commits = await git.ReadCommitsAsync(headSha, null, 1, cancellation);
        var payload = row.PayloadObject;
        var trigger = new RunTrigger(
            row.Event, payload, [], headSha, row.Ref, row.ActorId, row.Actor ?? "", commits is [var commit, ..] ? commit.Subject : headSha, row.Id.ToString());
        IReadOnlyList<string>? changed = null;
        var changedAreKnown = false;
        foreach (var file in await WorkflowFiles.ReadAllAsync(git, headSha, cancellation))
        {
            if (file.Parsed.Workflow is { } workflow)
            {
                var known = new TriggerEvent(row.Event, row.Ref, null, Deleted: false);
                if (!changedAreKnown && EventMatcher.NeedsChangedPaths(workflow, known))
                {
                    changed = await ChangedPathsAsync(git, repository, row, cancellation);
                    changedAreKnown = true;
                }

                if (!EventMatcher.Matches(workflow, known with { ChangedPaths = changed }))
                    continue;
            }

            runs.Add(await plan.ExecuteAsync(
                repository, file.Path, file.Parsed, trigger with { Payload = (JsonObject)payload.DeepClone() }, cancellation));
        }

        return runs;
    }

    /// <summary>What the push changed; for a new branch, what it changes over the default branch.</summary>
    private static async Task<IReadOnlyList<string>?> ChangedPathsAsync(
        GitRepository git, Repository repository, TriggerEventRow row, CancellationToken cancellation)
    {
        var before = row.BeforeSha;
        if (before is null)
        {
            var trunk = await git.FindCommitAsync($"refs/heads/{repository.DefaultBranch}", cancellation);
            if (trunk is null || trunk == row.HeadSha)
                return null;
            before = await git.FindMergeBaseAsync(trunk, row.HeadSha!, cancellation);
        }

        return before is null ? null : await git.ChangedPathsAsync(before, row.HeadSha!, ChangedPathsMax, cancellation);
    }

    [LoggerMessage(EventId = 300, Level = LogLevel.Error, Message = "Trigger event {Id} failed at attempt {Attempt}")]
    private partial void LogFailed(Guid id, int attempt, Exception error);
}
