using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Shithub.Actions.Runner.Jobs;

/// <summary>Copies files that are mostly holes: only what was written takes time, and space (<c>lseek(2)</c>, 'Seeking file data and holes').</summary>
internal static partial class SparseCopy
{
    private const int SeekData = 3;
    private const int SeekHole = 4;
    private const int BufferBytes = 64 * 1024;

    /// <summary>A new file that only this process's user may read.</summary>
    /// <exception cref="IOException">It is there already, or can't be written.</exception>
    public static void Make(string source, string target)
    {
        using var from = File.OpenHandle(source);
        using var to = new FileStream(target, new FileStreamOptions
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.Write,
            UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
            BufferSize = 0,
        });
        to.SetLength(RandomAccess.GetLength(from));
        var buffer = new byte[BufferBytes];

        // After the last one there is none, which is an error; a file system that knows no holes has none but at the end.
        for (long at = 0; (at = lseek(from, at, SeekData)) >= 0;)
        {
            var end = lseek(from, at, SeekHole);
            while (at < end)
            {
                var read = RandomAccess.Read(from, buffer.AsSpan(0, (int)Math.Min(buffer.Length, end - at)), at);
                RandomAccess.Write(to.SafeFileHandle, buffer.AsSpan(0, read), at);
                at += read;
            }
        }
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial long lseek(SafeFileHandle file, long offset, int whence);
}
