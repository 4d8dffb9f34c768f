using Dapper;
using Npgsql;
using Shithub.Actions.Server.Access;
using Shithub.Actions.Server.Database;
using Shithub.Actions.Server.Repositories;

namespace Shithub.Actions.Server.PullRequests;

/// <summary>Closes and reopens a pull request, and changes its words.</summary>
public sealed class ChangePullRequest(NpgsqlDataSource dataSource, PullRequestEvents events, Notifications notifications)
{
    private const string Update = """
        update pull_requests
        set title = @title, body = @body, state = @state, updated_at = now(),
            closed_at = case when @state = 'open' then null else coalesce(closed_at, now()) end
        where id = @Id
        """;

    /// <param name="state"><c>open</c>, <c>closed</c>, or null to leave it.</param>
    public async Task<PullRequestOutcome> ExecuteAsync(
        Repository repository, long pullId, Actor actor, string? state, string? title, string? body, CancellationToken cancellation)
    {
        await using var connection = await dataSource.OpenConnectionAsync(cancellation);
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        var pull = (await PullRequestStore.LockAsync(connection, transaction, pullId, cancellation))!;
        if (pull.State == PullRequest.Merged && state is not null)
            return PullRequestOutcome.Refuse(null, $"Pull request #{pull.Number} was merged. Open another one.");
        var isMoved = state is not null && state != pull.State;
        var isEdited = (title is not null && title != pull.Title) || (body is not null && body != pull.Body);
        if (!isMoved && !isEdited)
            return new PullRequestOutcome(pull, null, null);
        try
        {
            await connection.ExecuteAsync(new CommandDefinition(
                Update, new { pull.Id, title = title ?? pull.Title, body = body ?? pull.Body, state = state ?? pull.State }, transaction,
                cancellationToken: cancellation));
        }
        catch (PostgresException error) when (error.SqlState == PostgresErrorCodes.UniqueViolation)
        {
            return PullRequestOutcome.Refuse(null, "Another pull request from the same place is open meanwhile. Close that one first.");
        }

        pull = (await PullRequestStore.LockAsync(connection, transaction, pullId, cancellation))!;
        if (isEdited)
            await events.InsertAsync(connection, transaction, pull, repository, "edited", actor.UserId, actor.Name, null, null, null, cancellation);
        if (isMoved)
        {
            await events.InsertAsync(
                connection, transaction, pull, repository, state == PullRequest.Open ? "reopened" : "closed", actor.UserId, actor.Name, null,
                null, null, cancellation);
        }

        await transaction.CommitAsync(cancellation);
        notifications.Signal(Topic.Trigger);
        return new PullRequestOutcome(pull, null, null);
    }
}
