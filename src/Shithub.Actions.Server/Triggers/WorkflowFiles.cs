using Shithub.Actions.Server.Repositories;
using Shithub.Actions.Workflows;

namespace Shithub.Actions.Server.Triggers;

/// <summary>Reads the workflow files of a commit.</summary>
public static class WorkflowFiles
{
    public const string Folder = ".shithub/workflows";

    /// <summary>No repository needs more; the rest would be read for every push.</summary>
    private const int FilesMax = 200;

    /// <summary>Every workflow file of the commit, in the order of their names. One that is too large is a diagnostic, not a failure.</summary>
    public static async Task<IReadOnlyList<WorkflowFile>> ReadAllAsync(
        GitRepository repository, string commit, CancellationToken cancellation)
    {
        var files = await repository.ListFilesAsync(commit, Folder, cancellation);
        return await ReadAsync(repository, [.. files.Where(file => IsWorkflow(file.Path)).Take(FilesMax)], cancellation);
    }

    /// <summary>One workflow file of the commit, or null where it has none of that name.</summary>
    /// <param name="file">Its path, or its name within <see cref="Folder"/>.</param>
    public static async Task<WorkflowFile?> ReadAsync(GitRepository repository, string commit, string file, CancellationToken cancellation)
    {
        var path = file.Contains('/', StringComparison.Ordinal) ? file : $"{Folder}/{file}";
        var files = await repository.ListFilesAsync(commit, Folder, cancellation);
        return files.FirstOrDefault(found => found.Path == path && IsWorkflow(path)) is { } one
            ? (await ReadAsync(repository, [one], cancellation))[0]
            : null;
    }

    private static async Task<IReadOnlyList<WorkflowFile>> ReadAsync(
        GitRepository repository, IReadOnlyList<GitFile> files, CancellationToken cancellation)
    {
        var small = files.Where(file => file.Size <= WorkflowLimits.MaxFileBytes).ToList();
        var contents = await repository.ReadBlobsAsync(small, cancellation);
        var read = small.Zip(contents).ToDictionary(pair => pair.First.Path, pair => pair.Second, StringComparer.Ordinal);
        return [.. files.Select(file => new WorkflowFile(
            file.Path,
            WorkflowReader.Parse(file.Path, read.TryGetValue(file.Path, out var bytes) ? bytes : TooLarge())))];
    }

    private static bool IsWorkflow(string path) =>
        path.EndsWith(".yml", StringComparison.OrdinalIgnoreCase) || path.EndsWith(".yaml", StringComparison.OrdinalIgnoreCase);

    /// <summary>What the reader refuses by its size, so that the message is the same everywhere.</summary>
    private static byte[] TooLarge() => new byte[WorkflowLimits.MaxFileBytes + 1];
}

public sealed record WorkflowFile(string Path, WorkflowParseResult Parsed);
