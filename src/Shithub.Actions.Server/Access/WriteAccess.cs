using Dapper;
using Npgsql;

namespace Shithub.Actions.Server.Access;

/// <summary>
/// Whether a user may write to a repository now, by the rule of <see cref="RepositoryAccess"/>, asked inside the transaction that stores
/// what follows from it. Of a user and not of a token: for people who are not calling.
/// </summary>
public static class WriteAccess
{
    private const string Ask = """
        select exists (
            select
            from repositories r
            join owners u on u.id = @userId and u.disabled_at is null
            left join organization_members m on m.organization_id = r.owner_id and m.user_id = u.id
            left join collaborators c on c.repo_id = r.id and c.user_id = u.id
            where r.id = @repoId
                and (u.is_admin or r.owner_id = u.id or m.role = 'owner' or c.permission in ('write', 'admin')))
        """;

    public static Task<bool> OfAsync(
        NpgsqlConnection connection, NpgsqlTransaction? transaction, long repoId, long? userId, CancellationToken cancellation) =>
        connection.ExecuteScalarAsync<bool>(new CommandDefinition(Ask, new { repoId, userId }, transaction, cancellationToken: cancellation));
}
