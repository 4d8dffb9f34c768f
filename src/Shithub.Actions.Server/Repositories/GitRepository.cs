using System.Globalization;
using System.Text;

namespace Shithub.Actions.Server.Repositories;

/// <summary>
/// Reads one bare repository through git. Names and paths in it are whatever somebody pushed: they go to git on standard input or
/// behind <c>--</c>, never where an option could stand, and come back separated by NUL.
/// </summary>
/// <param name="path">The bare repository's folder.</param>
public sealed class GitRepository(GitProcess git, string path)
{
    private const int ListingBytesMax = 4 * 1024 * 1024;

    public string Path => path;

    /// <summary>The object that a ref, an id or an expression such as <c>refs/tags/v1^{commit}</c> stands for.</summary>
    /// <returns>Null where there is none.</returns>
    public async Task<GitObject?> FindAsync(string expression, CancellationToken cancellation)
    {
        if (expression.AsSpan().IndexOfAny('\n', '\0') >= 0)
            return null;
        var result = (await RunAsync(["cat-file", "--batch-check"], Encoding.UTF8.GetBytes(expression + "\n"), 4096, cancellation))
            .OrThrow("cat-file");
        // "<id> <type> <size>", or "<expression> missing", or "<expression> ambiguous"
        var parts = Encoding.UTF8.GetString(result.Output).TrimEnd('\n').Split(' ');
        return parts.Length == 3 && RefName.IsSha(parts[0])
            ? new GitObject(parts[0], parts[1], long.Parse(parts[2], CultureInfo.InvariantCulture))
            : null;
    }

    /// <summary>The commit that a ref or id stands for, through annotated tags.</summary>
    public async Task<string?> FindCommitAsync(string refOrSha, CancellationToken cancellation) =>
        (await FindAsync($"{refOrSha}^{{commit}}", cancellation))?.Sha;

    /// <summary>The regular files directly in a folder, in the order of their names; none where there is no such folder.</summary>
    /// <exception cref="GitException">The listing is larger than 4 MiB.</exception>
    public async Task<IReadOnlyList<GitFile>> ListFilesAsync(string commit, string folder, CancellationToken cancellation)
    {
        var result = await RunAsync(["ls-tree", "-z", "-l", Sha(commit), "--", .. folder.Length == 0 ? Array.Empty<string>() : [folder.TrimEnd('/') + "/"]], default, ListingBytesMax, cancellation);
        if (result.IsCut)
            throw new GitException($"The folder {folder} has too many files.");
        var files = new List<GitFile>();
        foreach (var entry in Split(result.OrThrow("ls-tree").Output))
        {
            // "<mode> <type> <id> <size padded>\t<path>"
            var tab = entry.IndexOf('\t', StringComparison.Ordinal);
            var parts = entry[..tab].Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (parts is ["100644" or "100755", "blob", var id, var size])
                files.Add(new GitFile(entry[(tab + 1)..], id, long.Parse(size, CultureInfo.InvariantCulture)));
        }

        return files;
    }

    /// <summary>The contents of blobs, in the order asked for. The caller knows from their sizes that they are small.</summary>
    public async Task<IReadOnlyList<byte[]>> ReadBlobsAsync(IReadOnlyList<GitFile> files, CancellationToken cancellation)
    {
        if (files.Count == 0)
            return [];
        var input = string.Concat(files.Select(file => Sha(file.Id) + "\n"));
        var limit = (int)files.Sum(file => file.Size + 128);
        var result = await RunAsync(["cat-file", "--batch"], Encoding.ASCII.GetBytes(input), limit, cancellation);
        var output = result.OrThrow("cat-file").Output.AsSpan();
        var contents = new List<byte[]>(files.Count);
        foreach (var file in files)
        {
            // "<id> blob <size>\n<contents>\n", or "<id> missing\n" where the repository is deleted meanwhile
            var header = output.IndexOf((byte)'\n');
            if (output.Length < header + 2 + file.Size)
                throw new GitException($"git cat-file does not find {file.Id} any more");
            contents.Add(output.Slice(header + 1, (int)file.Size).ToArray());
            output = output[(header + 2 + (int)file.Size)..];
        }

        return contents;
    }

