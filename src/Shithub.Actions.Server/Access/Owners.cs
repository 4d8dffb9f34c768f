using Dapper;
using Npgsql;
using Shithub.Actions.Server.Audit;

namespace Shithub.Actions.Server.Access;

/// <summary>Users and organizations: both own repositories, and share one set of names.</summary>
public sealed class Owners(NpgsqlDataSource dataSource, AuditLog audit)
{
    private const string Columns = "id, name, kind, is_admin, actions_enabled, created_at, disabled_at";

    private const string Insert = $"""
        insert into owners (name, kind, is_admin)
        values (@name, @kind, @isAdmin)
        on conflict do nothing
        returning {Columns}
        """;

    private const string InsertMember = """
        insert into organization_members (organization_id, user_id, role)
        values (@organizationId, @userId, @role)
        on conflict (organization_id, user_id) do update set role = excluded.role
        """;

    private const string FindByName = $"""
        select {Columns}
        from owners
        where lower(name) = lower(@name)
        """;

    private const string ListKind = $"""
        select {Columns}
        from owners
        where kind = @kind
        order by lower(name)
        """;

    private const string Disable = """
        update owners
        set disabled_at = coalesce(disabled_at, now())
        where lower(name) = lower(@name) and kind = 'user'
        """;

    private const string MayCreate = """
        select exists (
            select 1
            from owners o
            left join organization_members m on m.organization_id = o.id and m.user_id = @userId
            where o.id = @ownerId and (o.id = @userId or m.role = 'owner'))
        """;

    /// <returns>Null where the name is taken. See <see cref="OwnerName.Complaint"/> for names that are none.</returns>
    public async Task<Owner?> CreateUserAsync(string name, bool isAdmin, CancellationToken cancellation)
    {
        await using var connection = await dataSource.OpenConnectionAsync(cancellation);
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        var user = await connection.QuerySingleOrDefaultAsync<Owner>(
            new CommandDefinition(Insert, new { name, kind = Owner.User, isAdmin }, transaction, cancellationToken: cancellation));
        if (user is null)
            return null;
        await audit.AppendAsync(
            connection, transaction, new AuditEntry("user.create", "user", user.Id, user.Name, new { is_admin = isAdmin }), cancellation);
        await transaction.CommitAsync(cancellation);
        return user;
    }

    /// <param name="firstOwnerId">The user who owns the organization, or null for one that site admins look after.</param>
    /// <returns>Null where the name is taken.</returns>
    public async Task<Owner?> CreateOrganizationAsync(string name, long? firstOwnerId, CancellationToken cancellation)
    {
        await using var connection = await dataSource.OpenConnectionAsync(cancellation);
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        var organization = await connection.QuerySingleOrDefaultAsync<Owner>(new CommandDefinition(
            Insert, new { name, kind = Owner.Organization, isAdmin = false }, transaction, cancellationToken: cancellation));
        if (organization is not null && firstOwnerId is { } userId)
        {
            await connection.ExecuteAsync(new CommandDefinition(
                InsertMember, new { organizationId = organization.Id, userId, role = "owner" }, transaction, cancellationToken: cancellation));
        }

        if (organization is not null)
        {
            await audit.AppendAsync(
                connection, transaction, new AuditEntry("organization.create", "organization", organization.Id, organization.Name), cancellation);
        }

        await transaction.CommitAsync(cancellation);
        return organization;
    }

    public async Task<Owner?> FindAsync(string name, CancellationToken cancellation)
    {
        if (!OwnerName.IsValid(name))
            return null;
        await using var connection = await dataSource.OpenConnectionAsync(cancellation);
        return await connection.QuerySingleOrDefaultAsync<Owner>(
            new CommandDefinition(FindByName, new { name }, cancellationToken: cancellation));
    }

    /// <param name="kind"><see cref="Owner.User"/> or <see cref="Owner.Organization"/>.</param>
    public async Task<IReadOnlyList<Owner>> ListAsync(string kind, CancellationToken cancellation)
    {
        await using var connection = await dataSource.OpenConnectionAsync(cancellation);
        return [.. await connection.QueryAsync<Owner>(new CommandDefinition(ListKind, new { kind }, cancellationToken: cancellation))];
    }

    /// <summary>From now on the user's tokens and sessions are refused. What the user owns stays.</summary>
    /// <returns>False where there is no such user.</returns>
    public async Task<bool> DisableUserAsync(string name, CancellationToken cancellation) =>
        await audit.ExecuteAsync(
            dataSource, Disable, new { name }, rows => rows > 0 ? new AuditEntry("user.disable", "user", null, name) : null, cancellation) > 0;

    /// <param name="role"><c>member</c> (reads all repositories) or <c>owner</c> (administers them).</param>
    public Task SetMemberAsync(long organizationId, long userId, string role, CancellationToken cancellation) =>
        audit.ExecuteAsync(
            dataSource, InsertMember, new { organizationId, userId, role },
            _ => new AuditEntry("organization.set-member", "organization", organizationId, null, new { user_id = userId, role }), cancellation);

    /// <summary>Whether the user may create repositories under this owner: their own name, or an organization they own.</summary>
    public async Task<bool> MayCreateRepositoriesAsync(long ownerId, long userId, CancellationToken cancellation)
    {
        await using var connection = await dataSource.OpenConnectionAsync(cancellation);
        return await connection.ExecuteScalarAsync<bool>(
            new CommandDefinition(MayCreate, new { ownerId, userId }, cancellationToken: cancellation));
    }
}

/// <summary>A user or an organization.</summary>
public sealed class Owner
{
    public const string User = "user";
    public const string Organization = "organization";

    public long Id { get; init; }

    public string Name { get; init; } = "";

    public string Kind { get; init; } = User;

    public bool IsAdmin { get; init; }

    /// <summary>Off is a hard stop for the jobs of all of the owner's repositories.</summary>
    public bool ActionsEnabled { get; init; }

    public DateTime CreatedAt { get; init; }

    public DateTime? DisabledAt { get; init; }
}
