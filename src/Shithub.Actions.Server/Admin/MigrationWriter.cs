using Shithub.Actions.Workflows.Migration;

namespace Shithub.Actions.Server.Admin;

/// <summary>Writes migrated files below one folder: all of them, or none where one may not be written.</summary>
/// <param name="root">The folder; what is in it is never reached through a link.</param>
internal sealed class MigrationWriter(string root)
{
    private readonly List<(string Target, byte[] Content, UnixFileMode? Mode)> _files = [];

    /// <summary>Why nothing may be written, a line each.</summary>
    public List<string> Problems { get; } = [];

    public static MigrationWriter Of(MigrationFolder folder, RepositoryMigration migration, string root, bool overwrite)
    {
        var writer = new MigrationWriter(Path.GetFullPath(root));
        foreach (var file in migration.Files.Where(file => file.Output is not null))
            writer.Add(file.Source.Target, file.Output!, null, overwrite);
        foreach (var action in migration.Actions.Where(action => action.Output is not null).Select(action => action.Source))
        {
            var (from, to) = (action.Path[..action.Path.LastIndexOf('/')], action.Target[..action.Target.LastIndexOf('/')]);
            foreach (var path in folder.FilesBeside(action))
            {
                var file = Path.Combine(folder.Root, path);
                writer.Add(to + path[from.Length..], new FileInfo(file).Length == 0 ? [] : File.ReadAllBytes(file), File.GetUnixFileMode(file), overwrite);
            }
        }

        return writer;
    }

    /// <summary>Writes each file beside its place first, so that none is ever half there.</summary>
    /// <returns>The paths that were written.</returns>
    public async Task<IReadOnlyList<string>> WriteAsync(CancellationToken cancellation)
    {
        foreach (var (target, content, mode) in _files)
        {
            var path = Path.Combine(root, target);
            var folder = Path.GetDirectoryName(path)!;
            Directory.CreateDirectory(folder);
            var draft = Path.Combine(folder, $".{Path.GetFileName(path)}.{Guid.NewGuid():N}");
            try
            {
                await File.WriteAllBytesAsync(draft, content, cancellation);
                if (mode is { } bits)
                    File.SetUnixFileMode(draft, bits);
                File.Move(draft, path, overwrite: true);
            }
            finally
            {
                File.Delete(draft);
            }
        }

        return [.. _files.Select(file => file.Target)];
    }

    private void Add(string target, byte[] content, UnixFileMode? mode, bool overwrite)
    {
        var path = root;
        foreach (var part in target.Split('/'))
        {
            path = Path.Combine(path, part);
            if (new FileInfo(path).LinkTarget is not null)
            {
                Problems.Add($"{path} is a link, and what it leads to is not written.");
                return;
            }
        }

        if (Directory.Exists(path))
            Problems.Add($"{path} is a folder.");
        else if (!File.Exists(path))
            _files.Add((target, content, mode));
        else if (IsSame(path, content))
            return;
        else if (overwrite)
            _files.Add((target, content, mode));
        else
            Problems.Add($"{path} is there already and differs. --force overwrites it, --output-dir writes elsewhere, --dry-run shows what would change.");
    }

    private static bool IsSame(string path, byte[] content) =>
        new FileInfo(path).Length == content.Length && File.ReadAllBytes(path).AsSpan().SequenceEqual(content);
}
