using Dapper;
using Npgsql;
using Shithub.Actions.Server.Repositories;
using Shithub.Actions.Server.Runs;

namespace Shithub.Actions.Server.PullRequests;

/// <summary>What has to be done before an event of a pull request makes its runs. Doing it twice does nothing more.</summary>
public sealed class PreparePullRequest(
    NpgsqlDataSource dataSource, PullRequestStore store, PullRequestRefs refs, RepositoryStore repositories, CancelJob cancel)
{
    // Index workflow_runs_awaiting. A new head asks again, and a pull request that is closed asks no more.
    private const string FindSuperseded = """
        select id, head_sha
        from workflow_runs
        where pull_request_id = @Id and hold = 'approval' and conclusion is null
            and (head_sha <> @HeadSha or (@State <> 'open' and trigger_event_id <> @eventId))
        """;

    /// <param name="baseSha">Where the base branch was when the event was made.</param>
    /// <returns>Null where the event is about a head that is gone.</returns>
    public async Task<PreparedPullRequest?> ExecuteAsync(
        Guid eventId, long pullId, Guid? pushId, string baseSha, string headSha, CancellationToken cancellation)
    {
        if (await store.FindAsync(pullId, cancellation) is not { } pull)
            return null;
        // Somebody else may mirror an older head after us, unless whoever writes last has looked after writing.
        for (var last = ""; last != pull.HeadSha;)
        {
            await refs.MirrorAsync(pull, pushId, cancellation);
            last = pull.HeadSha;
            pull = await store.FindAsync(pullId, cancellation) ?? pull;
        }

        await SupersedeAsync(pull, eventId, cancellation);
        if (await repositories.Open(pull.RepoId).FindCommitAsync(headSha, cancellation) is null)
            return null;
        var merge = await refs.MergeAsync(pull, baseSha, headSha, pull.HeadSha == headSha, cancellation);
        return new PreparedPullRequest(pull, merge ?? headSha, merge is null ? pull.HeadRef : pull.MergeRef);
    }

    /// <summary>Within the transaction that makes the runs: whether they would wait for an approval that nobody can give any more.</summary>
    public static async Task<bool> IsOutdatedAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, long pullId, string headSha, bool isClosing, CancellationToken cancellation) =>
        await PullRequestStore.HoldAsync(connection, transaction, pullId, cancellation) is not { } pull
        || pull.HeadSha != headSha
        || (pull.State != PullRequest.Open && !isClosing);

    private async Task SupersedeAsync(PullRequest pull, Guid eventId, CancellationToken cancellation)
    {
        await using var connection = await dataSource.OpenConnectionAsync(cancellation);
        var superseded = (await connection.QueryAsync<(long Id, string HeadSha)>(new CommandDefinition(
            FindSuperseded, new { pull.Id, pull.HeadSha, pull.State, eventId = eventId.ToString() }, cancellationToken: cancellation))).AsList();
        foreach (var (run, head) in superseded)
        {
            var reason = head != pull.HeadSha ? $"Pull request #{pull.Number} has moved on to commit {pull.HeadSha}." : $"Pull request #{pull.Number} is {pull.State}.";
            await cancel.ExecuteAsync(run, null, cancellation, reason);
        }
    }
}

/// <param name="CheckoutSha">What jobs check out: the merge, or the head where it conflicts with its base.</param>
/// <param name="Ref">What that is called: <c>refs/pull/&lt;n&gt;/merge</c> or <c>…/head</c>.</param>
public sealed record PreparedPullRequest(PullRequest Pull, string CheckoutSha, string Ref);
