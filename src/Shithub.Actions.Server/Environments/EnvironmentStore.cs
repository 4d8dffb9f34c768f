using Dapper;
using Npgsql;
using Shithub.Actions.Server.Audit;

namespace Shithub.Actions.Server.Environments;

/// <summary>A repository's environments and their rules. Their variables are in Secrets/Variables.cs.</summary>
public sealed class EnvironmentStore(NpgsqlDataSource dataSource, AuditLog audit)
{
    public const int PerRepositoryMax = 100;
    public const int ReviewersMax = 20;
    public const int WaitMinutesMax = 43200;

    private const string Columns = """
        e.id, e.name, e.wait_minutes, e.branches, e.updated_at,
            coalesce((
                select array_agg(o.name order by lower(o.name))
                from environment_reviewers v
                join owners o on o.id = v.user_id
                where v.environment_id = e.id), '{}') as reviewers
        """;

    private const string ListOf = $"""
        select {Columns}
        from environments e
        where e.repo_id = @repoId
        order by lower(e.name)
        """;

    private const string Find = $"""
        select {Columns}
        from environments e
        where e.repo_id = @repoId and lower(e.name) = lower(@name)
        """;

    private const string Upsert = """
        insert into environments (repo_id, name, wait_minutes, branches)
        select @repoId, @name, @waitMinutes, @branches
        where (select count(*) from environments where repo_id = @repoId and lower(name) <> lower(@name)) < @PerRepositoryMax
        on conflict (repo_id, lower(name)) do update
        set wait_minutes = excluded.wait_minutes, branches = excluded.branches, updated_at = now()
        returning id
        """;

    private const string SetReviewers = """
        delete from environment_reviewers where environment_id = @id and user_id <> all (@reviewers);

        insert into environment_reviewers (environment_id, user_id)
        select @id, user_id
        from unnest(@reviewers) as user_id
        on conflict do nothing;
        """;

    private const string Delete = "delete from environments where repo_id = @repoId and lower(name) = lower(@name)";

    public async Task<IReadOnlyList<EnvironmentRow>> ListAsync(long repoId, CancellationToken cancellation)
    {
        await using var connection = await dataSource.OpenConnectionAsync(cancellation);
        return [.. await connection.QueryAsync<EnvironmentRow>(new CommandDefinition(ListOf, new { repoId }, cancellationToken: cancellation))];
    }

    public async Task<EnvironmentRow?> FindAsync(long repoId, string name, CancellationToken cancellation)
    {
        await using var connection = await dataSource.OpenConnectionAsync(cancellation);
        return await connection.QuerySingleOrDefaultAsync<EnvironmentRow>(
            new CommandDefinition(Find, new { repoId, name }, cancellationToken: cancellation));
    }

    /// <summary>Makes an environment or changes its rules. Jobs that wait already keep what they were asked.</summary>
    /// <param name="branches">Null: every ref.</param>
    /// <returns>False where the repository has too many.</returns>
    public async Task<bool> SetAsync(
        long repoId, string name, int waitMinutes, IReadOnlyList<string>? branches, IReadOnlyList<long> reviewers, CancellationToken cancellation)
    {
        await using var connection = await dataSource.OpenConnectionAsync(cancellation);
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        var id = await connection.ExecuteScalarAsync<long?>(new CommandDefinition(
            Upsert, new { repoId, name, waitMinutes, branches = branches?.ToArray(), PerRepositoryMax }, transaction, cancellationToken: cancellation));
        if (id is null)
            return false;
        await connection.ExecuteAsync(new CommandDefinition(
            SetReviewers, new { id, reviewers = reviewers.ToArray() }, transaction, cancellationToken: cancellation));
        await audit.AppendAsync(
            connection, transaction,
            new AuditEntry(
                "environment.set", "environment", id, name, new { repo_id = repoId, wait_minutes = waitMinutes, branches, reviewer_ids = reviewers }),
            cancellation);
        await transaction.CommitAsync(cancellation);
        return true;
    }

    /// <summary>Deletes the rules; the environment's secrets and variables stay.</summary>
    /// <returns>False where there is none of that name.</returns>
    public async Task<bool> DeleteAsync(long repoId, string name, CancellationToken cancellation) =>
        await audit.ExecuteAsync(
            dataSource, Delete, new { repoId, name },
            rows => rows > 0 ? new AuditEntry("environment.delete", "environment", null, name, new { repo_id = repoId }) : null, cancellation) > 0;
}

/// <summary>An environment's rules.</summary>
public sealed record EnvironmentRow
{
    public long Id { get; init; }

    public string Name { get; init; } = "";

    public int WaitMinutes { get; init; }

    /// <summary>Null: every ref.</summary>
    public string[]? Branches { get; init; }

    /// <summary>Names of users, one of whom has to approve; none: nobody has to.</summary>
    public string[] Reviewers { get; init; } = [];

    public DateTime UpdatedAt { get; init; }
}
