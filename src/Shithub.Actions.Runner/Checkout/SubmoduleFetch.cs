using System.Text;

namespace Shithub.Actions.Runner.Checkout;

/// <summary>
/// Fetches the submodules of a working tree: those that are repositories of this server, each at the commit that the tree names. Each becomes
/// a repository in its own folder, so no name from <c>.gitmodules</c> ever becomes part of a path.
/// </summary>
/// <param name="lfs">Null: large files stay pointers.</param>
internal sealed class SubmoduleFetch(TreeWriter trees, LfsFetch? lfs, ServerRepositories repositories, CheckoutInputs inputs)
{
    private const int LevelsMax = 10;
    private const int ModulesMax = 1000;
    private int _fetched;

    /// <param name="parent">The repository that <paramref name="tree"/> is of.</param>
    /// <exception cref="CheckoutException">One of them can't be had; the message is for the author.</exception>
    public async Task WriteAsync(GitRemote parent, string folder, WrittenTree tree, int level, CancellationToken cancellationToken)
    {
        if (tree.Contents.Links.Count == 0) return;
        if (level > LevelsMax) throw new CheckoutException($"submodules are nested deeper than {LevelsMax}.");
        if (tree.Contents.ModulesBytes is not { } bytes)
            throw new CheckoutException($"{parent.Name} has submodules, but no .gitmodules that is a plain file.");
        if (bytes > GitModules.BytesMax) throw new CheckoutException($".gitmodules of {parent.Name} has more than {GitModules.BytesMax / 1024} KiB.");
        var modules = await GitModules.ReadAsync(trees.Git, folder, tree.Commit, cancellationToken);
        var known = new StringBuilder();
        foreach (var (rawPath, commit) in tree.Contents.Links)
        {
            var path = Encoding.UTF8.GetString(rawPath);
            var shown = GitModules.Show(path);
            if (!modules.TryGetValue(path, out var module))
                throw new CheckoutException($"submodule '{shown}' of {parent.Name} has no path and url in .gitmodules.");
            if (GitModules.Refuse(module.Name, path) is { } problem)
                throw new CheckoutException($"submodule '{shown}' ('{GitModules.Show(module.Name)}') of {parent.Name} is refused: {problem}.");
            var remote = repositories.Resolve(module.Url, parent) ?? throw new CheckoutException(
                $"submodule '{shown}' comes from '{GitModules.Show(module.Url)}', and submodules come from repositories on this server only. Push it to one "
                + "here and give its address relative to this repository's in .gitmodules, for example '../name.git'.");
            var place = Place(folder, path);
            if (place is null)
            {
                if (inputs.Sparse is not null) continue;
                throw new CheckoutException($"submodule '{shown}' of {parent.Name} is refused: its path is not a folder.");
            }

            if (++_fetched > ModulesMax) throw new CheckoutException($"there are more than {ModulesMax} submodules.");
            var options = new TreeOptions($"commit {commit} of submodule '{shown}'", inputs.Depth, inputs.Tags, null);
            var written = await trees.WriteAsync(
                remote, _ => Task.FromResult(CheckoutTarget.OfId(commit)), options, place, place, cancellationToken);
            if (lfs is not null) await lfs.WriteAsync(remote, place, cancellationToken);
            known.Append(Configuration(module.Name, remote));
            if (inputs.Submodules == SubmoduleDepth.Recursive) await WriteAsync(remote, place, written, level + 1, cancellationToken);
        }

        // What 'git submodule' in a step goes by. It is the file that git has just made, and no step has seen the folder yet.
        await File.AppendAllTextAsync(Path.Combine(folder, ".git", "config"), known.ToString(), cancellationToken);
    }

    /// <summary>The folder that git made for the submodule: below the tree without any link on the way, and empty.</summary>
    private static string? Place(string folder, string path)
    {
        var place = folder;
        foreach (var part in path.Split('/'))
        {
            place = Path.Combine(place, part);
            var entry = new DirectoryInfo(place);
            if (!entry.Exists || entry.LinkTarget is not null) return null;
        }

        return Directory.EnumerateFileSystemEntries(place).Any() ? null : place;
    }

    private static string Configuration(string name, GitRemote remote)
    {
        var quoted = name.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal);
        return $"[submodule \"{quoted}\"]\n\tactive = true\n\turl = {remote.Address}\n";
    }
}
