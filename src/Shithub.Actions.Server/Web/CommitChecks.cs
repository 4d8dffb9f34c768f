using Dapper;
using Npgsql;

namespace Shithub.Actions.Server.Web;

/// <summary>What the checks of a commit say together, and which workflows a repository has runs of.</summary>
public sealed class CommitChecks(NpgsqlDataSource dataSource)
{
    // Index workflow_runs_commit. Of the runs of one workflow for one event the last counts.
    private const string OfCommit = """
        select run_index, status, conclusion
        from (
            select distinct on (workflow_file, event) run_index, status, conclusion
            from workflow_runs
            where repo_id = @repoId and head_sha = @headSha
            order by workflow_file, event, id desc
        ) counted
        order by case
                when conclusion in ('failure', 'timed_out', 'runner_lost') then 0
                when conclusion is null then 1
                when conclusion in ('action_required', 'cancelled') then 2
                when conclusion = 'success' then 3
                else 4
            end,
            run_index desc
        limit 1
        """;

    // Jumps through the unique index on (repo_id, workflow_file, …), one step a file.
    private const string WorkflowFiles = """
        with recursive files as (
            (select workflow_file from workflow_runs where repo_id = @repoId order by workflow_file limit 1)
            union all
            select (
                select r.workflow_file
                from workflow_runs r
                where r.repo_id = @repoId and r.workflow_file > files.workflow_file
                order by r.workflow_file
                limit 1)
            from files
            where files.workflow_file is not null
        )
        select workflow_file
        from files
        where workflow_file is not null
        limit 100
        """;

    /// <returns>The run that decides, or null where no workflow ran for the commit.</returns>
    public async Task<CommitCheck?> OfCommitAsync(long repoId, string headSha, CancellationToken cancellation)
    {
        await using var connection = await dataSource.OpenConnectionAsync(cancellation);
        return await connection.QuerySingleOrDefaultAsync<CommitCheck>(
            new CommandDefinition(OfCommit, new { repoId, headSha }, cancellationToken: cancellation));
    }

    public async Task<IReadOnlyList<string>> WorkflowFilesAsync(long repoId, CancellationToken cancellation)
    {
        await using var connection = await dataSource.OpenConnectionAsync(cancellation);
        return [.. await connection.QueryAsync<string>(new CommandDefinition(WorkflowFiles, new { repoId }, cancellationToken: cancellation))];
    }
}

/// <summary>The run that decides what a commit's checks say: the worst of them.</summary>
public sealed record CommitCheck
{
    public int RunIndex { get; init; }

    public string Status { get; init; } = "";

    public string? Conclusion { get; init; }
}
