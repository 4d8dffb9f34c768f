using System.Collections.Frozen;

namespace Shithub.Actions.Workflows;

/// <summary>The actions that the runner has built in, with the inputs and outputs of their namesakes on GitHub.</summary>
public static class BuiltInActions
{
    private const string OwnVersion = "v1";

    private static readonly string[] OfCache = ["v3", "v5"];

    /// <summary>All of them.</summary>
    public static IReadOnlyList<BuiltInAction> All { get; } =
    [
        new(
            BuiltInActionKind.Checkout, "actions/checkout", "shithub/checkout", ["v3", "v4", "v5"],
            [
                Text("repository"), Text("ref"), Text("token"), Text("ssh-key"), Text("ssh-known-hosts"), Flag("ssh-strict", true),
                Text("ssh-user", "git"), Flag("persist-credentials", false), Text("path"), Flag("clean", true), Text("filter"),
                Text("sparse-checkout"), Flag("sparse-checkout-cone-mode", true), Number("fetch-depth", "1"), Flag("fetch-tags", false),
                Flag("show-progress", true), Flag("lfs", false), Choice("submodules", "false", "true", "false", "recursive"),
                Flag("set-safe-directory", true), Text("github-server-url"),
            ],
            ["ref", "commit"]) { OtherVersions = ["v2", "v6", "v7"] },
        new(
            BuiltInActionKind.UploadArtifact, "actions/upload-artifact", "shithub/upload-artifact", ["v4"],
            [
                Text("name", "artifact"), Required("path"), Choice("if-no-files-found", "warn", "warn", "error", "ignore"),
                Number("retention-days"), Choice("compression-level", "6", "0", "1", "2", "3", "4", "5", "6", "7", "8", "9"),
                Flag("overwrite", false), Flag("include-hidden-files", false),
            ],
            ["artifact-id", "artifact-url", "artifact-digest"]) { OtherVersions = ["v5", "v6", "v7"] },
        new(
            BuiltInActionKind.DownloadArtifact, "actions/download-artifact", "shithub/download-artifact", ["v4"],
            [
                Text("name"), Text("artifact-ids"), Text("path"), Text("pattern"), Flag("merge-multiple", false), Text("github-token"),
                Text("repository"), Number("run-id"),
            ],
            ["download-path"]) { OtherVersions = ["v5", "v6", "v7", "v8"] },
        new(
            BuiltInActionKind.Cache, "actions/cache", "shithub/cache", ["v4"],
            [
                Required("path"), Required("key"), Text("restore-keys"), Number("upload-chunk-size"), Flag("enablecrossosarchive", false),
                Flag("fail-on-cache-miss", false), Flag("lookup-only", false), Flag("save-always", false),
            ],
            ["cache-hit"]) { OtherVersions = OfCache },
        new(
            BuiltInActionKind.CacheRestore, "actions/cache/restore", "shithub/cache/restore", ["v4"],
            [
                Required("path"), Required("key"), Text("restore-keys"), Flag("enablecrossosarchive", false),
                Flag("fail-on-cache-miss", false), Flag("lookup-only", false),
            ],
            ["cache-hit", "cache-primary-key", "cache-matched-key"]) { OtherVersions = OfCache },
        new(
            BuiltInActionKind.CacheSave, "actions/cache/save", "shithub/cache/save", ["v4"],
            [Required("path"), Required("key"), Number("upload-chunk-size"), Flag("enablecrossosarchive", false)],
            []) { OtherVersions = OfCache },
    ];

    private static readonly FrozenDictionary<string, BuiltInAction> ByName = All
        .SelectMany(action => new[] { KeyValuePair.Create(action.Name, action), KeyValuePair.Create(action.OwnName, action) })
        .ToFrozenDictionary(StringComparer.OrdinalIgnoreCase);

    /// <summary>
    /// The built-in action that <paramref name="uses"/> names: a version that it has or is read as one that it has, a release of one
    /// (<c>@v4.2.2</c>), or a commit of GitHub's repository. Null if it names none.
    /// </summary>
    public static BuiltInAction? Find(string uses) => Resolve(uses)?.Action;

    /// <summary>Whether <paramref name="uses"/> is the checkout: <c>actions/checkout@v4</c> and the like, <c>shithub/checkout@v1</c>.</summary>
    public static bool IsCheckout(string uses) => Find(uses)?.Kind == BuiltInActionKind.Checkout;

    /// <param name="Canonical">As one of <see cref="BuiltInAction.Uses"/>.</param>
    /// <param name="Instead">
    /// <c>commit</c> or <c>version</c> where the file asks for one that is not behind the built-in action, and makes no difference; else null.
    /// </param>
    internal readonly record struct Use(BuiltInAction Action, string Canonical, string? Instead);

    internal static Use? Resolve(string uses)
    {
        ArgumentNullException.ThrowIfNull(uses);
        var (name, version) = Split(uses);
        if (FindName(name) is not { } action)
            return null;
        var isOwn = name.Equals(action.OwnName, StringComparison.OrdinalIgnoreCase);
        var known = isOwn ? [OwnVersion] : action.Versions;
        var canonicalName = isOwn ? action.OwnName : action.Name;
        if (known.FirstOrDefault(major => IsReleaseOf(major, version)) is { } found)
            return new Use(action, $"{canonicalName}@{found}", null);
        var instead = isOwn ? null
            : version.Length == 40 && version.All(char.IsAsciiHexDigit) ? "commit"
            : action.OtherVersions.Any(major => IsReleaseOf(major, version)) ? "version"
            : null;
        return instead is null ? null : new Use(action, $"{canonicalName}@{known[^1]}", instead);
    }

    /// <summary>The built-in action of that name, whatever its version.</summary>
    internal static BuiltInAction? FindName(string name) => ByName.GetValueOrDefault(name);

    internal static (string Name, string Version) Split(string uses)
    {
        var at = uses.IndexOf('@', StringComparison.Ordinal);
        return at < 0 ? (uses, "") : (uses[..at], uses[(at + 1)..]);
    }

    // v4, v4.2 and v4.2.2 are releases of v4; v42 is not.
    private static bool IsReleaseOf(string major, string version) =>
        version.StartsWith(major, StringComparison.OrdinalIgnoreCase)
        && (version.Length == major.Length
            || (version[major.Length] == '.' && version[major.Length..].All(c => char.IsAsciiDigit(c) || c == '.') && version[^1] != '.'));

    private static BuiltInInput Text(string name, string? given = null) => new(name, BuiltInInputType.Text, false, given, []);

    private static BuiltInInput Required(string name) => new(name, BuiltInInputType.Text, true, null, []);

    private static BuiltInInput Flag(string name, bool given) => new(name, BuiltInInputType.Boolean, false, given ? "true" : "false", []);

    private static BuiltInInput Number(string name, string? given = null) => new(name, BuiltInInputType.WholeNumber, false, given, []);

    private static BuiltInInput Choice(string name, string given, params string[] options) =>
        new(name, BuiltInInputType.Choice, false, given, options);
}
