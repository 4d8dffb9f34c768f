using Dapper;
using Npgsql;
using Shithub.Actions.Server.Repositories;

namespace Shithub.Actions.Server.PullRequests;

/// <summary>
/// What a settled push does to pull requests, in the transaction that settles it: moves those whose head it pushed, ends those that it
/// merged, opens or moves the one that it proposes.
/// </summary>
public sealed class FollowPush(RepositoryStore repositories, PullRequestEvents events, PullRequestRefs refs)
{
    // Index pull_requests_head. In order of ids, so that two pushes never wait for each other in a circle.
    private const string OfHead = """
        select id
        from pull_requests
        where head_repo_id = @repoId and head_branch = @branch and state = 'open'
        order by id
        limit 100
        """;

    private const string OfBase = """
        select id, number
        from pull_requests
        where repo_id = @repoId and base_branch = @branch and state = 'open'
        order by id
        """;

    // Index pull_requests_pushed.
    private const string OfProposal = """
        select id
        from pull_requests
        where repo_id = @repoId and base_branch = @branch and author_id = @authorId and coalesce(topic, '') = coalesce(@topic, '')
            and state = 'open' and head_branch is null
        """;

    private const string Move = """
        update pull_requests
        set head_sha = @head, base_sha = @baseSha, head_vouched = @vouched, updated_at = now()
        where id = @id
        """;

    private const string Merge = """
        update pull_requests
        set state = 'merged', closed_at = now(), updated_at = now()
        where id = @id and state = 'open'
        """;

    private const string Close = """
        update pull_requests
        set state = 'closed', closed_at = now(), updated_at = now()
        where id = @id and state = 'open'
        """;

