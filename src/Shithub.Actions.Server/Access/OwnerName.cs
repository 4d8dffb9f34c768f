using System.Text.RegularExpressions;

namespace Shithub.Actions.Server.Access;

/// <summary>The names of users and organizations: they are the first part of a repository's address.</summary>
public static partial class OwnerName
{
    /// <summary>First parts of addresses that are the server's own.</summary>
    private static readonly HashSet<string> Reserved = new(StringComparer.OrdinalIgnoreCase)
    {
        "api", "admin", "assets", "favicon.ico", "health", "login", "logout", "metrics", "openapi", "ready", "robots.txt", "runs",
        "settings", "static", "swagger",
    };

    /// <summary>Whether an owner could have this name. Text that could not is never sent to the database.</summary>
    public static bool IsValid(string name) => Pattern().IsMatch(name);

    /// <returns>What is wrong with the name for a new owner, or null.</returns>
    public static string? Complaint(string name) =>
        !IsValid(name)
            ? "The name of a user or organization is 1 to 39 letters, digits, '.', '_' or '-', and begins with a letter or digit."
        : Reserved.Contains(name)
            ? $"The name '{name}' is part of this server's own addresses; choose another."
        : null;

    [GeneratedRegex(@"\A[A-Za-z0-9][A-Za-z0-9._-]{0,38}\z")]
    private static partial Regex Pattern();
}
