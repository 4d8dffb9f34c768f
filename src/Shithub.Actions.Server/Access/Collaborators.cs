using Dapper;
using Npgsql;

namespace Shithub.Actions.Server.Access;

/// <summary>Users who were given a permission on one repository.</summary>
public sealed class Collaborators(NpgsqlDataSource dataSource)
{
    private const string Set = """
        insert into collaborators (repo_id, user_id, permission)
        values (@repoId, @userId, @permission)
        on conflict (repo_id, user_id) do update set permission = excluded.permission
        """;

    private const string Remove = """
        delete from collaborators
        where repo_id = @repoId and user_id = @userId
        """;

    public async Task SetAsync(long repoId, long userId, Permission permission, CancellationToken cancellation)
    {
        await using var connection = await dataSource.OpenConnectionAsync(cancellation);
        await connection.ExecuteAsync(new CommandDefinition(
            Set, new { repoId, userId, permission = PermissionNames.Of(permission) }, cancellationToken: cancellation));
    }

    /// <returns>False where the user was no collaborator.</returns>
    public async Task<bool> RemoveAsync(long repoId, long userId, CancellationToken cancellation)
    {
        await using var connection = await dataSource.OpenConnectionAsync(cancellation);
        return await connection.ExecuteAsync(
            new CommandDefinition(Remove, new { repoId, userId }, cancellationToken: cancellation)) > 0;
    }
}
