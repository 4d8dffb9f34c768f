using Dapper;
using Npgsql;
using Shithub.Actions.Server.Access;
using Shithub.Actions.Server.Audit;
using Shithub.Actions.Server.Database;
using Shithub.Actions.Server.Repositories;
using Shithub.Actions.Server.Runs;

namespace Shithub.Actions.Server.PullRequests;

/// <summary>Writes the events of pull requests, in the transaction of the change that they tell: one change, one event.</summary>
public sealed class PullRequestEvents(PullRequestPayload payloads, AuditLog audit)
{
    // A second settlement of the same push conflicts and does nothing.
    private const string Insert = """
        insert into trigger_events
            (id, repo_id, actor_id, event, ref, before_sha, head_sha, payload, pull_request_id, pull_push_id, trust, awaits_approval)
        values
            (@id, @RepoId, @actorId, 'pull_request', @MergeRef, @BaseSha, @HeadSha, @payload::jsonb, @pullId, @pushId, @Trust, @AwaitsApproval)
        on conflict (pull_push_id, pull_request_id) where pull_push_id is not null do nothing
        """;

    /// <param name="pull">As it is after the change.</param>
    /// <param name="actorMayWrite">Null: looked up now.</param>
    /// <param name="before">Where the head was, for <c>synchronize</c>.</param>
    public async Task InsertAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, PullRequest pull, Repository repository, string action, long actorId,
        string actor, bool? actorMayWrite, Guid? pushId, string? before, CancellationToken cancellation)
    {
        var standing = PullRequestTrust.Decide(
            pull.IsFromFork,
            pull.HeadVouched,
            actorMayWrite ?? await WriteAccess.OfAsync(connection, transaction, repository.Id, actorId, cancellation),
            await WriteAccess.OfAsync(connection, transaction, repository.Id, pull.AuthorId, cancellation));
        var payload = await payloads.BuildAsync(pull, repository, action, actor, before, cancellation);
        var rows = await connection.ExecuteAsync(new CommandDefinition(
            Insert,
            new
            {
                id = Guid.CreateVersion7(),
                pull.RepoId,
                actorId,
                pull.MergeRef,
                pull.BaseSha,
                pull.HeadSha,
                payload = payload.ToJsonString(),
                pullId = pull.Id,
                pushId,
                standing.Trust,
                standing.AwaitsApproval,
            },
            transaction,
            cancellationToken: cancellation));
        if (rows > 0 && standing.Trust == RunTrust.Untrusted)
        {
            await audit.AppendAsync(
                connection, transaction,
                new AuditEntry(
                    "pull-request.untrusted", "pull_request", pull.Id, $"{repository.FullName} #{pull.Number}",
                    new { action, head_sha = pull.HeadSha, caused_by = actor, awaits_approval = standing.AwaitsApproval }),
                cancellation);
        }

        await connection.ExecuteAsync(new CommandDefinition(
            Notifications.NotifySql, new { topic = Notifications.Name(Topic.Trigger), key = "" }, transaction, cancellationToken: cancellation));
    }
}
