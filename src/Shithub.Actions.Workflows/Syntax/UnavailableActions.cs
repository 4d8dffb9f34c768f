using Shithub.Actions.Workflows.Yaml;

namespace Shithub.Actions.Workflows;

/// <summary>
/// Actions that cannot run here whoever mirrors them: those of other forges' addresses, Docker images, and those of GitHub's marketplace
/// that are known to be Node programs or images. Each refusal says what to do instead.
/// </summary>
public static partial class UnavailableActions
{
    /// <summary>Why <paramref name="uses"/> cannot run and what to do instead; null if it may be a composite action of this server.</summary>
    internal static (string Message, string? Alternative)? Describe(string uses)
    {
        var shown = YamlReader.Show(uses);
        if (uses.StartsWith("docker://", StringComparison.OrdinalIgnoreCase))
            return ($"'{shown}' is not supported: an action cannot bring its own image", "run the job in it with 'container', and its program with 'run'");
        if (WithoutAddress(uses) is { } bare)
        {
            return (
                $"'{shown}' is not fetched from there: actions come from repositories of this server",
                Alternative(bare) ?? $"mirror it here and write '{bare}'");
        }

        var (name, version) = BuiltInActions.Split(uses);
        if (BuiltInActions.FindName(name) is { } other)
        {
            var isOwn = name.Equals(other.OwnName, StringComparison.OrdinalIgnoreCase);
            var known = isOwn ? $"{other.OwnName}@v1" : $"{other.Name}@{other.Versions[^1]}";
            var have = isOwn ? "v1" : string.Join(", ", other.Versions);
            return (
                version.Length == 0
                    ? $"'{shown}' has no version; built in: {have}"
                    : $"this version of '{name}' is not built in: '{YamlReader.Show(version)}'; built in: {have}",
                $"write '{known}'");
        }

        if (Alternative(uses) is { } alternative && !Composite.Contains(name.ToLowerInvariant()))
            return ($"the action '{shown}' is not available here", alternative);
        return NearestName.Find(uses, BuiltInActions.All.SelectMany(action => action.Uses)) is { } near
            && near.Split('/').Length == uses.Split('/').Length && near.Split('@')[^1] == version && IsSlip(name, near.Split('@')[0])
            ? ($"the action '{shown}' is not available here", $"did you mean '{near}'?")
            : null;
    }

    /// <summary>
    /// What to do instead of an action of GitHub's marketplace, as a piece of advice such as
    /// <c>use an image that has node, or install it in a 'run:' step</c>; null if nothing is known of it.
    /// </summary>
    public static string? Alternative(string uses)
    {
        ArgumentNullException.ThrowIfNull(uses);
        var name = BuiltInActions.Split(uses).Name.ToLowerInvariant();
        if (Known.TryGetValue(name, out var advice))
            return advice;
        var parts = name.Split('/');
        if (parts.Length < 2)
            return null;
        if (Known.TryGetValue($"{parts[0]}/{parts[1]}", out advice))
            return advice;
        if (Owners.Contains(parts[0]))
        {
            return parts[1].StartsWith("setup-", StringComparison.Ordinal)
                ? Install(parts[1]["setup-".Length..])
                : "it is a program for Node or an image of GitHub's marketplace: do the same in a 'run:' step, or write a composite action";
        }

        return null;
    }

    private static string Install(string tool) =>
        $"use an image that has {YamlReader.Show(tool)} with 'container', or install it in a 'run:' step";

    /// <summary>What follows the host of an address, by which Forgejo and Gitea let an action be named; null for what is none.</summary>
    internal static string? WithoutAddress(string uses)
    {
        if (!uses.StartsWith("https://", StringComparison.OrdinalIgnoreCase) && !uses.StartsWith("http://", StringComparison.OrdinalIgnoreCase))
            return null;
        var path = uses[(uses.IndexOf("://", StringComparison.Ordinal) + 3)..];
        var slash = path.IndexOf('/', StringComparison.Ordinal);
        return slash < 0 ? path : path[(slash + 1)..].Replace(".git@", "@", StringComparison.Ordinal);
    }

    // One letter that is wrong, missing or too much in the owner: 'action/checkout'. Other owners have their own actions of that name.
    private static bool IsSlip(string name, string known) =>
        name.Length > 8 && Math.Abs(name.Length - known.Length) <= 1 && NearestName.Find(name, [known]) is not null;
}
