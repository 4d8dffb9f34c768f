using System.Text.RegularExpressions;
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
    /// Removes what crashes left behind: folders of attempts, trials and warm containers, whose containers are gone by now, at once, and others
    /// that nobody has touched for <paramref name="ttl"/>.
    /// </summary>
    public async Task RemoveStaleAsync(TimeSpan ttl, TimeProvider time, ILogger logger, CancellationToken cancellationToken)
    {
        var oldest = time.GetUtcNow().UtcDateTime - ttl;
        foreach (var folder in Directory.EnumerateDirectories(_path)
            .Where(folder => OurName().IsMatch(Path.GetFileName(folder)) || Directory.GetLastWriteTimeUtc(folder) < oldest))
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
    }

    public void Dispose() => _lock.Dispose();

    /// <summary>As <see cref="JobWorkspace"/> and <see cref="FenceTrial"/> name them.</summary>
    [GeneratedRegex(@"\A(?:(?:[0-9]+-[0-9]+|" + WarmSlot.WorkspacePrefix + @")-[0-9a-f]{8}|fence-[0-9]+-[0-9a-f]{6})\z")]
    private static partial Regex OurName();

    [LoggerMessage(1, LogLevel.Information, "Removed {Folder}, which a crash had left behind.")]
    private static partial void Removed(ILogger logger, string folder);

    [LoggerMessage(2, LogLevel.Warning, "{Reason}")]
    private static partial void NotRemoved(ILogger logger, string reason);
}
