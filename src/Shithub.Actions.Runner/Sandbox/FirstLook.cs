using System.Runtime.InteropServices;
using System.Text;

namespace Shithub.Actions.Runner.Sandbox;

/// <summary>
/// What the first process of a container says of its fence, through a pipe in the mount, before anything else is in the container: a command
/// run there for it would cost as much as a step. That commands get no more than the first process is seen when the runner starts.
/// </summary>
internal sealed partial class FirstLook : IDisposable
{
    private const int BytesMax = 64 * 1024;
    private const uint WritableByAll = 0x192; // 0622
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private readonly string _path;
    private readonly FileStream _pipe;

    private FirstLook(string path, FileStream pipe) => (_path, _pipe) = (path, pipe);

    /// <summary>Listens; before the container starts.</summary>
    /// <param name="mount">The host's folder that becomes <see cref="ContainerPaths.Mount"/>; the steps' user can't write there.</param>
    /// <exception cref="IOException">The pipe can't be made.</exception>
    public static FirstLook Prepare(string mount)
    {
        var path = Path.Combine(mount, Path.GetFileName(ContainerPaths.FirstLook));
        if (mkfifo(path, 0) != 0) throw new IOException($"{path} can't be made: {Marshal.GetLastPInvokeErrorMessage()}");
        File.SetUnixFileMode(path, (UnixFileMode)WritableByAll);

        // For writing, too: else opening would wait for a writer, and reading end with the first one.
        return new FirstLook(path, new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite, bufferSize: 0));
    }

    /// <exception cref="SandboxException">Nothing came within 30 s.</exception>
    public async Task<string> ReadAsync(CancellationToken cancellationToken)
    {
        using var bounded = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        bounded.CancelAfter(Patience);

        // A read that waits ends by what is written: there is no other way to end it.
        await using var end = bounded.Token.Register(() => _pipe.Write(Encoding.ASCII.GetBytes("\n" + Fence.EndOfScript)));
        var said = await Task.Run(Read, CancellationToken.None);
        cancellationToken.ThrowIfCancellationRequested();
        return bounded.IsCancellationRequested ? throw new SandboxException("the container's fence could not be looked at: its first process says nothing") : said;
    }

    public void Dispose()
    {
        _pipe.Dispose();
        File.Delete(_path);
    }

    private string Read()
    {
        var buffer = new byte[BytesMax];
        var length = 0;
        while (length < buffer.Length && !buffer.AsSpan(0, length).EndsWith(Encoding.ASCII.GetBytes(Fence.EndOfScript)))
            length += _pipe.Read(buffer, length, buffer.Length - length);
        return Encoding.UTF8.GetString(buffer, 0, length);
    }

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int mkfifo(string path, uint mode);
}
