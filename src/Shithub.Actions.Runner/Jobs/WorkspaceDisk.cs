using System.Globalization;
using System.Text.RegularExpressions;

namespace Shithub.Actions.Runner.Jobs;

/// <summary>
/// A file system of its own for each workspace, in a sparse file behind a loop device: whatever a job writes, it hits that file system's
/// end and not the host's. Nothing needs cleaning up but the mount: the file has no name once it is mounted, and the kernel frees it and the
/// device with the last user.
/// </summary>
internal sealed partial class WorkspaceDisk
{
    private const string Template = ".disk";

    /// <summary>An inode's size in ext4; the limit of bytes is for files, so what inodes need comes on top.</summary>
    private const int InodeBytes = 256;
    private const int BlockBytes = 4096;
    private const long OverheadBytes = 16 * 1024 * 1024;

    private readonly string _template;

    private WorkspaceDisk(string template) => _template = template;

    /// <summary>Makes the empty file system that each workspace gets a copy of: a few hundred KiB, whatever its size.</summary>
    /// <exception cref="IOException">This host can't.</exception>
    public static async Task<WorkspaceDisk> PrepareAsync(string root, long bytes, int files, CancellationToken cancellationToken)
    {
        var path = Path.Combine(root, Template);
        var inodes = Math.Min(files, Math.Max(bytes / BlockBytes, 1024));
        File.Delete(path);
        await using (var image = File.Create(path)) image.SetLength(bytes + (inodes * InodeBytes) + OverheadBytes);

        // No journal: it does not outlive the job. A hundredth is root's, so that the runner can still write what the next step needs.
        await HostCommand.RunAsync(
            "mkfs.ext4", cancellationToken, "-q", "-F", "-b", BlockBytes.ToString(CultureInfo.InvariantCulture), "-m", "1",
            "-N", inodes.ToString(CultureInfo.InvariantCulture), "-I", InodeBytes.ToString(CultureInfo.InvariantCulture),
            "-O", "^has_journal,^resize_inode", "-E", "lazy_itable_init=1,nodiscard", path);
        return new WorkspaceDisk(path);
    }

    /// <param name="folder">Empty; below the root.</param>
    /// <exception cref="IOException">There is no loop device, or no right to mount.</exception>
    public async Task MountAsync(string folder, CancellationToken cancellationToken)
    {
        var image = folder + ".disk";
        try
        {
            await HostCommand.RunAsync("cp", cancellationToken, "--sparse=always", "--reflink=auto", "--", _template, image);
            await RunOnHostAsync("mount", cancellationToken, "-t", "ext4", "-o", "loop,nosuid,nodev,noatime,noinit_itable", image, folder);
        }
        finally
        {
            File.Delete(image);
        }
    }

    /// <summary>What is not mounted is fine.</summary>
    public static async Task UnmountAsync(string folder, CancellationToken cancellationToken)
    {
        // Lazily: whoever of the engine's still looks does not keep it; it is gone when nobody does.
        if (Mounted(folder).Contains(folder)) await RunOnHostAsync("umount", cancellationToken, "--lazy", folder);
    }

    /// <summary>Those that a runner left that was killed. Its containers are gone already.</summary>
    public static async Task RemoveLeftoversAsync(string root, CancellationToken cancellationToken)
    {
        foreach (var folder in Mounted(root))
        {
            await UnmountAsync(folder, cancellationToken);
            Directory.Delete(folder);
        }

        foreach (var image in Directory.EnumerateFiles(root, "*.disk").Where(image => Path.GetFileName(image) != Template)) File.Delete(image);
    }

    /// <summary>The mounts at or below a folder, the innermost first.</summary>
    public static IReadOnlyList<string> Mounted(string folder) =>
    [
        .. File.ReadLines("/proc/self/mountinfo")
            .Select(line => Octal().Replace(line.Split(' ')[4], match => ((char)Convert.ToInt32(match.Groups[1].Value, 8)).ToString()))
            .Where(point => point == folder || point.StartsWith(folder + "/", StringComparison.Ordinal))
            .Reverse(),
    ];

    /// <summary>
    /// Where the engine sees it: a service manager may have given this process mounts of its own, into which the host's come but from which
    /// none goes.
    /// </summary>
    private static Task RunOnHostAsync(string program, CancellationToken cancellationToken, params string[] arguments)
    {
        const string Host = "/proc/1/ns/mnt";
        return IsElsewhere(Host)
            ? HostCommand.RunAsync("nsenter", cancellationToken, ["--mount=" + Host, "--", program, .. arguments])
            : HostCommand.RunAsync(program, cancellationToken, arguments);
    }

    private static bool IsElsewhere(string host)
    {
        try
        {
            return File.ResolveLinkTarget("/proc/self/ns/mnt", false)?.Name != File.ResolveLinkTarget(host, false)?.Name;
        }
        catch (Exception e) when (e is UnauthorizedAccessException or IOException)
        {
            // Who may not even look may not go there either; whether the engine sees what is mounted here is tried before it counts.
            return false;
        }
    }

    [GeneratedRegex(@"\\([0-7]{3})")]
    private static partial Regex Octal();
}
