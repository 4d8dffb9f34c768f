using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;
using Shithub.Actions.Runner.Sandbox;

namespace Shithub.Actions.Runner.Jobs;

/// <summary>
/// One attempt's folder on the host. <c>mount/</c> is what the container sees; in it only the folders that steps need to write belong
/// to the steps' user, so that nothing a step does can turn a file the runner writes there into a link to elsewhere. What git fetches
/// while steps may be running is put together in <c>staging/</c>, which the container does not see.
/// </summary>
internal sealed partial class JobWorkspace
{
    private const UnixFileMode Private =
        UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.GroupRead | UnixFileMode.GroupExecute;

    private const UnixFileMode Readable = Private | UnixFileMode.OtherRead | UnixFileMode.OtherExecute;

    private const UnixFileMode Shared = Readable | UnixFileMode.GroupWrite | UnixFileMode.OtherWrite | UnixFileMode.StickyBit;

    private const UnixFileMode ReadableFile =
        UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead;

    private readonly string _folder;
    private readonly UserIds _user;
    private readonly bool _hasDisk;
    private int _numbers;

    private JobWorkspace(string folder, UserIds user, bool hasDisk) => (_folder, _user, _hasDisk) = (folder, user, hasDisk);

    /// <summary>All of it.</summary>
    public string Folder => _folder;

    public string Mount => Path.Combine(_folder, "mount");

    public string Workspace => Path.Combine(Mount, "workspace");

    public string Incoming => Path.Combine(Mount, "incoming");

    public string Actions => Path.Combine(Mount, "actions");

    public string Staging => Path.Combine(_folder, "staging");

    /// <summary>1, 2, 3 …: names for what this attempt makes.</summary>
    public int NextNumber() => Interlocked.Increment(ref _numbers);

    /// <summary>An empty one, without the event.</summary>
    /// <param name="name">For people who look at the folder.</param>
    /// <param name="disk">Makes the folder a file system of its own.</param>
    /// <exception cref="IOException">The host can't.</exception>
    public static async Task<JobWorkspace> CreateAsync(string root, string name, UserIds user, WorkspaceDisk? disk)
    {
        // A crash may have left a folder of the same attempt, which is not ours to reuse.
        var workspace = new JobWorkspace(Path.Combine(root, $"{name}-{Guid.NewGuid().ToString("N")[..8]}"), user, disk is not null);
        Directory.CreateDirectory(workspace._folder);
        try
        {
            if (disk is not null) await disk.MountAsync(workspace._folder);
            workspace.Fill();
            return workspace;
        }
        catch
        {
            await workspace.RemoveAsync(CancellationToken.None);
            throw;
        }
    }

    /// <summary>What steps find at <c>GITHUB_EVENT_PATH</c>: the first thing in it that is a job's.</summary>
    public void WriteEvent(JsonElement payload)
    {
        var path = Path.Combine(Mount, "workflow", "event.json");
        File.WriteAllText(path, payload.ValueKind == JsonValueKind.Undefined ? "{}" : payload.GetRawText());
        File.SetUnixFileMode(path, ReadableFile);
    }

    private void Fill()
    {
        MakeFolder(_folder, Private, 0, _user.Gid);
        MakeFolder(Mount, Readable, 0, 0);
        foreach (var name in new[] { "scripts", "workflow", "incoming", "commands", "actions" })
            MakeFolder(Path.Combine(Mount, name), Readable, 0, 0);
        foreach (var name in new[] { "mount/workspace", "mount/temp", "mount/tools", "staging" })
            MakeFolder(Path.Combine(_folder, name), Readable, _user.Uid, _user.Gid);

        // Something in memory lies over it, to which runc gives the mode of what it hides, whatever mode was asked for.
        MakeFolder(Path.Combine(Mount, "home"), Shared, 0, 0);
    }

    /// <summary>Writes a step's script where the container can read but not change it.</summary>
    /// <returns>Its path in the container.</returns>
    /// <param name="extension">With its point; some programs want theirs.</param>
    public async Task<string> WriteScriptAsync(string script, string extension, CancellationToken cancellationToken)
    {
        var name = string.Create(CultureInfo.InvariantCulture, $"script-{NextNumber()}{extension}");
        var path = Path.Combine(Mount, "scripts", name);
        await File.WriteAllTextAsync(path, script.EndsWith('\n') ? script : script + "\n", cancellationToken);
        File.SetUnixFileMode(path, ReadableFile);
        return $"{ContainerPaths.Scripts}/{name}";
    }

    /// <summary>Makes a folder with empty files that steps can write. It can't be moved or replaced; what is in it can.</summary>
    /// <returns>Its path on the host.</returns>
    public string NewCommandFolder(string name, IEnumerable<string> files)
    {
        var folder = Path.Combine(Mount, "commands", name);

        // Nobody else sees the folder before it is given to the steps' user, so the files in it are what they seem.
        MakeFolder(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, 0, 0);
        foreach (var file in files)
        {
            var path = Path.Combine(folder, file);
            File.Create(path).Dispose();
            File.SetUnixFileMode(path, ReadableFile);
            GiveToUser(path);
        }

        GiveToUser(folder);
        return folder;
    }

    /// <summary>Makes an empty folder that the steps' user owns and the container does not see.</summary>
    public string NewStagingFolder(string name)
    {
        var folder = Path.Combine(Staging, name);
        MakeFolder(folder, Readable, _user.Uid, _user.Gid);
        return folder;
    }

    /// <summary>The folder of a volume that the job's containers share: empty at first, theirs to write, whoever they run as.</summary>
    public string VolumeFolder(string name)
    {
        var folder = Path.Combine(_folder, "volumes", name);
        if (Directory.Exists(folder)) return folder;
        MakeFolder(Path.Combine(_folder, "volumes"), Private, 0, 0);
        MakeFolder(folder, Shared, 0, 0);
        return folder;
    }

    public async Task RemoveAsync(CancellationToken cancellationToken)
    {
        // Files first: what was never written to the host's disk need not be any more.
        await RemoveAsync(Directory.GetFileSystemEntries(_folder), cancellationToken);
        if (_hasDisk) await LoopMount.UnmountAsync(_folder);
        Directory.Delete(_folder);
    }

    /// <summary>
    /// Removes a tree that somebody hostile may have built. <c>rm</c> does it: it follows no link and goes down any depth, where paths
    /// in full would become too long.
    /// </summary>
    public static Task RemoveFolderAsync(string folder, CancellationToken cancellationToken) => RemoveAsync([folder], cancellationToken);

    private static Task RemoveAsync(string[] folders, CancellationToken cancellationToken) =>
        HostCommand.RunAsync("rm", cancellationToken, ["-rf", "--one-file-system", "--", .. folders]);

    /// <summary>With exactly this mode, whatever the process's umask is.</summary>
    private static void MakeFolder(string path, UnixFileMode mode, uint uid, uint gid)
    {
        Directory.CreateDirectory(path);
        File.SetUnixFileMode(path, mode);
        Give(path, uid, gid);
    }

    /// <summary>A link itself, not what it leads to.</summary>
    public static void Give(string path, UserIds user) => Give(path, user.Uid, user.Gid);

    private static void Give(string path, uint uid, uint gid)
    {
        if (lchown(path, uid, gid) != 0)
            throw new IOException($"{path} can't be given to {uid}:{gid}: {Marshal.GetLastPInvokeErrorMessage()}");
    }

    private void GiveToUser(string path) => Give(path, _user.Uid, _user.Gid);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int lchown(string path, uint uid, uint gid);
}
