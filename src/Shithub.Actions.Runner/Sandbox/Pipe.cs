using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Shithub.Actions.Runner.Sandbox;

/// <summary>
/// One end of a named pipe that a container has the other of. Nothing here waits but by <c>poll(2)</c>, which also hears of a
/// <see cref="WakeUp"/>: a container that says nothing, or reads nothing, holds nobody up. .NET's own streams would wait in the kernel.
/// </summary>
internal sealed partial class Pipe : IDisposable
{
    /// <summary>Bytes that it holds, where the system lets it.</summary>
    public const int Capacity = 256 * 1024;

    private const int ReadOnly = 0;
    private const int WriteOnly = 1;
    private const int ReadAndWrite = 2;
    private const int NonBlocking = 0x800;
    private const int CloseOnExec = 0x80000;
    private const int SetPipeSize = 1031;
    private const uint Fionread = 0x541B;
    private const int Interrupted = 4;
    private const int TryAgain = 11;
    private const int BrokenPipe = 32;

    // Steps of any user write to it, or read it; the folder above is closed to all but the runner and the container.
    private const UnixFileMode Writable = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupWrite | UnixFileMode.OtherWrite;
    private const UnixFileMode Readable = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead;

    private readonly SafeFileHandle _handle;

    private Pipe(SafeFileHandle handle) => _handle = handle;

    /// <summary>Makes the pipe and opens both of its ends, so that no other opening waits for one.</summary>
    /// <exception cref="IOException">It can't be made.</exception>
    public static Pipe Make(string path, bool writableByAll)
    {
        if (mkfifo(path, 0) != 0) throw new IOException($"{path} can't be made: {Marshal.GetLastPInvokeErrorMessage()}");
        File.SetUnixFileMode(path, writableByAll ? Writable : Readable);
        var pipe = OpenAs(path, ReadAndWrite);
        // Without the right to it, it stays as it was.
        _ = fcntl(pipe._handle, SetPipeSize, Capacity);
        return pipe;
    }

    public static Pipe OpenToRead(string path) => OpenAs(path, ReadOnly);

    public static Pipe OpenToWrite(string path) => OpenAs(path, WriteOnly);

    /// <summary>Bytes that are in it.</summary>
    public int Available => ioctl(_handle, Fionread, out var bytes) == 0 ? bytes : 0;

    /// <returns>Bytes read; 0 at the end, and where there was nothing after all.</returns>
    public int Read(Span<byte> buffer)
    {
        var got = read(_handle, buffer, buffer.Length);
        return got >= 0 || Marshal.GetLastPInvokeError() is TryAgain or Interrupted ? (int)Math.Max(got, 0) : throw Failed("read");
    }

    /// <returns>Bytes written; null: nobody reads any more.</returns>
    public int? Write(ReadOnlySpan<byte> bytes)
    {
        var written = write(_handle, bytes, bytes.Length);
        if (written >= 0) return (int)written;
        return Marshal.GetLastPInvokeError() switch
        {
            TryAgain or Interrupted => 0,
            BrokenPipe => null,
            _ => throw Failed("written"),
        };
    }

    /// <returns>False: woken, or the time is over.</returns>
    public static bool WaitToWrite(Pipe pipe, WakeUp wake, TimeSpan patience)
    {
        Span<Poll.Entry> wanted = [Poll.Entry.ToWrite(pipe._handle), Poll.Entry.ToRead(wake.Handle)];
        Poll.Wait(wanted, patience);
        return wanted[0].IsReady && !wanted[1].IsReady;
    }

    /// <param name="first">Null: it has ended.</param>
    /// <param name="second">As <paramref name="first"/>.</param>
    /// <returns>Which has something to read, or has ended; neither: woken, or the time is over.</returns>
    public static (bool First, bool Second) WaitToRead(Pipe? first, Pipe? second, WakeUp wake, TimeSpan patience)
    {
        Span<Poll.Entry> wanted = [Poll.Entry.ToRead(first?._handle), Poll.Entry.ToRead(second?._handle), Poll.Entry.ToRead(wake.Handle)];
        Poll.Wait(wanted, patience);
        return wanted[2].IsReady ? (false, false) : (wanted[0].IsReady, wanted[1].IsReady);
    }

    public void Dispose() => _handle.Dispose();

    private static Pipe OpenAs(string path, int access)
    {
        var descriptor = open(path, access | NonBlocking | CloseOnExec);
        return descriptor >= 0
            ? new Pipe(new SafeFileHandle(descriptor, ownsHandle: true))
            : throw new IOException($"{path} can't be opened: {Marshal.GetLastPInvokeErrorMessage()}");
    }

    private static IOException Failed(string what) => new($"A pipe to a container can't be {what}: {Marshal.GetLastPInvokeErrorMessage()}");

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int mkfifo(string path, uint mode);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int open(string path, int flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int fcntl(SafeFileHandle file, int command, int argument);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int ioctl(SafeFileHandle file, nuint request, out int value);

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint read(SafeFileHandle file, Span<byte> buffer, nint length);

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint write(SafeFileHandle file, ReadOnlySpan<byte> bytes, nint length);
}

/// <summary>Ends a wait of another thread in <see cref="Pipe"/>.</summary>
internal sealed partial class WakeUp : IDisposable
{
    private const int CloseOnExec = 0x80000;

    public WakeUp()
    {
        var descriptor = eventfd(0, CloseOnExec);
        if (descriptor < 0) throw new IOException($"No event can be made: {Marshal.GetLastPInvokeErrorMessage()}");
        Handle = new SafeFileHandle(descriptor, ownsHandle: true);
    }

    public SafeFileHandle Handle { get; }

    public void Set() => _ = eventfd_write(Handle, 1);

    public void Dispose() => Handle.Dispose();

    [LibraryImport("libc", SetLastError = true)]
    private static partial int eventfd(uint value, int flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int eventfd_write(SafeFileHandle file, ulong value);
}
