using Shithub.Actions.Server.Repositories;
using Shithub.Actions.Workflows;

namespace Shithub.Actions.Server.Triggers;

/// <summary>Reads the workflow files of a commit.</summary>
public static class WorkflowFiles
{
    public const string Folder = ".shithub/workflows";

    /// <summary>GitHub's: for repositories that are set to it, where a commit has nothing in <see cref="Folder"/>.</summary>
    public const string GitHubFolder = ".github/workflows";

    /// <summary>No repository needs more; the rest would be read for every push.</summary>
    private const int FilesMax = 200;

    /// <summary>Every workflow file of the commit, in the order of their names. One that is too large is a diagnostic, not a failure.</summary>
    /// <param name="orGitHub"><see cref="Repository.GitHubWorkflows"/></param>
    public static async Task<IReadOnlyList<WorkflowFile>> ReadAllAsync(
        GitRepository repository, string commit, bool orGitHub, CancellationToken cancellation)
    {
        var files = await ListAsync(repository, commit, orGitHub, cancellation);
        return await ReadAsync(repository, [.. files.Take(FilesMax)], cancellation);
    }

    /// <summary>One workflow file of the commit, or null where it has none of that name.</summary>
    /// <param name="file">Its path, or its name within its folder.</param>
    /// <param name="orGitHub"><see cref="Repository.GitHubWorkflows"/></param>
    public static async Task<WorkflowFile?> ReadAsync(
        GitRepository repository, string commit, string file, bool orGitHub, CancellationToken cancellation)
    {
        var isPath = file.Contains('/', StringComparison.Ordinal);
        var files = await ListAsync(repository, commit, orGitHub, cancellation);
        return files.FirstOrDefault(found => (isPath ? found.Path : found.Path[(found.Path.LastIndexOf('/') + 1)..]) == file) is { } one
            ? (await ReadAsync(repository, [one], cancellation))[0]
            : null;
    }

    private static async Task<List<GitFile>> ListAsync(
        GitRepository repository, string commit, bool orGitHub, CancellationToken cancellation)
    {
        var own = await ListAsync(repository, commit, Folder, cancellation);
        return own.Count == 0 && orGitHub ? await ListAsync(repository, commit, GitHubFolder, cancellation) : own;
    }

    private static async Task<List<GitFile>> ListAsync(GitRepository repository, string commit, string folder, CancellationToken cancellation) =>
        [.. (await repository.ListFilesAsync(commit, folder, cancellation)).Where(file => IsWorkflow(file.Path))];

    /// <summary>A workflow file of any folder of the commit, or null where it has none of that name.</summary>
    public static async Task<WorkflowFile?> ReadAnyAsync(GitRepository repository, string commit, string path, CancellationToken cancellation) =>
        await ReadBytesAsync(repository, commit, path, cancellation) is { } bytes ? WorkflowFile.Of(path, bytes) : null;

    /// <summary>A file of the commit, or null where it has none of that name. One that is too large comes as bytes that are too many.</summary>
    public static async Task<byte[]?> ReadBytesAsync(GitRepository repository, string commit, string path, CancellationToken cancellation)
    {
        var slash = path.LastIndexOf('/');
        var files = await repository.ListFilesAsync(commit, slash < 0 ? "" : path[..slash], cancellation);
        if (files.FirstOrDefault(found => found.Path == path) is not { } file)
            return null;
        return file.Size > WorkflowLimits.MaxFileBytes ? TooLarge() : (await repository.ReadBlobsAsync([file], cancellation))[0];
    }

    private static async Task<IReadOnlyList<WorkflowFile>> ReadAsync(
        GitRepository repository, IReadOnlyList<GitFile> files, CancellationToken cancellation)
    {
        var small = files.Where(file => file.Size <= WorkflowLimits.MaxFileBytes).ToList();
        var contents = await repository.ReadBlobsAsync(small, cancellation);
        var read = small.Zip(contents).ToDictionary(pair => pair.First.Path, pair => pair.Second, StringComparer.Ordinal);
        return [.. files.Select(file => WorkflowFile.Of(file.Path, read.GetValueOrDefault(file.Path) ?? TooLarge()))];
    }

    private static bool IsWorkflow(string path) =>
        path.EndsWith(".yml", StringComparison.OrdinalIgnoreCase) || path.EndsWith(".yaml", StringComparison.OrdinalIgnoreCase);

    /// <summary>What the reader refuses by its size, so that the message is the same everywhere.</summary>
    private static byte[] TooLarge() => new byte[WorkflowLimits.MaxFileBytes + 1];
}

/// <param name="Content">UTF-8 where it was parsed without an error.</param>
public sealed record WorkflowFile(string Path, byte[] Content, WorkflowParseResult Parsed)
{
    public static WorkflowFile Of(string path, byte[] content) => new(path, content, WorkflowReader.Parse(path, content));
}
