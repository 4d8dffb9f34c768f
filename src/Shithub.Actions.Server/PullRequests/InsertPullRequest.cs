using Dapper;
using Npgsql;

namespace Shithub.Actions.Server.PullRequests;

/// <summary>Writes a new pull request, with the next number of its repository, in somebody's transaction.</summary>
internal static class InsertPullRequest
{
    /// <summary>Open ones of one person in one repository.</summary>
    public const int OpenPerAuthorMax = 100;

    public const int TitleLengthMax = 256;
    public const int BodyLengthMax = 64 * 1024;

    // The repository's row is locked until the transaction ends: numbers have no gaps.
    private const string Insert = """
        with numbered as (
            update repositories
            set last_pull_number = last_pull_number + 1
            where id = @RepoId
            returning last_pull_number
        )
        insert into pull_requests
            (repo_id, number, base_branch, base_sha, head_repo_id, head_branch, topic, head_sha, head_vouched, title, body, author_id)
        select @RepoId, last_pull_number, @BaseBranch, @BaseSha, @HeadRepoId, @HeadBranch, @Topic, @HeadSha, @HeadVouched, @Title, @Body, @AuthorId
        from numbered
        returning id
        """;

    private const string CountOpen = "select count(*) from pull_requests where repo_id = @repoId and author_id = @authorId and state = 'open'";

    public static async Task<PullRequest> ExecuteAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, PullRequest wanted, CancellationToken cancellation)
    {
        var id = await connection.ExecuteScalarAsync<long>(new CommandDefinition(
            Insert, wanted with { Title = Cut(wanted.Title, TitleLengthMax), Body = Cut(wanted.Body, BodyLengthMax) }, transaction,
            cancellationToken: cancellation));
        return (await PullRequestStore.LockAsync(connection, transaction, id, cancellation))!;
    }

    public static async Task<bool> HasTooManyAsync(
        NpgsqlConnection connection, NpgsqlTransaction? transaction, long repoId, long authorId, CancellationToken cancellation) =>
        await connection.ExecuteScalarAsync<long>(
            new CommandDefinition(CountOpen, new { repoId, authorId }, transaction, cancellationToken: cancellation)) >= OpenPerAuthorMax;

    private static string Cut(string text, int max)
    {
        // PostgreSQL has no NUL, and a pair of surrogates is not cut in two.
        text = text.Replace("\0", "", StringComparison.Ordinal);
        if (text.Length <= max)
            return text;
        return char.IsHighSurrogate(text[max - 2]) ? text[..(max - 2)] + "…" : text[..(max - 1)] + "…";
    }
}
