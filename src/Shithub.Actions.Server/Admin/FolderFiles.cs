using Microsoft.Win32.SafeHandles;
using Shithub.Actions.Workflows;

namespace Shithub.Actions.Server.Admin;

/// <summary>A folder as <c>hashFiles</c> sees it; what a link inside it points to outside is not there.</summary>
public static class FolderFiles
{
    public static WorkspaceFiles Of(string folder)
    {
        var root = Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder));
        return new WorkspaceFiles(
            path => IsFolder(Path.Combine(root, path)),
            path => new DirectoryInfo(Path.Combine(root, path)).EnumerateFileSystemInfos().Select(entry => entry.Name),
            path => Open(Path.Combine(root, path), root));
    }

    private static bool? IsFolder(string path)
    {
        try
        {
            var attributes = File.GetAttributes(path);
            return attributes.HasFlag(FileAttributes.Directory) && !attributes.HasFlag(FileAttributes.ReparsePoint);
        }
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
    }

    private static Stream? Open(string path, string root)
    {
        if (((new FileInfo(path).ResolveLinkTarget(returnFinalTarget: true) as FileInfo) ?? new FileInfo(path)) is not { Exists: true } file)
            return null;
        // Pipes and sockets have no length either, and to open one is to wait for its other end.
        if (file.Length == 0)
            return Stream.Null;
        var handle = File.OpenHandle(path);
        if (IsInside(handle, root))
            return new FileStream(handle, FileAccess.Read);
        handle.Dispose();
        return null;
    }

    // The kernel knows where the file that was opened is, through whatever links.
    private static bool IsInside(SafeFileHandle handle, string root) =>
        File.ResolveLinkTarget($"/proc/self/fd/{handle.DangerousGetHandle()}", returnFinalTarget: false) is { FullName: var real }
        && real.StartsWith(root.TrimEnd('/') + "/", StringComparison.Ordinal);
}
