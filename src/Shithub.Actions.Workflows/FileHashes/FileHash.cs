using System.Security.Cryptography;
using Shithub.Actions.Workflows.FileHashes;

namespace Shithub.Actions.Workflows;

/// <summary>How <see cref="FileHash"/> sees a workspace. Paths are relative to it, with slashes, and empty for itself.</summary>
/// <param name="IsFolder">Null where nothing is. A symbolic link is not a folder, whatever it points to.</param>
/// <param name="List">The names in a folder, in any order.</param>
/// <param name="Open">A file's content; null for one that is not to be read, such as a link to something outside.</param>
public sealed record WorkspaceFiles(
    Func<string, bool?> IsFolder, Func<string, IEnumerable<string>> List, Func<string, Stream?> Open);

/// <summary>
/// What <c>hashFiles</c> does: the SHA-256 of the SHA-256s of the files that match, in the order in which GitHub's runner
/// finds them, so that both give the same hash for the same files.
/// </summary>
public static class FileHash
{
    /// <param name="workspace">The workspace's absolute path as the job sees it; patterns may begin with it.</param>
    /// <returns>64 hexadecimal digits, or an empty string where no file matches.</returns>
    /// <exception cref="FormatException">A pattern is not valid, or there is too much to look at; the message is for users.</exception>
    public static string Compute(
        IReadOnlyList<string> patterns, WorkspaceFiles files, string workspace, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(files);
        ArgumentNullException.ThrowIfNull(workspace);
        var parsed = FilePattern.ParseAll(patterns, workspace.TrimEnd('/')).ToList();
        using var result = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var any = false;
        foreach (var path in Find(parsed, files, cancellation))
        {
            using var content = files.Open(path);
            if (content is null)
                continue;
            result.AppendData(SHA256.HashData(content));
            any = true;
        }

        return any ? Convert.ToHexStringLower(result.GetHashAndReset()) : "";
    }

    private static IEnumerable<string> Find(List<FilePattern> patterns, WorkspaceFiles files, CancellationToken cancellation)
    {
        var stack = new Stack<string[]>(Starts(patterns).Reverse());
        var looked = 0;
        while (stack.TryPop(out var segments))
        {
            cancellation.ThrowIfCancellationRequested();
            if (++looked > WorkflowLimits.MaxHashedEntries || segments.Length > WorkflowLimits.MaxHashedDepth)
            {
                throw new FormatException(
                    $"'hashFiles' would look at more than {WorkflowLimits.MaxHashedEntries} files and folders, or more than "
                    + $"{WorkflowLimits.MaxHashedDepth} folders deep; narrow its patterns");
            }

            var (asFile, asFolder) = Match(patterns, segments);
            if (!asFile && !asFolder && !patterns.Any(pattern => !pattern.Excludes && pattern.MayMatchBelow(segments)))
                continue;
            var path = string.Join('/', segments);
            switch (files.IsFolder(path))
            {
                case true:
                    foreach (var name in files.List(path).OrderDescending(StringComparer.Ordinal))
                        stack.Push([.. segments, name]);
                    break;
                case false when asFile:
                    yield return path;
                    break;
            }
        }
    }

    // Later patterns take back what earlier ones gave.
    private static (bool AsFile, bool AsFolder) Match(List<FilePattern> patterns, string[] path)
    {
        var (asFile, asFolder) = (false, false);
        foreach (var pattern in patterns.Where(pattern => pattern.Matches(path)))
        {
            asFolder = !pattern.Excludes;
            if (!pattern.FoldersOnly)
                asFile = !pattern.Excludes;
        }

        return (asFile, asFolder);
    }

    // In the order of the patterns, without those that are below another one.
    private static IEnumerable<string[]> Starts(List<FilePattern> patterns)
    {
        var all = patterns.Where(pattern => !pattern.Excludes).Select(pattern => pattern.Start.ToArray()).ToList();
        var seen = new HashSet<string>(StringComparer.Ordinal);
        return all.Where(start => !all.Any(other => other.Length < start.Length && start.AsSpan().StartsWith(other))
            && seen.Add(string.Join('/', start))).ToList();
    }
}
