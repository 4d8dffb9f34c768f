using Npgsql;
using Shithub.Actions.Server.Access;
using Shithub.Actions.Server.Database;
using Shithub.Actions.Server.Http;
using Shithub.Actions.Server.Repositories;

namespace Shithub.Actions.Server.PullRequests;

/// <summary>Opens a pull request from a branch of the repository or of a fork of it on this server.</summary>
public sealed class OpenPullRequest(
    NpgsqlDataSource dataSource, RepositoryAccess access, RepositoryStore repositories, PullRequestEvents events, PullRequestRefs refs,
    PullRequestStore store, Notifications notifications)
{
    /// <param name="repository">Which the actor may read.</param>
    /// <param name="head"><c>branch</c>, <c>owner:branch</c> or <c>owner/repo:branch</c>.</param>
    /// <param name="call">With one, the same request of the same person twice opens one pull request.</param>
    public async Task<PullRequestOutcome> ExecuteAsync(
        Repository repository, Actor actor, string title, string body, string head, string baseBranch, IdempotentCall? call,
        CancellationToken cancellation)
    {
        if (call is not null)
        {
            await using var look = await dataSource.OpenConnectionAsync(cancellation);
            if (await IdempotentCalls.FindAsync(look, call, cancellation) is { } earlier)
                return await RepeatAsync(earlier, cancellation);
        }

        var (from, branch, complaint) = await FindHeadAsync(repository, actor, head, cancellation);
        if (from is null)
            return PullRequestOutcome.Refuse("head", complaint!);
        if (await BranchAsync(repository, baseBranch, cancellation) is not { } baseSha)
            return PullRequestOutcome.Refuse("base", $"There is no branch '{baseBranch}' in {repository.FullName}.");
        if (await BranchAsync(from, branch!, cancellation) is not { } headSha)
            return PullRequestOutcome.Refuse("head", $"There is no branch '{branch}' in {from.FullName}.");
        // The branch's own history, which has the base's commit where the fork was made after it.
        if (await repositories.Open(from.Id).IsAncestorAsync(headSha, baseSha, cancellation)
            || await repositories.Open(repository.Id).IsAncestorAsync(headSha, baseSha, cancellation))
        {
            return PullRequestOutcome.Refuse("head", $"'{branch}' has no commit that '{baseBranch}' lacks. Commit something first.");
        }

        await using var connection = await dataSource.OpenConnectionAsync(cancellation);
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        if (await IdempotentCalls.BeginAsync(connection, transaction, call, cancellation) is { } first)
            return await RepeatAsync(first, cancellation);
        if (await InsertPullRequest.HasTooManyAsync(connection, transaction, repository.Id, actor.UserId, cancellation))
            return PullRequestOutcome.Refuse(null, $"{actor.Name} has {InsertPullRequest.OpenPerAuthorMax} open pull requests here. Close one that is done with.");
        var mayWrite = await WriteAccess.OfAsync(connection, transaction, repository.Id, actor.UserId, cancellation);
        PullRequest pull;
        try
        {
            pull = await InsertPullRequest.ExecuteAsync(
                connection,
                transaction,
                new PullRequest
                {
                    RepoId = repository.Id,
                    BaseBranch = baseBranch,
                    BaseSha = baseSha,
                    HeadRepoId = from.Id,
                    HeadBranch = branch,
                    HeadSha = headSha,
                    // A branch of the repository itself has only commits that people brought who may write to it.
                    HeadVouched = from.Id == repository.Id || mayWrite,
                    Title = title,
                    Body = body,
                    AuthorId = actor.UserId,
                },
                cancellation);
        }
        catch (PostgresException error) when (error is { SqlState: PostgresErrorCodes.UniqueViolation, ConstraintName: "pull_requests_branch" })
        {
            return PullRequestOutcome.Refuse(null, $"There is an open pull request for {from.FullName}:{branch} into {baseBranch}. Push to the branch to change it.");
        }

        await events.InsertAsync(
            connection, transaction, pull, repository, "opened", actor.UserId, actor.Name, mayWrite, null, null, cancellation);
        await IdempotentCalls.MadeAsync(connection, transaction, call, pull.Id, cancellation);
        await transaction.CommitAsync(cancellation);
        notifications.Signal(Topic.Trigger);
        // For who looks at once; the event's processing does the same.
        await refs.MirrorAsync(pull, null, cancellation);
        return new PullRequestOutcome(pull, null, null);
    }

    private async Task<PullRequestOutcome> RepeatAsync(EarlierCall earlier, CancellationToken cancellation)
    {
        if (!earlier.IsTheSame)
            return PullRequestOutcome.Refuse(IdempotencyKey.Header, EarlierCall.Complaint);
        return await store.FindAsync(earlier.MadeId!.Value, cancellation) is { } pull
            ? new PullRequestOutcome(pull, null, null)
            : PullRequestOutcome.Refuse(null, "The pull request that this request opened is gone. Send a new request to open another.");
    }

    private Task<string?> BranchAsync(Repository repository, string branch, CancellationToken cancellation) =>
        RefName.IsBranchOrTag(RefName.Branches + branch)
            ? repositories.Open(repository.Id).FindCommitAsync(RefName.Branches + branch, cancellation)
            : Task.FromResult<string?>(null);

    /// <summary>The repository of the head: the base, or one that shares its origin and that the actor may read.</summary>
    private async Task<(Repository? From, string? Branch, string? Complaint)> FindHeadAsync(
        Repository repository, Actor actor, string head, CancellationToken cancellation)
    {
        var colon = head.IndexOf(':', StringComparison.Ordinal);
        if (colon < 0)
            return (repository, head, null);
        var (place, branch) = (head[..colon], head[(colon + 1)..]);
        var slash = place.IndexOf('/', StringComparison.Ordinal);
        var (owner, name) = slash < 0 ? (place, null) : (place[..slash], place[(slash + 1)..]);
        if (string.Equals(owner, repository.Owner, StringComparison.OrdinalIgnoreCase) && name is null)
            return (repository, branch, null);
        var found = name is null
            ? await repositories.FindForkAsync(repository, owner, cancellation)
            : await repositories.FindAsync(owner, name, cancellation);
        return found is not null && await access.FindAsync(actor, found.Id, cancellation) is not null && IsRelated(repository, found)
            ? (found, branch, null)
            : (null, null, $"'{head}' names no fork of {repository.FullName} on this server that {actor.Name} may read. Fork it, or push to refs/for/<branch>.");
    }

    private static bool IsRelated(Repository one, Repository other) =>
        one.Id == other.Id || other.ForkOf == one.Id || one.ForkOf == other.Id || (one.ForkOf is not null && one.ForkOf == other.ForkOf);
}

/// <summary>Either the pull request, or why not.</summary>
/// <param name="Field">The member of the request that was wrong, or null where it was not the request.</param>
public sealed record PullRequestOutcome(PullRequest? Pull, string? Field, string? Detail)
{
    public static PullRequestOutcome Refuse(string? field, string detail) => new(null, field, detail);
}
