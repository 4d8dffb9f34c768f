namespace Shithub.Actions.Server.Access;

/// <summary>What a personal access token was made for. It caps what its owner may do, and never adds to it.</summary>
public static class TokenScopes
{
    public const string RepoRead = "repo:read";
    public const string RepoWrite = "repo:write";
    public const string Admin = "admin";

    public static IReadOnlyList<string> All { get; } = [RepoRead, RepoWrite, Admin];

    /// <summary>The most that a token with these scopes may do with any repository.</summary>
    public static Permission Cap(IReadOnlyCollection<string> scopes) =>
        scopes.Contains(Admin) ? Permission.Admin
        : scopes.Contains(RepoWrite) ? Permission.Write
        : scopes.Contains(RepoRead) ? Permission.Read
        : Permission.None;

    /// <summary>The scope that a call needs which needs this permission.</summary>
    public static string For(Permission needed) => needed switch
    {
        Permission.Admin => Admin,
        Permission.Write => RepoWrite,
        _ => RepoRead,
    };
}
