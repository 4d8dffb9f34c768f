namespace Shithub.Actions.Workflows.FileHashes;

/// <summary>
/// A pattern of <c>hashFiles</c>, with the rules of <c>@actions/glob</c> on Linux: <c>*</c>, <c>?</c>, <c>[…]</c>,
/// <c>**</c> for any number of folders, <c>!</c> to exclude, names that begin with a dot included.
/// </summary>
internal sealed class FilePattern
{
    private const string Globstar = "**";

    private readonly IReadOnlyList<SegmentPattern?> _segments;

    private FilePattern(bool excludes, bool foldersOnly, IReadOnlyList<SegmentPattern?> segments) =>
        (Excludes, FoldersOnly, _segments) = (excludes, foldersOnly, segments);

    public bool Excludes { get; }

    /// <summary>Written with a slash at its end.</summary>
    public bool FoldersOnly { get; }

    /// <summary>The folder or file where a search begins: the segments before the first that may match several names.</summary>
    public IReadOnlyList<string> Start =>
        [.. _segments.Select(segment => segment?.Literal).TakeWhile(literal => literal is not null).Select(literal => literal!)];

    /// <summary>The patterns in an argument of <c>hashFiles</c>, one a line; each that names a folder stands for all in it.</summary>
    /// <param name="workspace">The workspace's absolute path as the job sees it.</param>
    /// <exception cref="FormatException">A pattern has a segment <c>..</c>, or <c>.</c> after its beginning.</exception>
    public static IEnumerable<FilePattern> ParseAll(IEnumerable<string> arguments, string workspace)
    {
        foreach (var line in arguments.SelectMany(argument => argument.Split('\n')).Select(line => line.Trim()))
        {
            if (line.Length == 0 || line[0] == '#' || Parse(line, workspace) is not { } pattern)
                continue;
            yield return pattern;
            if (pattern.FoldersOnly || pattern._segments is not [.., null])
                yield return new FilePattern(pattern.Excludes, foldersOnly: false, [.. pattern._segments, null]);
        }
    }

    public bool Matches(IReadOnlyList<string> path) => Match(path, isPartial: false);

    /// <summary>Whether something below the folder <paramref name="path"/> may match.</summary>
    public bool MayMatchBelow(IReadOnlyList<string> path) => Match(path, isPartial: true);

    private static FilePattern? Parse(string line, string workspace)
    {
        var text = line;
        var excludes = false;
        while (text.StartsWith('!'))
        {
            excludes = !excludes;
            text = text[1..].Trim();
        }

        // What is outside the workspace is never hashed. A path that begins with a slash and is not the workspace's own is
        // one from its root, as GitHub's documentation has it.
        if (text.Length == 0 || text == "~" || text.StartsWith("~/", StringComparison.Ordinal))
            return null;
        if (workspace.Length > 1 && (text == workspace || text.StartsWith(workspace + "/", StringComparison.Ordinal)))
            text = "/" + text[workspace.Length..];

        var foldersOnly = text.EndsWith('/');
        var segments = text.Split('/', StringSplitOptions.RemoveEmptyEntries).ToList();
        if (segments is [".", ..])
            segments.RemoveAt(0);
        if (segments.Any(segment => segment is "." or ".."))
            throw new FormatException($"the pattern '{Yaml.YamlReader.Show(line)}' of 'hashFiles' has a segment '.' or '..'");
        return new FilePattern(
            excludes, foldersOnly, [.. segments.Select(segment => segment == Globstar ? null : SegmentPattern.Parse(segment))]);
    }

    // Which beginnings of the pattern match the path so far; one step for each segment of both.
    private bool Match(IReadOnlyList<string> path, bool isPartial)
    {
        var reached = new bool[_segments.Count + 1];
        reached[0] = true;
        SkipGlobstars(reached);
        foreach (var name in path)
        {
            var next = new bool[reached.Length];
            for (var i = 0; i < _segments.Count; i++)
            {
                if (!reached[i])
                    continue;
                if (_segments[i] is not { } segment)
                    next[i] = true;
                else if (segment.Matches(name))
                    next[i + 1] = true;
            }

            SkipGlobstars(next);
            reached = next;
        }

        return isPartial ? reached.AsSpan(0, _segments.Count).Contains(true) : reached[^1];
    }

    private void SkipGlobstars(bool[] reached)
    {
        for (var i = 0; i < _segments.Count; i++)
            reached[i + 1] |= reached[i] && _segments[i] is null;
    }
}
