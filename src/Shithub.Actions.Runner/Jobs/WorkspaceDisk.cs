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
    public async Task MountAsync(string folder)
    {
        var image = folder + ".disk";
        try
        {
            SparseCopy.Make(_template, image);
            await LoopMount.MountAsync(image, folder);
        }
        finally
        {
            File.Delete(image);
        }
    }

    /// <summary>Those that a runner left that was killed. Its containers are gone already.</summary>
    public static async Task RemoveLeftoversAsync(string root)
    {
        foreach (var folder in Mounted(root))
        {
            await LoopMount.UnmountAsync(folder);
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

    [GeneratedRegex(@"\\([0-7]{3})")]
    private static partial Regex Octal();
}
