using System.Runtime.InteropServices;
using Shithub.Actions.Runner.Jobs;
using Shithub.Actions.Runner.Sandbox;
using Shithub.Actions.Runner.Tests.Fake;
using Xunit;

namespace Shithub.Actions.Runner.Tests.Jobs;

/// <summary>Workspaces on file systems of their own, on this host.</summary>
public sealed class WorkspaceDiskTests : IDisposable
{
    private const long Bytes = 32 * 1024 * 1024;
    private readonly string _root = Directory.CreateTempSubdirectory("shithub-disk-").FullName;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public async Task It_has_no_devices_and_no_set_uid_programs_and_is_full_when_it_is_and_nothing_is_left_of_it()
    {
        var disk = await WorkspaceDisk.PrepareAsync(_root, Bytes, 1000, Cancellation);
        var workspace = await JobWorkspace.CreateAsync(_root, "one", UserIds.Parse("65534:65534"), disk);
        var mount = Mount(workspace.Folder)!.Split(' ');
        var device = mount[^2];
        Assert.Equal(["rw", "nosuid", "nodev", "noatime"], mount[5].Split(','));
        Assert.Matches(@"\A/dev/loop[0-9]+\z", device);
        Assert.Equal([".disk"], Directory.GetFiles(_root).Select(Path.GetFileName));

        var file = Path.Combine(workspace.Workspace, "filler");
        await Assert.ThrowsAsync<IOException>(() => File.WriteAllBytesAsync(file, new byte[2 * Bytes], Cancellation));
        Assert.InRange(new FileInfo(file).Length, Bytes / 2, (2 * Bytes) - 1);

        await workspace.RemoveAsync(Cancellation);
        Assert.Null(Mount(workspace.Folder));
        Assert.Empty(Directory.GetDirectories(_root));
        await Eventually.BecomesAsync(false, () => Task.FromResult(HasFileIn(device, _root)));
    }

    [Fact]
    public async Task Many_at_once_have_each_their_own()
    {
        var disk = await WorkspaceDisk.PrepareAsync(_root, Bytes, 1000, Cancellation);
        var workspaces = await Task.WhenAll(
            Enumerable.Range(0, 12).Select(number => Task.Run(() => JobWorkspace.CreateAsync(_root, $"n{number}", UserIds.Parse("65534"), disk))));
        foreach (var workspace in workspaces) await File.WriteAllTextAsync(Path.Combine(workspace.Workspace, "own"), workspace.Folder, Cancellation);
        foreach (var workspace in workspaces) Assert.Equal(workspace.Folder, await File.ReadAllTextAsync(Path.Combine(workspace.Workspace, "own"), Cancellation));
        await Task.WhenAll(workspaces.Select(workspace => workspace.RemoveAsync(Cancellation)));
        Assert.Empty(Directory.GetDirectories(_root));
    }

    [Fact]
    public async Task A_runner_with_mounts_of_its_own_makes_it_where_the_engine_sees_it_and_takes_it_away_there()
    {
        await WorkspaceDisk.PrepareAsync(_root, Bytes, 1000, Cancellation);
        var folder = Directory.CreateDirectory(Path.Combine(_root, "folder")).FullName;
        var host = $"/proc/{Environment.ProcessId}/ns/mnt";
        await ApartAsync(() => LoopMount.MountAsync(Path.Combine(_root, ".disk"), folder, host));
        Assert.NotNull(Mount(folder));

        await ApartAsync(() => LoopMount.UnmountAsync(folder, host));
        Assert.Null(Mount(folder));
    }

    [Fact]
    public void A_copy_of_a_file_with_holes_is_the_same_file_with_holes()
    {
        var (source, target) = (Path.Combine(_root, "source"), Path.Combine(_root, "target"));
        var written = new byte[100_000];
        Random.Shared.NextBytes(written);
        using (var file = File.Create(source))
        {
            file.SetLength(1L << 30);
            foreach (var at in (long[])[0, 300_000, (1L << 30) - written.Length])
            {
                file.Position = at;
                file.Write(written);
            }
        }

        SparseCopy.Make(source, target);
        using var copy = File.OpenRead(target);
        Assert.Equal(1L << 30, copy.Length);
        foreach (var (at, expected) in (IEnumerable<(long, byte[])>)[(0, written), (150_000, new byte[100_000]), (300_000, written), (copy.Length - written.Length, written)])
        {
            var found = new byte[expected.Length];
            copy.Position = at;
            copy.ReadExactly(found);
            Assert.Equal(expected, found);
        }

        Assert.Throws<IOException>(() => SparseCopy.Make(source, target));
    }

    private static string? Mount(string folder) => File.ReadLines("/proc/self/mountinfo").FirstOrDefault(line => line.Split(' ')[4] == folder);

    private static bool HasFileIn(string device, string folder)
    {
        var file = $"/sys/block/{Path.GetFileName(device)}/loop/backing_file";
        return File.Exists(file) && File.ReadAllText(file).StartsWith(folder, StringComparison.Ordinal);
    }

    /// <summary>On a thread whose mounts nobody else sees, as those of a service that its manager keeps apart.</summary>
    private static async Task ApartAsync(Func<Task> act)
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        new Thread(() =>
        {
            const int NewMounts = 0x20000;
            const int Private = 0x44000; // MS_REC | MS_PRIVATE
            try
            {
                Assert.Equal(0, unshare(NewMounts));
                Assert.Equal(0, mount("none\0"u8.ToArray(), "/\0"u8.ToArray(), null, Private, null));
                act().Wait();
                done.SetResult();
            }
            catch (Exception e)
            {
                done.SetException(e);
            }
        })
        { IsBackground = true }.Start();
        await done.Task;
    }

    [DllImport("libc")]
    private static extern int unshare(int what);

    [DllImport("libc")]
    private static extern int mount(byte[] source, byte[] target, byte[]? type, nuint flags, byte[]? options);
}
