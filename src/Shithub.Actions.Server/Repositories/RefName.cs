using System.Text;

namespace Shithub.Actions.Server.Repositories;

/// <summary>Names of branches and tags, as <c>git check-ref-format</c> takes them, and of those only what fits a database and a path.</summary>
public static class RefName
{
    public const string Branches = "refs/heads/";
    public const string Tags = "refs/tags/";
    public const string Pulls = "refs/pull/";

    /// <summary>Bytes. A file name ends at 255; a whole name longer than this is nobody's branch.</summary>
    private const int BytesMax = 1000;

    /// <summary>The text that git stands for "no commit".</summary>
    public static string ZeroSha { get; } = new('0', 40);

    public static bool IsSha(string text) =>
        text.Length is 40 or 64 && text.All(character => character is (>= '0' and <= '9') or (>= 'a' and <= 'f'));

    /// <summary>Whether this is the full name of a branch or tag that git would accept.</summary>
    public static bool IsBranchOrTag(string name) =>
        (name.StartsWith(Branches, StringComparison.Ordinal) || name.StartsWith(Tags, StringComparison.Ordinal)) && IsValid(name);

    /// <summary>What people call it: without <c>refs/heads/</c>, <c>refs/tags/</c> or <c>refs/pull/</c>.</summary>
    public static string WithoutPrefix(string name) =>
        name.StartsWith(Branches, StringComparison.Ordinal) ? name[Branches.Length..]
        : name.StartsWith(Tags, StringComparison.Ordinal) ? name[Tags.Length..]
        : name.StartsWith(Pulls, StringComparison.Ordinal) ? name[Pulls.Length..]
        : name;

    /// <summary>The rules of <c>git check-ref-format</c>.</summary>
    public static bool IsValid(string name) =>
        name.Length > 0
        && Encoding.UTF8.GetByteCount(name) <= BytesMax
        && !name.Any(character => character <= ' ' || character == '\x7f' || "~^:?*[\\".Contains(character, StringComparison.Ordinal))
        && !name.Contains("..", StringComparison.Ordinal)
        && !name.Contains("@{", StringComparison.Ordinal)
        && !name.EndsWith('.')
        && name.Split('/').All(IsValidComponent);

    private static bool IsValidComponent(string component) =>
        component.Length > 0
        && !component.StartsWith('.')
        && !component.EndsWith(".lock", StringComparison.Ordinal);
}
