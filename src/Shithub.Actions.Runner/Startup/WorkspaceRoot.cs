using Microsoft.Extensions.Logging;
using Shithub.Actions.Runner.Jobs;
using Shithub.Actions.Runner.Warm;

namespace Shithub.Actions.Runner.Startup;

/// <summary>
/// The folder that holds this runner's workspaces, locked while the runner lives: its path is the runner's identity on this host, and
/// two runners with one identity would kill each other's containers.
/// </summary>
internal sealed partial class WorkspaceRoot : IDisposable
{
    private const UnixFileMode Passable =
        UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;

    private readonly string _path;
    private readonly FileStream _lock;

    private WorkspaceRoot(string path, FileStream @lock) => (_path, _lock) = (path, @lock);

    /// <exception cref="RunnerException">The folder can't be made, or another runner has it.</exception>
    public static WorkspaceRoot Open(string path)
    {
        try
        {
            Directory.CreateDirectory(path);
            File.SetUnixFileMode(path, Passable);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new RunnerException($"runner.workspace_root {path} can't be used: {e.Message}", ExitCodes.Usage);
        }

        try
        {
            return new WorkspaceRoot(
                path, new FileStream(Path.Combine(path, ".lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None));
        }
        catch (IOException)
        {
            throw new RunnerException(
                $"Another runner on this host uses runner.workspace_root {path}. Give each runner its own.", ExitCodes.Refused);
        }
    }

    /// <summary>
    /// Removes folders that crashes left behind and nobody has touched for <paramref name="ttl"/>; at once those that no job was in.
    /// </summary>
    public async Task RemoveStaleAsync(TimeSpan ttl, TimeProvider time, ILogger logger, CancellationToken cancellationToken)
    {
        var oldest = time.GetUtcNow().UtcDateTime - ttl;
        foreach (var folder in Directory.EnumerateDirectories(_path).Where(IsStale))
        {
            try
            {
                await JobWorkspace.RemoveFolderAsync(folder, cancellationToken);
                Removed(logger, folder);
            }
            catch (IOException e)
            {
                NotRemoved(logger, e.Message);
            }
        }

        bool IsStale(string folder) =>
            Directory.GetLastWriteTimeUtc(folder) < oldest || Path.GetFileName(folder).StartsWith(WarmSlot.WorkspacePrefix + "-", StringComparison.Ordinal);
    }

    public void Dispose() => _lock.Dispose();

    [LoggerMessage(1, LogLevel.Information, "Removed {Folder}, which a crash had left behind.")]
    private static partial void Removed(ILogger logger, string folder);

    [LoggerMessage(2, LogLevel.Warning, "{Reason}")]
    private static partial void NotRemoved(ILogger logger, string reason);
}
