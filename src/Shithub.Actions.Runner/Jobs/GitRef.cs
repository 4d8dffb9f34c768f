namespace Shithub.Actions.Runner.Jobs;

/// <summary>Reads full git ref names.</summary>
internal static class GitRef
{
    public const string Heads = "refs/heads/";
    public const string Tags = "refs/tags/";
    private const string Pull = "refs/pull/";

    /// <summary><c>refs/heads/a/b</c> is <c>a/b</c>, <c>refs/pull/7/merge</c> is <c>7/merge</c>.</summary>
    public static string ShortName(string name) =>
        new[] { Heads, Tags, Pull }.FirstOrDefault(prefix => name.StartsWith(prefix, StringComparison.Ordinal)) is { } prefix
            ? name[prefix.Length..]
            : name;

    public static string Type(string name) => name.StartsWith(Tags, StringComparison.Ordinal) ? "tag" : "branch";
}
