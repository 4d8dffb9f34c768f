using Shithub.Actions.Server.Repositories;
using Shithub.Actions.Workflows;

namespace Shithub.Actions.Server.Environments;

/// <summary>Which refs may use an environment.</summary>
public static class EnvironmentRules
{
    public const int PatternsMax = 100;

    /// <summary>
    /// A pattern is of branches, unless it begins with <c>refs/</c>: then it is of the ref in full. So a branch that is named like a tag
    /// passes for no tag, and a pull request (<c>refs/pull/…</c>) for no branch.
    /// </summary>
    /// <param name="patterns">Null: every ref.</param>
    /// <param name="headRef">In full.</param>
    public static bool Allows(IReadOnlyList<string>? patterns, string headRef)
    {
        ArgumentNullException.ThrowIfNull(headRef);
        if (patterns is null)
            return true;
        var branch = headRef.StartsWith(RefName.Branches, StringComparison.Ordinal) ? headRef[RefName.Branches.Length..] : null;
        return patterns.Any(pattern =>
            (pattern.StartsWith("refs/", StringComparison.Ordinal) ? headRef : branch) is { } name
            && GlobPattern.TryParse(pattern, out var glob, out _) && !glob.IsExclusion && glob.IsMatch(name));
    }

    /// <returns>What is wrong with a pattern, or null.</returns>
    public static string? Complaint(string pattern)
    {
        ArgumentNullException.ThrowIfNull(pattern);
        return !GlobPattern.TryParse(pattern, out var glob, out var error) ? $"'{pattern}' is no pattern: {error}"
            : glob.IsExclusion ? $"'{pattern}' begins with '!': name what is allowed instead."
            : null;
    }
}
