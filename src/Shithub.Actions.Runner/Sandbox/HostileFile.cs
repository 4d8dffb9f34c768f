using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Shithub.Actions.Runner.Sandbox;

internal enum HostileFileResult
{
    Read,
    Missing,

    /// <summary>A link out of the folder, a device, a pipe, a folder.</summary>
    NotPlain,
    TooLarge,
}

/// <summary>
/// Reads files where steps can write, on the host and as root. The kernel resolves each path below its folder (openat2(2) with
/// RESOLVE_BENEATH), so no link that a step made, before or meanwhile, leads anywhere else; and nothing but a plain file is read, so that
/// neither a pipe makes the runner wait nor a device surprises it.
/// </summary>
internal static partial class HostileFile
{
    private const int OpenReadOnly = 0;
    private const int OpenNonBlocking = 0x800;
    private const int OpenCloseOnExec = 0x80000;
    private const ulong NoMagicLinks = 0x02;
    private const ulong NoLinks = 0x04;
    private const ulong Beneath = 0x08;
    private const int NoSuchFile = 2;
    private const int NotADirectory = 20;

    /// <summary>The same on all architectures that .NET runs on.</summary>
    private const long OpenAt2 = 437;

    private const int AtEmptyPath = 0x1000;
    private const uint StatxTypeAndSize = 0x1 | 0x200;
    private const int ModeOffset = 28;
    private const int SizeOffset = 40;
    private const ushort TypeMask = 0xF000;
    private const ushort RegularFile = 0x8000;

    /// <param name="folder">A folder whose own path no step can change.</param>
    /// <param name="path">Relative to it.</param>
    /// <param name="followLinks">Links that stay below the folder are followed; else none is.</param>
    /// <param name="bytes">Empty unless the result is <see cref="HostileFileResult.Read"/>.</param>
    public static HostileFileResult Read(string folder, string path, int bytesMax, bool followLinks, out byte[] bytes)
    {
        bytes = [];
        using var file = Open(folder, path, followLinks, out var result);
        if (file is null) return result;

        // One byte more than allowed: the size may have grown since it was looked at.
        var buffer = new byte[Math.Min(Size(file), bytesMax) + 1];
        var length = 0;
        int read;
        while (length < buffer.Length && (read = RandomAccess.Read(file, buffer.AsSpan(length), length)) > 0) length += read;
        if (length > bytesMax) return HostileFileResult.TooLarge;
        bytes = buffer[..length];
        return HostileFileResult.Read;
    }

    /// <returns>Null where it is missing or not plain.</returns>
    public static SafeFileHandle? Open(string folder, string path, bool followLinks, out HostileFileResult result)
    {
        using var root = OpenFolder(folder);
        var how = new OpenHow { Flags = OpenReadOnly | OpenNonBlocking | OpenCloseOnExec, Resolve = Beneath | NoMagicLinks | (followLinks ? 0 : NoLinks) };
        var descriptor = syscall(OpenAt2, (int)root.DangerousGetHandle(), path, ref how, Marshal.SizeOf<OpenHow>());
        if (descriptor < 0)
        {
            result = Marshal.GetLastPInvokeError() is NoSuchFile or NotADirectory ? HostileFileResult.Missing : HostileFileResult.NotPlain;
            return null;
        }

        var file = new SafeFileHandle((nint)descriptor, ownsHandle: true);
        var mode = BitConverter.ToUInt16(Status(file), ModeOffset);
        result = (mode & TypeMask) == RegularFile ? HostileFileResult.Read : HostileFileResult.NotPlain;
        if (result == HostileFileResult.Read) return file;
        file.Dispose();
        return null;
    }

    private static SafeFileHandle OpenFolder(string folder)
    {
        var descriptor = open(folder, OpenReadOnly | OpenCloseOnExec);
        return descriptor >= 0
            ? new SafeFileHandle(descriptor, ownsHandle: true)
            : throw new IOException($"{folder} can't be opened: {Marshal.GetLastPInvokeErrorMessage()}");
    }

    private static long Size(SafeFileHandle file) => BitConverter.ToInt64(Status(file), SizeOffset);

    private static byte[] Status(SafeFileHandle file)
    {
        var status = new byte[256];
        return statx((int)file.DangerousGetHandle(), "", AtEmptyPath, StatxTypeAndSize, status) == 0
            ? status
            : throw new IOException($"A file that is open can't be looked at: {Marshal.GetLastPInvokeErrorMessage()}");
    }

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int open(string path, int flags);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial long syscall(long number, int folder, string path, ref OpenHow how, nint size);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int statx(int folder, string path, int flags, uint mask, byte[] status);

    private struct OpenHow
    {
        public ulong Flags;
        public ulong Mode;
        public ulong Resolve;
    }
}