    /// <summary>The paths that differ between two commits.</summary>
    /// <returns>Null where they are more than <paramref name="max"/>, or can't be told.</returns>
    public async Task<IReadOnlyList<string>?> ChangedPathsAsync(string before, string after, int max, CancellationToken cancellation)
    {
        var result = await RunAsync(
            ["diff-tree", "-r", "-z", "--name-only", "--no-renames", Sha(before), Sha(after), "--"], default, ListingBytesMax, cancellation);
        if (result.IsCut || result.ExitCode != 0)
            return null;
        var paths = Split(result.Output);
        return paths.Count > max ? null : paths;
    }

    /// <returns>Null where the two have no common ancestor.</returns>
    public async Task<string?> FindMergeBaseAsync(string one, string other, CancellationToken cancellation)
    {
        var result = await RunAsync(["merge-base", Sha(one), Sha(other)], default, 4096, cancellation);
        return result.ExitCode == 0 ? Encoding.ASCII.GetString(result.Output).Trim() : null;
    }

    /// <summary>Whether every commit of one is also in the other; false where one of them is gone.</summary>
    public async Task<bool> IsAncestorAsync(string ancestor, string descendant, CancellationToken cancellation) =>
        (await RunAsync(["merge-base", "--is-ancestor", Sha(ancestor), Sha(descendant)], default, 4096, cancellation)).ExitCode == 0;

    /// <summary>Commits reachable from one but not from another, newest first.</summary>
    /// <param name="except">Null for all of its history.</param>
    public async Task<IReadOnlyList<GitCommit>> ReadCommitsAsync(string from, string? except, int max, CancellationToken cancellation)
    {
        string[] arguments =
        [
            "log", "-z", "--no-show-signature", "--no-color", "--no-mailmap", "--encoding=UTF-8",
            "--format=%H%x00%T%x00%an%x00%ae%x00%aI%x00%cn%x00%ce%x00%cI%x00%B",
            string.Create(CultureInfo.InvariantCulture, $"--max-count={max}"), Sha(from),
            .. except is null ? Array.Empty<string>() : [$"^{Sha(except)}"], "--",
        ];
        var result = await RunAsync(arguments, default, ListingBytesMax, cancellation);
        if (result.IsCut)
            throw new GitException("The commits' messages are larger than 4 MiB.");
        var fields = Split(result.OrThrow("log").Output, keepEmpty: true);
        var commits = new List<GitCommit>();
        for (var i = 0; i + 9 <= fields.Count; i += 9)
        {
            commits.Add(new GitCommit(
                fields[i], fields[i + 1],
                new GitPerson(fields[i + 2], fields[i + 3], fields[i + 4]),
                new GitPerson(fields[i + 5], fields[i + 6], fields[i + 7]),
                fields[i + 8].TrimEnd('\n')));
        }

        return commits;
    }

    private static List<string> Split(byte[] output, bool keepEmpty = false) =>
        [.. Encoding.UTF8.GetString(output).Split('\0', keepEmpty ? StringSplitOptions.None : StringSplitOptions.RemoveEmptyEntries)];

    private static string Sha(string text) =>
        RefName.IsSha(text) ? text : throw new ArgumentException($"'{text}' is no object id.", nameof(text));

    private Task<GitResult> RunAsync(
        IReadOnlyList<string> arguments, ReadOnlyMemory<byte> input, int outputLimit, CancellationToken cancellation) =>
        git.RunAsync([$"--git-dir={path}", .. arguments], input, outputLimit, cancellation);
}

/// <param name="Type"><c>commit</c>, <c>tag</c>, <c>tree</c> or <c>blob</c>.</param>
public sealed record GitObject(string Sha, string Type, long Size);

/// <param name="Path">From the root of the repository.</param>
/// <param name="Id">The blob's.</param>
public sealed record GitFile(string Path, string Id, long Size);

/// <param name="Date">RFC 3339, with the person's own offset.</param>
public sealed record GitPerson(string Name, string Email, string Date);

public sealed record GitCommit(string Sha, string Tree, GitPerson Author, GitPerson Committer, string Message)
{
    /// <summary>The message's first line.</summary>
    public string Subject => Message.Split('\n', 2)[0];
}