    /// <summary>After a branch moved, once for each push and branch.</summary>
    public async Task BranchMovedAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, PushedBy by, RefCommand command, CancellationToken cancellation)
    {
        if (!command.Ref.StartsWith(RefName.Branches, StringComparison.Ordinal))
            return;
        var branch = command.Ref[RefName.Branches.Length..];
        CommandDefinition Sql(string sql) => new(sql, new { repoId = by.RepoId, branch }, transaction, cancellationToken: cancellation);
        foreach (var id in (await connection.QueryAsync<long>(Sql(OfHead))).AsList())
            await MoveHeadAsync(connection, transaction, by, command, id, cancellation);
        var onto = (await connection.QueryAsync<(long Id, int Number)>(Sql(OfBase))).AsList();
        if (onto.Count == 0)
            return;
        var contained = await refs.ContainedAsync(by.RepoId, command.New, cancellation);
        foreach (var (id, _) in onto.Where(open => contained.Contains(open.Number)))
            await EndMergedAsync(connection, transaction, by, command.New, id, cancellation);
    }

    /// <summary>
    /// After a branch was deleted: as on GitHub, pull requests from it are closed. It may be called again for the same push, also when the
    /// branch is there again; then there is nothing to close.
    /// </summary>
    /// <returns>How many were closed.</returns>
    public async Task<int> BranchDeletedAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, PushedBy by, RefCommand command, CancellationToken cancellation)
    {
        if (!command.Ref.StartsWith(RefName.Branches, StringComparison.Ordinal))
            return 0;
        var closed = 0;
        foreach (var id in (await connection.QueryAsync<long>(new CommandDefinition(
            OfHead, new { repoId = by.RepoId, branch = command.Ref[RefName.Branches.Length..] }, transaction, cancellationToken: cancellation))).AsList())
        {
            if (await PullRequestStore.LockAsync(connection, transaction, id, cancellation) is not { State: PullRequest.Open } pull
                // Opened, or moved, by a later push of a branch of that name.
                || pull.HeadSha != command.Old
                || await repositories.FindAsync(pull.RepoId, cancellation) is not { } repository)
            {
                continue;
            }

            await connection.ExecuteAsync(new CommandDefinition(Close, new { id }, transaction, cancellationToken: cancellation));
            pull = (await PullRequestStore.LockAsync(connection, transaction, id, cancellation))!;
            await events.InsertAsync(
                connection, transaction, pull, repository, "closed", by.ActorId, by.Actor, null, null, null, cancellation);
            closed++;
        }

        return closed;
    }

    /// <summary>A push to <c>refs/for/</c>.</summary>
    /// <returns>The pull request, or null where it proposes nothing that the branch lacks.</returns>
    public async Task<PullRequest?> ProposeAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, PushedBy by, Repository repository, Proposal proposal, string head,
        CancellationToken cancellation)
    {
        var git = repositories.Open(repository.Id);
        if (await git.FindCommitAsync(RefName.Branches + proposal.Branch, cancellation) is not { } baseSha
            || await git.IsAncestorAsync(head, baseSha, cancellation))
        {
            return null;
        }

        // In line with others of the same person: the second of two first pushes moves what the first has opened.
        await connection.ExecuteAsync(new CommandDefinition(
            "select from repositories where id = @Id for no key update", new { repository.Id }, transaction, cancellationToken: cancellation));
        var existing = await connection.QuerySingleOrDefaultAsync<long?>(new CommandDefinition(
            OfProposal, new { repoId = repository.Id, branch = proposal.Branch, proposal.Topic, authorId = by.ActorId }, transaction,
            cancellationToken: cancellation));
        if (existing is { } id)
        {
            var before = (await PullRequestStore.LockAsync(connection, transaction, id, cancellation))!;
            return before.HeadSha == head
                ? before
                : await SynchronizeAsync(connection, transaction, by, repository, before, head, baseSha, by.MayWrite, cancellation);
        }

        var commits = await git.ReadCommitsAsync(head, null, 1, cancellation);
        var message = commits is [var commit] ? commit.Message : head;
        var lines = message.Split('\n', 2);
        var pull = await InsertPullRequest.ExecuteAsync(
            connection,
            transaction,
            new PullRequest
            {
                RepoId = repository.Id,
                BaseBranch = proposal.Branch,
                BaseSha = baseSha,
                Topic = proposal.Topic,
                HeadSha = head,
                HeadVouched = by.MayWrite,
                Title = string.IsNullOrWhiteSpace(lines[0]) ? head : lines[0].Trim(),
                Body = lines.Length > 1 ? lines[1].Trim() : "",
                AuthorId = by.ActorId,
            },
            cancellation);
        await events.InsertAsync(
            connection, transaction, pull, repository, "opened", by.ActorId, by.Actor, by.MayWrite, by.PushId, null, cancellation);
        return pull;
    }

    private async Task MoveHeadAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, PushedBy by, RefCommand command, long id, CancellationToken cancellation)
    {
        if (await PullRequestStore.LockAsync(connection, transaction, id, cancellation) is not { State: PullRequest.Open } pull
            || pull.HeadSha == command.New
            || await repositories.FindAsync(pull.RepoId, cancellation) is not { } repository)
        {
            return;
        }

        // Two pushes may be settled in the other order than they came. Who pushed a commit vouches for it and for no other, so a push
        // moves the head only from where it began, or to where the branch is; else the one that came later has moved it, or will.
        if (pull.HeadSha != command.Old
            && (await repositories.Open(by.RepoId).FindAsync(command.Ref, cancellation))?.Sha != command.New)
        {
            return;
        }

        var baseSha = await repositories.Open(repository.Id).FindCommitAsync(RefName.Branches + pull.BaseBranch, cancellation) ?? pull.BaseSha;
        // The permission on the base counts, whatever the pusher may do in the fork.
        var mayWrite = await Access.WriteAccess.OfAsync(connection, transaction, repository.Id, by.ActorId, cancellation);
        await SynchronizeAsync(connection, transaction, by, repository, pull, command.New, baseSha, mayWrite, cancellation);
    }

    private async Task<PullRequest> SynchronizeAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, PushedBy by, Repository repository, PullRequest pull, string head,
        string baseSha, bool mayWrite, CancellationToken cancellation)
    {
        await connection.ExecuteAsync(new CommandDefinition(
            Move, new { id = pull.Id, head, baseSha, vouched = mayWrite }, transaction, cancellationToken: cancellation));
        var moved = pull with { HeadSha = head, BaseSha = baseSha, HeadVouched = mayWrite };
        await events.InsertAsync(
            connection, transaction, moved, repository, "synchronize", by.ActorId, by.Actor, mayWrite, by.PushId, pull.HeadSha, cancellation);
        return moved;
    }

    private async Task EndMergedAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, PushedBy by, string sha, long id, CancellationToken cancellation)
    {
        if (await PullRequestStore.LockAsync(connection, transaction, id, cancellation) is not { State: PullRequest.Open } pull
            || await repositories.FindAsync(pull.RepoId, cancellation) is not { } repository
            // The ref may lag behind the row: what is asked is whether this head is in.
            || !await repositories.Open(repository.Id).IsAncestorAsync(pull.HeadSha, sha, cancellation))
        {
            return;
        }

        await connection.ExecuteAsync(new CommandDefinition(Merge, new { id }, transaction, cancellationToken: cancellation));
        pull = (await PullRequestStore.LockAsync(connection, transaction, id, cancellation))!;
        await events.InsertAsync(
            connection, transaction, pull, repository, "closed", by.ActorId, by.Actor, null, null, null, cancellation);
    }
}

/// <summary>Who pushed, and what they might do in the repository that they pushed to when they began.</summary>
public sealed record PushedBy(Guid PushId, long RepoId, long ActorId, string Actor, bool MayWrite);
