using System.Globalization;
using Dapper;
using Npgsql;

namespace Shithub.Actions.Server.Runs;

/// <summary>The check runs of a commit: a view on its jobs, so the two can't disagree.</summary>
public sealed class ReadCheckRuns(NpgsqlDataSource dataSource)
{
    private const string OfCommitSql = """
        select c.id, c.name, c.head_sha, c.status, c.conclusion, c.run_id, c.started_at, c.completed_at,
            (select count(*) from workflow_annotations a where a.job_id = c.id and a.attempt = j.attempt) as annotations,
            (
                select left(m.markdown, 1024)
                from workflow_step_summaries m
                where m.job_id = c.id and m.attempt = j.attempt
                order by m.step_id
                limit 1
            ) as summary
        from check_runs c
        join workflow_jobs j on j.id = c.id
        where c.repo_id = @RepoId and c.head_sha = @Sha
        order by c.id desc
        limit 1000
        """;

    public async Task<IReadOnlyList<CheckRunResponse>> OfCommitAsync(long repoId, string sha, CancellationToken cancellation)
    {
        await using var connection = await dataSource.OpenConnectionAsync(cancellation);
        var rows = await connection.QueryAsync<Row>(new CommandDefinition(
            OfCommitSql, new { RepoId = repoId, Sha = sha.ToLowerInvariant() }, cancellationToken: cancellation));
        return [.. rows.Select(row => new CheckRunResponse(
            row.Id, row.Name, row.HeadSha, row.Status, row.Conclusion, row.RunId, row.StartedAt, row.CompletedAt,
            new CheckRunOutput(row.Summary, row.Annotations, string.Create(CultureInfo.InvariantCulture, $"/api/v1/jobs/{row.Id}"))))];
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

        public int Annotations { get; init; }

        public string? Summary { get; init; }
    }
}
