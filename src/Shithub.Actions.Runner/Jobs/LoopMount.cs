using System.Globalization;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Shithub.Actions.Runner.Sandbox;

namespace Shithub.Actions.Runner.Jobs;

/// <summary>
/// Mounts files as file systems where the engine sees them, by the kernel's own calls (<c>loop(4)</c>, Linux 5.8, and <c>mount(2)</c>):
/// <c>mount(8)</c> and <c>umount(8)</c> take four times as long, at every job.
/// </summary>
internal static partial class LoopMount
{
    private const int NoSetUid = 2;
    private const int NoDevices = 4;
    private const int NoAccessTimes = 1024;
    private const int Detach = 2;
    private const int NewMounts = 0x20000; // CLONE_NEWNS
    private const int OwnFolders = 0x200; // CLONE_FS
    private const uint GetFree = 0x4C82;
    private const uint Configure = 0x4C0A;
    private const uint AutoClear = 4;
    private const int Busy = 16;
    private const int NotMounted = 22;
    private const int Tries = 100;
    private const string HostMounts = "/proc/1/ns/mnt";

    /// <summary>Without devices and set-uid programs. The device goes with the mount, and the file with the device.</summary>
    /// <param name="image">An ext4 file system; may be unlinked when this returns.</param>
    /// <param name="host">The mounts that the engine sees.</param>
    /// <exception cref="IOException">There is no loop device, or no right to mount.</exception>
    public static Task MountAsync(string image, string folder, string host = HostMounts) => OnHostAsync(host, () =>
    {
        using var file = Open(image);
        using var control = Open("/dev/loop-control");
        using var device = Attach(file, control, out var path);
        if (mount(path, folder, "ext4", NoSetUid | NoDevices | NoAccessTimes, "noinit_itable") != 0) throw Failed($"{folder} can't be mounted");
    });

    /// <summary>Lazily: whoever of the engine's still looks does not keep it; it is gone when nobody does. What is not mounted is fine.</summary>
    /// <param name="host">As when it was mounted.</param>
    /// <exception cref="IOException">There is no right to it.</exception>
    public static Task UnmountAsync(string folder, string host = HostMounts) => OnHostAsync(host, () =>
    {
        if (umount2(folder, Detach) != 0 && Marshal.GetLastPInvokeError() != NotMounted) throw Failed($"{folder} can't be unmounted");
    });

    /// <summary>A free one is anybody's until it has a file.</summary>
    private static SafeFileHandle Attach(SafeFileHandle file, SafeFileHandle control, out string path)
    {
        for (var tries = 1; ; tries++)
        {
            var number = ioctl(control, GetFree, 0);
            if (number < 0) throw Failed("There is no free loop device");
            path = string.Create(CultureInfo.InvariantCulture, $"/dev/loop{number}");
            var device = Open(path);
            var configuration = new LoopConfiguration { File = (uint)file.DangerousGetHandle(), Flags = AutoClear };
            if (ioctl(device, Configure, ref configuration) == 0) return device;
            var failure = Failed($"{path} can't be set up");
            var isBusy = Marshal.GetLastPInvokeError() == Busy;
            device.Dispose();
            if (!isBusy || tries == Tries) throw failure;
        }
    }

    /// <summary>
    /// Where the engine sees it: a service manager may have given this process mounts of its own, into which the host's come but from which
    /// none goes.
    /// </summary>
    private static Task OnHostAsync(string host, Action act) => NamespaceThread.RunAsync("mount", () =>
    {
        try
        {
            if (IsElsewhere(host)) GoTo(host);
            act();
            return true;
        }
        catch (UnauthorizedAccessException e)
        {
            throw new IOException(e.Message, e);
        }
    });

    /// <summary>Others have the same at the same time.</summary>
    private static SafeFileHandle Open(string path) => File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);

    private static void GoTo(string host)
    {
        using var mounts = File.OpenHandle(host);
        if (unshare(OwnFolders) != 0 || !NamespaceThread.TryEnter(mounts, NewMounts)) throw Failed("The host's mounts can't be changed");
    }

    private static bool IsElsewhere(string host)
    {
        try
        {
            return File.ResolveLinkTarget("/proc/thread-self/ns/mnt", false)?.Name != File.ResolveLinkTarget(host, false)?.Name;
        }
        catch (Exception e) when (e is UnauthorizedAccessException or IOException)
        {
            // Who may not even look may not go there either; whether the engine sees what is mounted here is tried before it counts.
            return false;
        }
    }

    private static IOException Failed(string what) => new($"{what}: {Marshal.GetLastPInvokeErrorMessage()}");

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int mount(string source, string target, string type, nuint flags, string options);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int umount2(string target, int flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int ioctl(SafeFileHandle file, nuint request, nint argument);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int ioctl(SafeFileHandle file, nuint request, ref LoopConfiguration argument);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int unshare(int what);

    /// <summary><c>struct loop_config</c>, with its <c>loop_info64</c>.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 304)]
    private struct LoopConfiguration
    {
        [FieldOffset(0)]
        public uint File;

        [FieldOffset(60)]
        public uint Flags;
    }
}
