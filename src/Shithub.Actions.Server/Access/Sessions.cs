using Dapper;
using Npgsql;
using Shithub.Actions.Configuration;
using Shithub.Actions.Server.Audit;

namespace Shithub.Actions.Server.Access;

/// <summary>A browser's sign-ins. Each is made from an access token and dies with it, or after <c>auth.session_lifetime</c>.</summary>
public sealed class Sessions(NpgsqlDataSource dataSource, AccessTokens tokens, ServerSettings settings, AuditLog audit)
{
    public const string CookieName = "shithub_session";

    private const string Insert = """
        insert into web_sessions (token_hash, access_token_id, expires_at)
        values (@hash, @tokenId, now() + @lifetime)
        returning expires_at
        """;

    // Served by the primary key.
    private const string Find = """
        select u.id as user_id, u.name, u.is_admin, t.id as token_id, t.scopes, false as is_stale
        from web_sessions s
        join access_tokens t on t.id = s.access_token_id
        join owners u on u.id = t.user_id
        where s.token_hash = @hash
          and s.expires_at > now()
          and t.revoked_at is null
          and (t.expires_at is null or t.expires_at > now())
          and u.disabled_at is null
        """;

    // A sign-out also sweeps what has expired, so the table does not grow.
    private const string Delete = """
        delete from web_sessions
        where token_hash = @hash or expires_at < now()
        """;

    /// <summary>Signs in with an access token.</summary>
    /// <returns>The cookie's value, or null where the token is not good.</returns>
    public async Task<NewSession?> CreateAsync(string accessToken, CancellationToken cancellation)
    {
        if (await tokens.FindActorAsync(accessToken.Trim(), cancellation) is not { } actor)
            return null;
        var session = OpaqueToken.New("shs_");
        await using var connection = await dataSource.OpenConnectionAsync(cancellation);
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        var expiresAt = await connection.QuerySingleAsync<DateTime>(new CommandDefinition(
            Insert, new { hash = OpaqueToken.Hash(session), tokenId = actor.TokenId, lifetime = settings.Auth.SessionLifetime }, transaction,
            cancellationToken: cancellation));
        await audit.AppendAsync(
            connection, transaction,
            new AuditEntry("session.create", "user", actor.UserId, actor.Name, new { expires_at = expiresAt }) { By = actor }, cancellation);
        await transaction.CommitAsync(cancellation);
        return new NewSession(session, expiresAt, actor);
    }

    public async Task<Actor?> FindActorAsync(string cookie, CancellationToken cancellation)
    {
        await using var connection = await dataSource.OpenConnectionAsync(cancellation);
        var row = await connection.QuerySingleOrDefaultAsync<TokenRow>(
            new CommandDefinition(Find, new { hash = OpaqueToken.Hash(cookie) }, cancellationToken: cancellation));
        return row?.ToActor();
    }

    /// <summary>Signs out; a session that is already gone is no error.</summary>
    public async Task DeleteAsync(string cookie, CancellationToken cancellation)
    {
        await using var connection = await dataSource.OpenConnectionAsync(cancellation);
        await connection.ExecuteAsync(new CommandDefinition(Delete, new { hash = OpaqueToken.Hash(cookie) }, cancellationToken: cancellation));
    }
}

/// <param name="Cookie">The value for the cookie <see cref="Sessions.CookieName"/>: HttpOnly, SameSite=Lax, Secure over https.</param>
public sealed record NewSession(string Cookie, DateTime ExpiresAt, Actor Actor);
