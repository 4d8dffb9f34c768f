using Shithub.Actions.Server.Triggers;
using Shithub.Actions.Workflows;
using Shithub.Actions.Workflows.Migration;

namespace Shithub.Actions.Server.Admin;

/// <summary>The files of a folder that are to be migrated. No link is followed.</summary>
/// <param name="Root">The repository's folder, or that of files which are in none.</param>
/// <param name="Links">Paths of links that would have been read.</param>
internal sealed record MigrationFolder(
    string Root, IReadOnlyList<MigrationSource> Workflows, IReadOnlyList<MigrationSource> Actions, List<string> Links)
{
    private const int MaxFiles = 1000;
    private const int MaxDepth = 10;
    private const string GitHub = ".github";
    private const string Own = ".shithub";

    /// <exception cref="IOException">There is no such folder, it has too many files, or something in it can't be read.</exception>
    /// <exception cref="UnauthorizedAccessException">Something in it may not be read.</exception>
    public static async Task<MigrationFolder> ReadAsync(string folder, CancellationToken cancellation)
    {
        var full = Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder));
        if (!Directory.Exists(full))
            throw new DirectoryNotFoundException("there is no such folder");
        var (root, home) = Locate(full);
        var links = new List<string>();
        if (home is null)
            return new MigrationFolder(root, await ReadAsync(root, List(root, root, 1, IsWorkflow, links), WorkflowTarget, cancellation), [], links);

        var workflows = List(root, Path.Combine(root, home, "workflows"), 1, IsWorkflow, links);
        var actions = List(root, Path.Combine(root, home, "actions"), MaxDepth, IsAction, links);
        return new MigrationFolder(
            root, await ReadAsync(root, workflows, WorkflowTarget, cancellation),
            await ReadAsync(root, actions, path => Own + path[home.Length..], cancellation), links);
    }

    /// <summary>
    /// What an action has beside its description, by path from the root: it moves with the action. Other actions are not its own; links go
    /// to <see cref="Links"/>.
    /// </summary>
    public IReadOnlyList<string> FilesBeside(MigrationSource action)
    {
        var folder = action.Path[..action.Path.LastIndexOf('/')];
        var others = Actions.Select(other => other.Path[..other.Path.LastIndexOf('/')]).Where(other => other != folder)
            .Select(other => other + "/").ToList();
        return
        [
            .. List(Root, Path.Combine(Root, folder), MaxDepth, _ => true, Links)
                .Where(path => path != action.Path && !others.Exists(other => path.StartsWith(other, StringComparison.Ordinal)
                    && other.StartsWith(folder + "/", StringComparison.Ordinal))),
        ];
    }

    private static (string Root, string? Home) Locate(string folder)
    {
        foreach (var home in new[] { GitHub, Own })
        {
            if (Directory.Exists(Path.Combine(folder, home, "workflows")))
                return (folder, home);
        }

        var parent = Path.GetDirectoryName(folder);
        return (Path.GetFileName(folder), Path.GetFileName(parent)) switch
        {
            (GitHub or Own, _) when Directory.Exists(Path.Combine(folder, "workflows")) => (parent!, Path.GetFileName(folder)),
            ("workflows", GitHub or Own) => (Path.GetDirectoryName(parent)!, Path.GetFileName(parent)),
            _ => (folder, null),
        };
    }

    private static string WorkflowTarget(string path) => $"{WorkflowFiles.Folder}/{path[(path.LastIndexOf('/') + 1)..]}";

    private static bool IsWorkflow(string name) =>
        name.EndsWith(".yml", StringComparison.OrdinalIgnoreCase) || name.EndsWith(".yaml", StringComparison.OrdinalIgnoreCase);

    private static bool IsAction(string name) => CompositeActionReader.FileNames.Contains(name);

    /// <summary>Paths from the root, in the order of their names.</summary>
    private static List<string> List(string root, string folder, int depth, Func<string, bool> matches, List<string> links)
    {
        var found = new List<string>();
        if (IsLink(root, folder))
            links.Add(Relative(root, folder));
        else if (Directory.Exists(folder))
            Collect(new DirectoryInfo(folder), depth);
        return found;

        void Collect(DirectoryInfo at, int levels)
        {
            foreach (var entry in at.EnumerateFileSystemInfos().OrderBy(entry => entry.Name, StringComparer.Ordinal))
            {
                var isLink = entry.LinkTarget is not null;
                if (isLink && (levels > 1 || matches(entry.Name)))
                    links.Add(Relative(root, entry.FullName));
                else if (!isLink && entry is DirectoryInfo inner && levels > 1)
                    Collect(inner, levels - 1);
                else if (!isLink && entry is FileInfo && matches(entry.Name))
                    found.Add(Relative(root, entry.FullName));
                if (found.Count > MaxFiles)
                    throw new IOException($"more than {MaxFiles} files in {at.FullName}");
            }
        }
    }

    // The root itself may be reached by a link: whoever named it meant it.
    private static bool IsLink(string root, string path)
    {
        for (var at = path; at.Length > root.Length; at = Path.GetDirectoryName(at)!)
        {
            if (new FileInfo(at).LinkTarget is not null)
                return true;
        }

        return false;
    }

    private static string Relative(string root, string path) => Path.GetRelativePath(root, path).Replace(Path.DirectorySeparatorChar, '/');

    private static async Task<List<MigrationSource>> ReadAsync(
        string root, List<string> paths, Func<string, string> target, CancellationToken cancellation)
    {
        var sources = new List<MigrationSource>();
        foreach (var path in paths)
        {
            var file = new FileInfo(Path.Combine(root, path));
            // Pipes have no length, and to open one is to wait for its other end.
            var content = file.Length == 0 ? [] : await CommandFile.ReadAsync(file.FullName, WorkflowLimits.MaxFileBytes, cancellation);
            sources.Add(new MigrationSource(path, target(path), content));
        }

        return sources;
    }
}
