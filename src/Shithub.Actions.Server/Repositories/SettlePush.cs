using System.Text.Json;
using System.Text.Json.Nodes;
using Dapper;
using Npgsql;
using Shithub.Actions.Server.Database;
using Shithub.Actions.Server.PullRequests;

namespace Shithub.Actions.Server.Repositories;

/// <summary>
/// Turns what a push really changed into trigger events, in the transaction that records the push. It may run any number of times,
/// on several servers at once: an event is unique by push and ref.
/// </summary>
public sealed class SettlePush(
    NpgsqlDataSource dataSource, RepositoryStore repositories, PushPayload payloads, FollowPush follow, PullRequestRefs pullRefs,
    Notifications notifications)
{
    private const string Find = """
        select p.id, p.repo_id, p.actor_id, a.name as actor, p.state, p.commands, p.proposal, p.may_write
        from pushes p
        join owners a on a.id = p.actor_id
        where p.id = @id
        """;

    // Served by pushes_receiving.
    private const string FindOpen = """
        select id
        from pushes
        where state = 'receiving' and repo_id = @repoId
        """;

    private const string Lock = """
        select state
        from pushes
        where id = @id
        for update
        """;

    private const string InsertEvent = """
        insert into trigger_events (id, repo_id, actor_id, event, ref, before_sha, head_sha, payload, push_id)
        values (@eventId, @repoId, @actorId, 'push', @ref, @before, @head, @payload::jsonb, @pushId)
        on conflict (push_id, ref) where push_id is not null do nothing
        """;

    private const string Finish = """
        update pushes
        set state = @state, settled_at = now()
        where id = @id
        """;

    /// <param name="gitHasEnded">
    /// The push's git process has ended or is too old to be still there: what is not proven now did not happen. Otherwise the push
    /// stays open until everything it asked for is proven.
    /// </param>
    /// <returns>The pull request that a push to <c>refs/for/</c> opened or moved; null where there is none, or another settlement did it.</returns>
    public async Task<PullRequest?> ExecuteAsync(Guid pushId, bool gitHasEnded, CancellationToken cancellation)
    {
        await using var connection = await dataSource.OpenConnectionAsync(cancellation);
        var push = await connection.QuerySingleOrDefaultAsync<PushRow>(
            new CommandDefinition(Find, new { id = pushId }, cancellationToken: cancellation));
        if (push is null || push.State == "recorded" || await repositories.FindAsync(push.RepoId, cancellation) is not { } repository)
            return null;
        var commands = JsonSerializer.Deserialize(push.Commands, PushJson.Default.IReadOnlyListRefCommand)!;
        if (push.Proposal is not null)
            return await SettleProposalAsync(connection, push, repository, commands[0], gitHasEnded, cancellation);
        var (events, gone, isComplete) = await ProveAsync(push, repository, commands, cancellation);
        if (events.Count == 0 && gone.Count == 0 && !isComplete && !gitHasEnded)
            return null;

        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        CommandDefinition Sql(string sql, object parameters) => new(sql, parameters, transaction, cancellationToken: cancellation);
        if (await connection.ExecuteScalarAsync<string>(Sql(Lock, new { id = pushId })) is null or "recorded")
            return null;
        var inserted = 0;
        foreach (var (made, command) in events)
        {
            // Whoever inserts a ref's event is the one to move what follows the ref.
            if (await connection.ExecuteAsync(Sql(InsertEvent, made)) == 0)
                continue;
            inserted++;
            await follow.BranchMovedAsync(connection, transaction, push.By, command, cancellation);
        }

        foreach (var command in gone)
            inserted += await follow.BranchDeletedAsync(connection, transaction, push.By, command, cancellation);

        if (isComplete || gitHasEnded)
            await connection.ExecuteAsync(Sql(Finish, new { id = pushId, state = "recorded" }));
        if (inserted > 0)
            await connection.ExecuteAsync(Sql(Notifications.NotifySql, new { topic = Notifications.Name(Topic.Trigger), key = "" }));
        await transaction.CommitAsync(cancellation);
        if (inserted > 0)
            notifications.Signal(Topic.Trigger);
        return null;
    }

    /// <summary>
    /// The push's own ref, whose name nobody else knows, stands where it was pushed to: that is the proof. It is deleted when the pull
    /// request's ref has the commit, here or by the event's processing.
    /// </summary>
    private async Task<PullRequest?> SettleProposalAsync(
        NpgsqlConnection connection, PushRow push, Repository repository, RefCommand command, bool gitHasEnded, CancellationToken cancellation)
    {
        var isProven = (await repositories.Open(repository.Id).FindAsync(command.Ref, cancellation))?.Sha == command.New;
        if (!isProven && !gitHasEnded)
            return null;
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        CommandDefinition Sql(string sql, object parameters) => new(sql, parameters, transaction, cancellationToken: cancellation);
        if (await connection.ExecuteScalarAsync<string>(Sql(Lock, new { id = push.Id })) is null or "recorded")
            return null;
        var proposal = JsonSerializer.Deserialize(push.Proposal!, PushJson.Default.Proposal)!;
        var pull = isProven
            ? await follow.ProposeAsync(connection, transaction, push.By, repository, proposal, command.New, cancellation)
            : null;
        await connection.ExecuteAsync(Sql(Finish, new { id = push.Id, state = "recorded" }));
        await transaction.CommitAsync(cancellation);
        if (pull is not null)
        {
            notifications.Signal(Topic.Trigger);
            await pullRefs.MirrorAsync(pull, push.Id, cancellation);
        }
        else if (isProven)
        {
            await pullRefs.DropIncomingAsync(repository.Id, push.Id, cancellation);
        }

        return pull;
    }

    /// <summary>
    /// Secures the proofs of pushes that are still open. To be called before anything deletes a ref of the repository: the ref's
    /// reflog, which is the proof, goes with it.
    /// </summary>
    public async Task SecureProofsAsync(long repoId, CancellationToken cancellation)
    {
        await using var connection = await dataSource.OpenConnectionAsync(cancellation);
        foreach (var id in await connection.QueryAsync<Guid>(new CommandDefinition(FindOpen, new { repoId }, cancellationToken: cancellation)))
            await ExecuteAsync(id, gitHasEnded: false, cancellation);
    }

    private async Task<(List<(object Event, RefCommand Command)> Events, List<RefCommand> Gone, bool IsComplete)> ProveAsync(
        PushRow push, Repository repository, IReadOnlyList<RefCommand> commands, CancellationToken cancellation)
    {
        var git = repositories.Open(push.RepoId);
        var events = new List<(object, RefCommand)>();
        var gone = new List<RefCommand>();
        var isComplete = true;
        foreach (var command in commands)
        {
            if (command.IsDeletion)
            {
                if (await git.FindAsync(command.Ref, cancellation) is null)
                    gone.Add(command);
                else
                    isComplete = false;
                continue;
            }

            if (!await PushProof.IsAppliedAsync(git, push.Id, command, cancellation))
            {
                isComplete = false;
                continue;
            }

            JsonObject payload = await payloads.BuildAsync(repository, push.Actor, command, cancellation);
            events.Add((new
            {
                eventId = Guid.CreateVersion7(),
                repoId = push.RepoId,
                actorId = push.ActorId,
                @ref = command.Ref,
                before = command.IsCreation ? null : command.Old,
                // A tag may stand for a tree or a blob; then there is nothing to run.
                head = await git.FindCommitAsync(command.New, cancellation),
                payload = payload.ToJsonString(),
                pushId = push.Id,
            }, command));
        }

        return (events, gone, isComplete);
    }

    private sealed class PushRow
    {
        public Guid Id { get; init; }

        public long RepoId { get; init; }

        public long ActorId { get; init; }

        public string Actor { get; init; } = "";

        public string State { get; init; } = "";

        public string Commands { get; init; } = "[]";

        /// <summary>JSON, of a push to <c>refs/for/</c>.</summary>
        public string? Proposal { get; init; }

        public bool MayWrite { get; init; }

        public PushedBy By => new(Id, RepoId, ActorId, Actor, MayWrite);
    }
}
