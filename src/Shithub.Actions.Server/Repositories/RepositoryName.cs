using System.Text.RegularExpressions;

namespace Shithub.Actions.Server.Repositories;

/// <summary>The second part of a repository's address.</summary>
public static partial class RepositoryName
{
    /// <summary>Whether a repository could have this name. Text that could not is never sent to the database.</summary>
    public static bool IsValid(string name) => Pattern().IsMatch(name) && !name.EndsWith(".git", StringComparison.OrdinalIgnoreCase);

    /// <returns>What is wrong with the name, or null.</returns>
    public static string? Complaint(string name) =>
        IsValid(name)
            ? null
            : "A repository's name is 1 to 100 letters, digits, '.', '_' or '-', begins with a letter, digit or '_', and does not end in '.git'.";

    [GeneratedRegex(@"\A[A-Za-z0-9_][A-Za-z0-9._-]{0,99}\z")]
    private static partial Regex Pattern();
}
