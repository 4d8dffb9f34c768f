using System.Text.Json.Nodes;
using Shithub.Actions.Runner.Jobs;

namespace Shithub.Actions.Runner.Local;

/// <summary>The folder that a workflow is run of, and what git knows of it.</summary>
/// <param name="Root">Its full path.</param>
/// <param name="IsRepository">It is git's; else all files in it count.</param>
/// <param name="Head">The commit that is checked out; null if there is none yet.</param>
/// <param name="Ref">The branch that is checked out, else a tag at the commit, else a branch called <c>HEAD</c>; in full.</param>
/// <param name="Repository"><c>owner/name</c>, by the remote <c>origin</c>.</param>
/// <param name="Origin">Its address, without what may be a password.</param>
internal sealed record WorkingTree(
    string Root, bool IsRepository, JsonObject? Head, string Ref, string Repository, string? Origin)
{
    private const string NoCommit = "0000000000000000000000000000000000000000";
    private const string Fields = "%H%x00%T%x00%an%x00%ae%x00%aI%x00%cn%x00%ce%x00%cI%x00%P%x00%B";

    public string Sha => (string?)Head?["id"] ?? NoCommit;

    public string BeforeSha { get; private init; } = NoCommit;

    public string Owner => Repository.Split('/')[0];

    public string Name => Repository.Split('/')[1];

    /// <param name="folder">In the working tree; the whole tree counts.</param>
    /// <exception cref="RunnerException">There is no such folder.</exception>
    public static async Task<WorkingTree> ReadAsync(string folder, CancellationToken cancellationToken)
    {
        if (!Directory.Exists(folder)) throw new RunnerException($"There is no folder {folder}.", ExitCodes.Usage);
        var full = Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder));
        var git = new LocalGit(full);
        if (await git.TryAsync(cancellationToken, "rev-parse", "--show-toplevel") is not { Length: > 0 } root)
            return new WorkingTree(full, false, null, GitRef.Heads + "trunk", $"local/{NameOf(full)}", null);

        git = new LocalGit(root);
        var shown = await git.TryAsync(cancellationToken, "log", "-1", "--no-show-signature", $"--format={Fields}");
        var (head, parents) = shown?.Split('\0', 10) is [_, _, _, _, _, _, _, _, _, _] fields ? (Describe(fields), fields[8]) : (null, "");
        var branch = await git.TryAsync(cancellationToken, "symbolic-ref", "--quiet", "HEAD");
        var tag = branch is null ? await git.TryAsync(cancellationToken, "describe", "--tags", "--exact-match", "HEAD") : null;
        var origin = await git.TryAsync(cancellationToken, "config", "--get", "remote.origin.url");
        return new WorkingTree(
            root, true, head, branch ?? (tag is null ? GitRef.Heads + "HEAD" : GitRef.Tags + tag), RepositoryOf(origin, root), WithoutPassword(origin))
        {
            BeforeSha = parents.Split(' ')[0] is { Length: > 0 } parent ? parent : NoCommit,
        };
    }

    /// <summary>
    /// The tree's files, relative to its root: with git, what it tracks and what it does not ignore. Some may be gone; one that is a folder
    /// is a submodule.
    /// </summary>
    /// <exception cref="IOException">They can't be listed.</exception>
    public async Task<IReadOnlyList<string>> ListFilesAsync(CancellationToken cancellationToken)
    {
        if (IsRepository)
        {
            var listed = await new LocalGit(Root).GetAsync(cancellationToken, "ls-files", "-co", "--exclude-standard", "-z", "--deduplicate");
            return listed.Split('\0', StringSplitOptions.RemoveEmptyEntries);
        }

        var all = new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = 0, ReturnSpecialDirectories = false };
        return [.. Directory.EnumerateFileSystemEntries(Root, "*", all)
            .Where(path => !Directory.Exists(path) || new FileInfo(path).LinkTarget is not null)
            .Select(path => Path.GetRelativePath(Root, path))];
    }

    /// <summary>A commit as GitHub's webhook 'push' has it.</summary>
    private static JsonObject Describe(string[] fields) => new()
    {
        ["id"] = fields[0],
        ["tree_id"] = fields[1],
        ["distinct"] = true,
        ["message"] = fields[9].TrimEnd('\n'),
        ["timestamp"] = fields[7],
        ["author"] = new JsonObject { ["name"] = fields[2], ["email"] = fields[3], ["date"] = fields[4] },
        ["committer"] = new JsonObject { ["name"] = fields[5], ["email"] = fields[6], ["date"] = fields[7] },
    };

    /// <summary>The last two parts of the address's path, whatever the kind of address.</summary>
    private static string RepositoryOf(string? origin, string root)
    {
        var parts = (origin ?? "").Split(['/', ':'], StringSplitOptions.RemoveEmptyEntries);
        if (parts is not [.., var owner, var name]) return $"local/{NameOf(root)}";
        return $"{Clean(owner)}/{Clean(name.EndsWith(".git", StringComparison.Ordinal) ? name[..^4] : name)}";
    }

    private static string NameOf(string folder) => Clean(Path.GetFileName(folder));

    private static string Clean(string name)
    {
        var clean = string.Concat(name.Select(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-' ? c : '-')).Trim('.');
        return clean.Length == 0 ? "local" : clean;
    }

    private static string? WithoutPassword(string? address) =>
        Uri.TryCreate(address, UriKind.Absolute, out var url) && url.UserInfo.Length > 0
            ? new UriBuilder(url) { UserName = "", Password = "" }.Uri.ToString()
            : address;
}
