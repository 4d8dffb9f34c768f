using Dapper;
using Npgsql;

namespace Shithub.Actions.Server.PullRequests;

/// <summary>Pull requests as the API, the pages and events read them.</summary>
public sealed class PullRequestStore(NpgsqlDataSource dataSource)
{
    private const string ById = $"""
        {PullRequest.Select}
        where p.id = @id
        """;

    private const string ByNumber = $"""
        {PullRequest.Select}
        where p.repo_id = @repoId and p.number = @number
        """;

    private const string List = $"""
        {PullRequest.Select}
        where p.repo_id = @repoId and (@state::text is null or p.state = @state or (@state = 'closed' and p.state = 'merged'))
            and (@before::integer is null or p.number < @before)
        order by p.number desc
        limit @limit
        """;

    public async Task<PullRequest?> FindAsync(long id, CancellationToken cancellation)
    {
        await using var connection = await dataSource.OpenConnectionAsync(cancellation);
        return await connection.QuerySingleOrDefaultAsync<PullRequest>(new CommandDefinition(ById, new { id }, cancellationToken: cancellation));
    }

    public async Task<PullRequest?> FindAsync(long repoId, int number, CancellationToken cancellation)
    {
        await using var connection = await dataSource.OpenConnectionAsync(cancellation);
        return await connection.QuerySingleOrDefaultAsync<PullRequest>(
            new CommandDefinition(ByNumber, new { repoId, number }, cancellationToken: cancellation));
    }

    /// <summary>The newest first. Give the last number of a page as <paramref name="before"/> for the next one.</summary>
    /// <param name="state"><c>open</c>, <c>closed</c> (merged ones are too) or null for all.</param>
    public async Task<IReadOnlyList<PullRequest>> ListAsync(
        long repoId, string? state, int? before, int limit, CancellationToken cancellation)
    {
        await using var connection = await dataSource.OpenConnectionAsync(cancellation);
        return [.. await connection.QueryAsync<PullRequest>(new CommandDefinition(
            List, new { repoId, state, before, limit }, cancellationToken: cancellation))];
    }

    /// <summary>As it is within a transaction, locked against a new head until that ends.</summary>
    public static Task<PullRequest?> LockAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, long id, CancellationToken cancellation) =>
        connection.QuerySingleOrDefaultAsync<PullRequest>(
            new CommandDefinition($"{ById} for update of p", new { id }, transaction, cancellationToken: cancellation));

    /// <inheritdoc cref="LockAsync"/>
    /// <remarks>Others that only look may do so at the same time.</remarks>
    public static Task<PullRequest?> HoldAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, long id, CancellationToken cancellation) =>
        connection.QuerySingleOrDefaultAsync<PullRequest>(
            new CommandDefinition($"{ById} for share of p", new { id }, transaction, cancellationToken: cancellation));
}
