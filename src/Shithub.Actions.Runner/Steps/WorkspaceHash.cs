using Shithub.Actions.Runner.Sandbox;
using Shithub.Actions.Workflows;

namespace Shithub.Actions.Runner.Steps;

/// <summary>
/// <c>hashFiles()</c> over a workspace that steps can change while it is read. Names are only compared; what is read is opened so that
/// no link leads out of the workspace.
/// </summary>
internal static class WorkspaceHash
{
    /// <summary>GitHub's number.</summary>
    private static readonly TimeSpan TimeMax = TimeSpan.FromSeconds(120);

    /// <summary>Of all files together, so that a file with a hole of a terabyte keeps no runner busy.</summary>
    private const long BytesMax = 16L * 1024 * 1024 * 1024;

    private static readonly EnumerationOptions Everything = new() { AttributesToSkip = 0, IgnoreInaccessible = true };

    /// <param name="workspace">On the host.</param>
    /// <exception cref="FormatException">It can't be had; the message is for the author.</exception>
    public static string Compute(string workspace, IReadOnlyList<string> patterns, TimeProvider time, CancellationToken cancellationToken)
    {
        using var deadline = new CancellationTokenSource(TimeMax, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, deadline.Token);
        var left = BytesMax;
        try
        {
            return FileHash.Compute(patterns, new WorkspaceFiles(IsFolder, List, Open), ContainerPaths.Workspace, either.Token);
        }
        catch (OperationCanceledException)
        {
            throw new FormatException($"hashFiles was stopped: it may take {TimeMax.TotalSeconds:0} seconds, and no longer than the job");
        }

        bool? IsFolder(string path)
        {
            try
            {
                var attributes = File.GetAttributes(Path.Combine(workspace, path));
                return attributes.HasFlag(FileAttributes.Directory) && !attributes.HasFlag(FileAttributes.ReparsePoint);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                return null;
            }
        }

        IEnumerable<string> List(string path)
        {
            try
            {
                return [.. new DirectoryInfo(Path.Combine(workspace, path)).EnumerateFileSystemInfos("*", Everything).Select(entry => entry.Name)];
            }
            catch (IOException)
            {
                // Gone, or no folder any more.
                return [];
            }
        }

        Stream? Open(string path)
        {
            var file = HostileFile.Open(workspace, path, followLinks: true, out _);
            if (file is null) return null;
            left -= RandomAccess.GetLength(file);
            if (left >= 0) return new FileStream(file, FileAccess.Read, 128 * 1024);
            file.Dispose();
            throw new FormatException($"the files of hashFiles have more than {BytesMax >> 30} GiB");
        }
    }
}
