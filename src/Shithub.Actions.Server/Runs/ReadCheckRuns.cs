using Dapper;
using Npgsql;

namespace Shithub.Actions.Server.Runs;

/// <summary>The check runs of a commit: a view on its jobs, so the two can't disagree.</summary>
public sealed class ReadCheckRuns(NpgsqlDataSource dataSource)
{
    private const string OfCommitSql = """
        select id, name, head_sha, status, conclusion, run_id, started_at, completed_at
        from check_runs
        where repo_id = @RepoId and head_sha = @Sha
        order by id desc
        limit 1000
        """;

    public async Task<IReadOnlyList<CheckRunResponse>> OfCommitAsync(long repoId, string sha, CancellationToken cancellation)
    {
        await using var connection = await dataSource.OpenConnectionAsync(cancellation);
        var rows = await connection.QueryAsync<Row>(new CommandDefinition(
            OfCommitSql, new { RepoId = repoId, Sha = sha.ToLowerInvariant() }, cancellationToken: cancellation));
        return [.. rows.Select(row => new CheckRunResponse(
            row.Id, row.Name, row.HeadSha, row.Status, row.Conclusion, row.RunId, row.StartedAt, row.CompletedAt))];
    }

    private sealed record Row
    {
        public long Id { get; init; }

        public string Name { get; init; } = "";

        public string HeadSha { get; init; } = "";

        public string Status { get; init; } = "";

        public string? Conclusion { get; init; }

        public long RunId { get; init; }

        public DateTime? StartedAt { get; init; }

        public DateTime? CompletedAt { get; init; }
    }
}
