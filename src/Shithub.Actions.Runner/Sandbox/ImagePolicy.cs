namespace Shithub.Actions.Runner.Sandbox;

/// <summary>
/// Which images a job may name: those of the operator's patterns, and the default one. <c>*</c> stands for any run of characters, <c>/</c>
/// and <c>:</c> included, <c>?</c> for one. A pattern is compared with the name as written and as Docker's registry would have it in full, so
/// that <c>postgres:*</c> and <c>docker.io/library/*</c> both allow <c>postgres:16</c>.
/// </summary>
internal sealed class ImagePolicy(IReadOnlyList<string> patterns, string defaultImage)
{
    private const string Hub = "docker.io";

    /// <returns>Why the image is not allowed here, as the end of a sentence; null if it is.</returns>
    public string? Refuse(string image)
    {
        if (image == defaultImage || patterns.Any(pattern => NamesOf(image).Any(name => Matches(pattern, name)))) return null;
        var allowed = patterns.Count == 0
            ? $"only the default image {defaultImage} is"
            : $"allowed are {defaultImage} and {string.Join(", ", patterns)}";
        return $"is not allowed on this runner: {allowed}. Its operator can add \"{image}\" to engine.images.";
    }

    private static IEnumerable<string> NamesOf(string image)
    {
        yield return image;
        var hasTag = image.LastIndexOf(':') > image.LastIndexOf('/') || image.Contains('@', StringComparison.Ordinal);
        var tagged = hasTag ? image : image + ":latest";
        yield return tagged;

        // The first part is a registry if it looks like a host: Docker's rule.
        var slash = tagged.IndexOf('/', StringComparison.Ordinal);
        if (slash < 0) yield return $"{Hub}/library/{tagged}";
        else if (tagged[..slash] is var first && first != "localhost" && first.IndexOfAny(['.', ':']) < 0) yield return $"{Hub}/{tagged}";
    }

    /// <summary>Takes time proportional to both lengths: after a mismatch only the last star can take more.</summary>
    private static bool Matches(string pattern, string name)
    {
        var (p, n, star, starredAt) = (0, 0, -1, 0);
        while (n < name.Length)
        {
            if (p < pattern.Length && pattern[p] == '*') (star, starredAt, p) = (p, n, p + 1);
            else if (p < pattern.Length && (pattern[p] == '?' || pattern[p] == name[n])) (p, n) = (p + 1, n + 1);
            else if (star >= 0) (p, n) = (star + 1, ++starredAt);
            else return false;
        }

        return pattern.AsSpan(p).TrimStart('*').IsEmpty;
    }
}
