namespace Shithub.Actions.Server.Access;

/// <summary>Who calls, as far as a valid token or browser session says.</summary>
/// <param name="UserId">The <c>owners.id</c> of the user.</param>
/// <param name="TokenId">The access token that was shown, or that the browser session was made from.</param>
/// <param name="Scopes">That token's scopes.</param>
public sealed record Actor(long UserId, string Name, bool IsSiteAdmin, long TokenId, IReadOnlyList<string> Scopes)
{
    /// <summary>The most the token allows on any repository, whatever its owner may do.</summary>
    public Permission Cap => TokenScopes.Cap(Scopes);

    /// <summary>A site admin's token without the scope <c>admin</c> administers nothing.</summary>
    public bool MayAdministerSite => IsSiteAdmin && Scopes.Contains(TokenScopes.Admin);
}

/// <summary>What a request's credentials turned out to be.</summary>
/// <param name="Actor">Null for anonymous requests and for refused ones.</param>
/// <param name="Refused">There were credentials, and they are unknown, expired, revoked or of a disabled user.</param>
public readonly record struct Authentication(Actor? Actor, bool Refused)
{
    public static Authentication Anonymous => default;
}
