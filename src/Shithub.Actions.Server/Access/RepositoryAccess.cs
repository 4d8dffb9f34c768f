using Dapper;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;
using Shithub.Actions.Server.Http;
using Shithub.Actions.Server.Repositories;

namespace Shithub.Actions.Server.Access;

/// <summary>Who may do what with a repository: the one place that decides it, for the API, the pages and git.</summary>
public sealed class RepositoryAccess(NpgsqlDataSource dataSource, Authenticator authenticator)
{
    // The strongest of: site admin, owner, organization role, collaborator, everybody. A member of an organization reads all of
    // its repositories; writing is given per repository.
    private const string Find = $"""
        select {Repository.Columns},
               case
                   when @isAdmin or r.owner_id = @userId or m.role = 'owner' then 3
                   else greatest(
                       case c.permission when 'admin' then 3 when 'write' then 2 when 'read' then 1 else 0 end,
                       case when m.role = 'member' or not r.is_private then 1 else 0 end)
               end as permission
        from repositories r
        join owners o on o.id = r.owner_id
        left join organization_members m on m.organization_id = r.owner_id and m.user_id = @userId
        left join collaborators c on c.repo_id = r.id and c.user_id = @userId
        """;

    private const string FindById = Find + """

        where r.id = @id
        """;

    private const string FindByName = Find + """

        where lower(o.name) = lower(@owner) and lower(r.name) = lower(@name)
        """;

    /// <summary>Finds the repository for a caller who needs a permission on it, or the problem to answer with.</summary>
    /// <param name="what">What the caller asked for, as the answer calls it where there is none: a run or a job of the repository.</param>
    public async Task<RepositoryAuthorization> AuthorizeAsync(
        HttpContext context, long repoId, Permission needed, string what, CancellationToken cancellation)
    {
        var authentication = await authenticator.AuthenticateAsync(context, cancellation);
        return Decide(context, authentication, await FindAsync(authentication.Actor, repoId, cancellation), needed, what);
    }

    /// <inheritdoc cref="AuthorizeAsync(HttpContext, long, Permission, string, CancellationToken)"/>
    public async Task<RepositoryAuthorization> AuthorizeAsync(
        HttpContext context, string owner, string name, Permission needed, CancellationToken cancellation)
    {
        var authentication = await authenticator.AuthenticateAsync(context, cancellation);
        return Decide(context, authentication, await FindAsync(authentication.Actor, owner, name, cancellation), needed, "repository");
    }

    /// <returns>Null where there is no such repository or the actor (null: anonymous) may not know of it.</returns>
    public async Task<VisibleRepository?> FindAsync(Actor? actor, long repoId, CancellationToken cancellation) =>
        await FindAsync(FindById, new { id = repoId, userId = actor?.UserId, isAdmin = actor?.IsSiteAdmin ?? false }, actor, cancellation);

    /// <inheritdoc cref="FindAsync(Actor?, long, CancellationToken)"/>
    public async Task<VisibleRepository?> FindAsync(Actor? actor, string owner, string name, CancellationToken cancellation) =>
        OwnerName.IsValid(owner) && RepositoryName.IsValid(name)
            ? await FindAsync(
                FindByName, new { owner, name, userId = actor?.UserId, isAdmin = actor?.IsSiteAdmin ?? false }, actor, cancellation)
            : null;

    /// <summary>The answer of the API. An anonymous caller gets the same 401 for what is private and for what does not exist.</summary>
    private static RepositoryAuthorization Decide(
        HttpContext context, Authentication authentication, VisibleRepository? found, Permission needed, string what)
    {
        if (authentication.Refused)
            return Refuse(Challenge.Answer(context, "The token is unknown, expired or revoked. Create a new one."));
        if (found is not null && found.Permission >= needed)
            return new RepositoryAuthorization(new Authorized(authentication.Actor, found.Repository, found.Permission), null);
        if (authentication.Actor is not { } actor)
            return Refuse(Challenge.Answer(context, $"Send a personal access token with the scope {TokenScopes.For(needed)}."));
        if (found is null)
            return Refuse(Problems.NotFound(what));
        return Refuse(Problems.Forbidden(
            actor.Cap < needed
                ? $"The token lacks the scope {TokenScopes.For(needed)}; create one that has it."
                : $"{actor.Name} has the permission {PermissionNames.Of(found.Permission)} on {found.Repository.FullName}, " +
                  $"and this needs {PermissionNames.Of(needed)}. Ask an admin of the repository for it."));
    }

    private static RepositoryAuthorization Refuse(ProblemHttpResult problem) => new(null, problem);

    private async Task<VisibleRepository?> FindAsync(string sql, object parameters, Actor? actor, CancellationToken cancellation)
    {
        await using var connection = await dataSource.OpenConnectionAsync(cancellation);
        var row = await connection.QuerySingleOrDefaultAsync<RepositoryRow>(
            new CommandDefinition(sql, parameters, cancellationToken: cancellation));
        if (row is null)
            return null;
        var permission = (Permission)row.Permission;
        if (actor is not null && actor.Cap < permission)
            permission = actor.Cap;
        return permission == Permission.None ? null : new VisibleRepository(row, permission);
    }

    private sealed record RepositoryRow : Repository
    {
        public int Permission { get; init; }
    }
}

/// <summary>A repository and what the caller may do with it, at least <see cref="Permission.Read"/>.</summary>
public sealed record VisibleRepository(Repository Repository, Permission Permission);

/// <param name="Actor">Null for an anonymous reader of a public repository.</param>
public sealed record Authorized(Actor? Actor, Repository Repository, Permission Permission);

/// <summary>Exactly one of the two is set.</summary>
public readonly record struct RepositoryAuthorization(Authorized? Granted, ProblemHttpResult? Problem);
