using Npgsql;
using Shithub.Actions.Server.Audit;

namespace Shithub.Actions.Server.Access;

/// <summary>Users who were given a permission on one repository.</summary>
public sealed class Collaborators(NpgsqlDataSource dataSource, AuditLog audit)
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

    public Task SetAsync(long repoId, long userId, Permission permission, CancellationToken cancellation) =>
        audit.ExecuteAsync(
            dataSource, Set, new { repoId, userId, permission = PermissionNames.Of(permission) },
            _ => new AuditEntry(
                "collaborator.set", "repository", repoId, null, new { user_id = userId, permission = PermissionNames.Of(permission) }),
            cancellation);

    /// <returns>False where the user was no collaborator.</returns>
    public async Task<bool> RemoveAsync(long repoId, long userId, CancellationToken cancellation) =>
        await audit.ExecuteAsync(
            dataSource, Remove, new { repoId, userId },
            rows => rows > 0 ? new AuditEntry("collaborator.remove", "repository", repoId, null, new { user_id = userId }) : null,
            cancellation) > 0;
}
