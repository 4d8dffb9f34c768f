using System.Diagnostics.CodeAnalysis;

namespace Shithub.Actions.Server.Access;

/// <summary>What somebody may do with a repository. Each implies those before it, so they compare with <c>&lt;</c>.</summary>
[SuppressMessage("Naming", "CA1711", Justification = "The rule keeps the word for code access security, which is gone.")]
public enum Permission
{
    /// <summary>Not even know that it exists.</summary>
    None,
    Read,
    Write,
    Admin,
}

/// <summary>The permissions' names in the database, in the API and on the command line.</summary>
public static class PermissionNames
{
    public static string Of(Permission permission) => permission switch
    {
        Permission.Read => "read",
        Permission.Write => "write",
        Permission.Admin => "admin",
        _ => "none",
    };

    /// <returns>Null where the text is none of <c>read</c>, <c>write</c> and <c>admin</c>.</returns>
    public static Permission? Parse(string text) => text switch
    {
        "read" => Permission.Read,
        "write" => Permission.Write,
        "admin" => Permission.Admin,
        _ => null,
    };
}
