using System.Diagnostics.CodeAnalysis;
using Dapper;
using Npgsql;
using Shithub.Actions.Server.Audit;

namespace Shithub.Actions.Server.Access;

/// <summary>Personal access tokens: made, listed, revoked, and found by what a caller shows.</summary>
public sealed class AccessTokens(NpgsqlDataSource dataSource, AuditLog audit)
{
    public const int NameLengthMax = 100;

    private const string Insert = """
        insert into access_tokens (user_id, name, token_hash, scopes, expires_at)
        select id, @name, @hash, @scopes, now() + @expiresIn
        from owners
        where lower(name) = lower(@user) and kind = 'user' and disabled_at is null
        returning id, expires_at
        """;

    // Served by the unique index on token_hash.
    private const string Find = """
        select u.id as user_id, u.name, u.is_admin, t.id as token_id, t.scopes,
               t.last_used_at is null or t.last_used_at < now() - interval '1 minute' as is_stale
        from access_tokens t
        join owners u on u.id = t.user_id
        where t.token_hash = @hash
          and t.revoked_at is null
          and (t.expires_at is null or t.expires_at > now())
          and u.disabled_at is null
        """;

    private const string Touch = """
        update access_tokens
        set last_used_at = now()
        where id = @tokenId and (last_used_at is null or last_used_at < now() - interval '1 minute')
        """;

    private const string ListAll = """
        select t.id, u.name as "user", t.name, t.scopes, t.created_at, t.expires_at, t.last_used_at, t.revoked_at
        from access_tokens t
        join owners u on u.id = t.user_id
        where @user::text is null or lower(u.name) = lower(@user)
        order by t.id
        """;

    private const string Revoke = """
        update access_tokens
        set revoked_at = now()
        where id = @id and revoked_at is null
        """;

    /// <summary>Makes a token. Its text is in the answer and nowhere else.</summary>
    /// <param name="user">The user's name.</param>
    /// <param name="expiresIn">Null for a token that stays good until it is revoked.</param>
    /// <returns>Null where there is no such user, or it is disabled.</returns>
    public async Task<NewAccessToken?> CreateAsync(
        string user, string name, IReadOnlyCollection<string> scopes, TimeSpan? expiresIn, CancellationToken cancellation)
    {
        var token = OpaqueToken.New(OpaqueToken.AccessTokenPrefix);
        await using var connection = await dataSource.OpenConnectionAsync(cancellation);
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        var row = await connection.QuerySingleOrDefaultAsync<(long Id, DateTime? ExpiresAt)?>(new CommandDefinition(
            Insert,
            new { user, name, hash = OpaqueToken.Hash(token), scopes = scopes.Distinct().ToArray(), expiresIn },
            transaction, cancellationToken: cancellation));
        if (row is not { } made)
            return null;
        await audit.AppendAsync(
            connection, transaction,
            new AuditEntry("token.create", "token", made.Id, name, new { user, scopes, expires_at = made.ExpiresAt }), cancellation);
        await transaction.CommitAsync(cancellation);
        return new NewAccessToken(made.Id, token, made.ExpiresAt);
    }

    /// <summary>Who shows this token; notes its use at most once a minute.</summary>
    public async Task<Actor?> FindActorAsync(string token, CancellationToken cancellation)
    {
        if (!token.StartsWith(OpaqueToken.AccessTokenPrefix, StringComparison.Ordinal))
            return null;
        await using var connection = await dataSource.OpenConnectionAsync(cancellation);
        var row = await connection.QuerySingleOrDefaultAsync<TokenRow>(
            new CommandDefinition(Find, new { hash = OpaqueToken.Hash(token) }, cancellationToken: cancellation));
        if (row is null)
            return null;
        if (row.IsStale)
            await connection.ExecuteAsync(new CommandDefinition(Touch, new { tokenId = row.TokenId }, cancellationToken: cancellation));
        return row.ToActor();
    }

    /// <param name="user">Only this user's, or null for everybody's.</param>
    public async Task<IReadOnlyList<AccessToken>> ListAsync(string? user, CancellationToken cancellation)
    {
        await using var connection = await dataSource.OpenConnectionAsync(cancellation);
        return [.. await connection.QueryAsync<AccessToken>(new CommandDefinition(ListAll, new { user }, cancellationToken: cancellation))];
    }

    /// <returns>False where there is no such token or it is already revoked.</returns>
    public async Task<bool> RevokeAsync(long id, CancellationToken cancellation) =>
        await audit.ExecuteAsync(
            dataSource, Revoke, new { id }, rows => rows > 0 ? new AuditEntry("token.revoke", "token", id, null) : null, cancellation) > 0;
}

/// <param name="Token">The secret itself, shown this once.</param>
public sealed record NewAccessToken(long Id, string Token, DateTime? ExpiresAt);

/// <summary>A token as it may be listed: without the secret.</summary>
public sealed class AccessToken
{
    public long Id { get; init; }

    public string User { get; init; } = "";

    public string Name { get; init; } = "";

    // Dapper assigns what Npgsql reads, an array.
    [SuppressMessage("Performance", "CA1819", Justification = "A row that was read; nobody shares it.")]
    public string[] Scopes { get; init; } = [];

    public DateTime CreatedAt { get; init; }

    public DateTime? ExpiresAt { get; init; }

    public DateTime? LastUsedAt { get; init; }

    public DateTime? RevokedAt { get; init; }
}

/// <summary>A valid token or session with its user, as the database has it.</summary>
internal sealed class TokenRow
{
    public long UserId { get; init; }

    public string Name { get; init; } = "";

    public bool IsAdmin { get; init; }

    public long TokenId { get; init; }

    public string[] Scopes { get; init; } = [];

    public bool IsStale { get; init; }

    public Actor ToActor() => new(UserId, Name, IsAdmin, TokenId, Scopes);
}
