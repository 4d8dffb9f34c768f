using System.Text.Json.Nodes;
using Dapper;
using Npgsql;
using Shithub.Actions.Server.Access;
using Shithub.Actions.Server.Repositories;
using Shithub.Actions.Server.Runs;
using Shithub.Actions.Workflows;

namespace Shithub.Actions.Server.Triggers;

/// <summary>
/// Takes one pending event and makes its runs, in one transaction with the mark that it was processed: whatever is killed in between, each
/// event makes each of its runs exactly once.
/// </summary>
public sealed partial class ProcessEvent(
    NpgsqlDataSource dataSource, RepositoryStore repositories, LoadWorkflows load, PlanRun plan, ActionsPolicy policy, ILogger<ProcessEvent> logger)
{
    public const int AttemptsMax = 10;

    /// <summary>More changed paths than this are 'unknown', and path filters then match.</summary>
    private const int ChangedPathsMax = 10_000;

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
            e.before_sha, e.head_sha, e.payload::text as payload, e.attempts
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
        var files = repository is null ? [] : await MatchingFilesAsync(repository, row, cancellation);
        var loaded = new List<LoadedWorkflows>();
        foreach (var file in files)
            loaded.Add(await load.ExecuteAsync(repository!, row.HeadSha!, file, cancellation));
        var trigger = TriggerOf(row);

        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        CommandDefinition Sql(string sql) => new(sql, new { row.Id }, transaction, cancellationToken: cancellation);
        if (await connection.ExecuteScalarAsync<Guid?>(Sql(Lock)) is null)
            return;
        foreach (var (file, workflows) in files.Zip(loaded))
        {
            var run = await plan.ExecuteAsync(connection, transaction, repository!, file.Path, workflows, trigger, cancellation);
            await EnqueueRun.ExecuteAsync(connection, transaction, run, cancellation);
        }

        await connection.ExecuteAsync(Sql(MarkProcessed));
        await transaction.CommitAsync(cancellation);
    }

    /// <summary>
    /// The workflow files that the event starts. One with errors is among them if its <c>on</c> matches or can't be read: somebody expects
    /// it to run and must be told why it doesn't.
    /// </summary>
    private async Task<List<WorkflowFile>> MatchingFilesAsync(Repository repository, TriggerEventRow row, CancellationToken cancellation)
    {
        var matching = new List<WorkflowFile>();
        // A tag may stand for a tree or a blob.
        if (row.HeadSha is not { } headSha)
            return matching;
        var git = repositories.Open(repository.Id);
        var trigger = new TriggerEvent(row.Event, row.Ref, null, Deleted: false);
        var pathsAreRead = false;
        foreach (var file in await WorkflowFiles.ReadAllAsync(git, headSha, repository.GitHubWorkflows, cancellation))
        {
            if (file.Parsed.On is not { } on)
            {
                matching.Add(file);
                continue;
            }

            var workflow = file.Parsed.Workflow ?? new Workflow(file.Path, null, on, [], []);
            if (!pathsAreRead && EventMatcher.NeedsChangedPaths(workflow, trigger))
            {
                trigger = trigger with { ChangedPaths = await ChangedPathsAsync(git, repository, row, cancellation) };
                pathsAreRead = true;
            }

            if (EventMatcher.Matches(workflow, trigger))
                matching.Add(file);
        }

        return matching;
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

    private static RunTrigger TriggerOf(TriggerEventRow row)
    {
        var payload = row.PayloadObject;
        var subject = ((string?)payload["head_commit"]?["message"])?.Split('\n', 2)[0].Trim();
        var title = string.IsNullOrEmpty(subject) ? row.HeadSha ?? row.Ref : subject;
        return new RunTrigger(
            row.Event, payload, new JsonObject(), row.HeadSha ?? "", row.Ref, row.ActorId, row.Actor ?? "",
            title.Length <= TitleMax ? title : title[..(TitleMax - 1)] + "…", row.Id.ToString());
    }

    [LoggerMessage(EventId = 320, Level = LogLevel.Error, Message = "Trigger event {Id} failed at attempt {Attempt} of {AttemptsMax}")]
    private partial void LogFailed(Guid id, int attempt, int attemptsMax, Exception error);
}
