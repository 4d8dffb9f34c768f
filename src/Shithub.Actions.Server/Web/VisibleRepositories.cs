using Dapper;
using Npgsql;
using Shithub.Actions.Server.Access;

namespace Shithub.Actions.Server.Web;

/// <summary>The repositories that a visitor may see, by the same rule as <see cref="RepositoryAccess"/>.</summary>
public sealed class VisibleRepositories(NpgsqlDataSource dataSource)
{
    // The last run comes from index workflow_runs_repo, one row each.
    private const string List = """
        select o.name || '/' || r.name as full_name, r.is_private, w.status as last_status, w.conclusion as last_conclusion,
            w.created_at as last_run_at
        from repositories r
        join owners o on o.id = r.owner_id
        left join lateral (
            select status, conclusion, created_at
            from workflow_runs
            where repo_id = r.id
            order by id desc
            limit 1
        ) w on true
        where (@owner::text is null or lower(o.name) = lower(@owner))
            and (not r.is_private
                or @mayRead and (
                    @isAdmin
                    or r.owner_id = @userId
                    or exists (select from organization_members m where m.organization_id = r.owner_id and m.user_id = @userId)
                    or exists (select from collaborators c where c.repo_id = r.id and c.user_id = @userId)))
        order by w.created_at desc nulls last, r.id desc
        limit @limit
        """;

    /// <summary>Those with the latest runs first.</summary>
    /// <param name="owner">Only this owner's, or null.</param>
    public async Task<IReadOnlyList<ListedRepository>> ListAsync(Actor? viewer, string? owner, int limit, CancellationToken cancellation)
    {
        await using var connection = await dataSource.OpenConnectionAsync(cancellation);
        return [.. await connection.QueryAsync<ListedRepository>(new CommandDefinition(
            List,
            new
            {
                owner,
                userId = viewer?.UserId,
                isAdmin = viewer?.IsSiteAdmin ?? false,
                mayRead = viewer is not null && viewer.Cap >= Permission.Read,
                limit,
            },
            cancellationToken: cancellation))];
    }
}

/// <summary>A repository in a list, with its last run if there was one.</summary>
public sealed record ListedRepository
{
    public string FullName { get; init; } = "";

    public bool IsPrivate { get; init; }

    public string? LastStatus { get; init; }

    public string? LastConclusion { get; init; }

    public DateTime? LastRunAt { get; init; }
}
