using System.Text;

namespace Shithub.Actions.Runner.Sandbox;

/// <summary>
/// What the first process of a container says of its fence, through a pipe in the mount, before anything else is in the container: a command
/// run there for it would cost as much as a step. That commands get no more than the first process is seen when the runner starts.
/// </summary>
internal sealed class FirstLook : IDisposable
{
    private const int BytesMax = 64 * 1024;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private readonly string _path;
    private readonly Pipe _pipe;

    private FirstLook(string path, Pipe pipe) => (_path, _pipe) = (path, pipe);

    /// <summary>Listens; before the container starts.</summary>
    /// <param name="mount">The host's folder that becomes <see cref="ContainerPaths.Mount"/>; the steps' user can't write there.</param>
    /// <exception cref="IOException">The pipe can't be made.</exception>
    public static FirstLook Prepare(string mount)
    {
        var path = Path.Combine(mount, Path.GetFileName(ContainerPaths.FirstLook));
        return new FirstLook(path, Pipe.Make(path, writableByAll: true));
    }

    /// <exception cref="SandboxException">Nothing came within 30 s.</exception>
    public async Task<string> ReadAsync(CancellationToken cancellationToken)
    {
        using var bounded = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        bounded.CancelAfter(Patience);
        using var wake = new WakeUp();
        await using var end = bounded.Token.Register(wake.Set);
        var said = await Task.Run(() => Read(wake), CancellationToken.None);
        cancellationToken.ThrowIfCancellationRequested();
        return said ?? throw new SandboxException("the container's fence could not be looked at: its first process says nothing");
    }

    public void Dispose()
    {
        _pipe.Dispose();
        File.Delete(_path);
    }

    /// <returns>Null: woken before it was whole.</returns>
    private string? Read(WakeUp wake)
    {
        var buffer = new byte[BytesMax];
        var length = 0;
        while (length < buffer.Length && !buffer.AsSpan(0, length).EndsWith(Encoding.ASCII.GetBytes(Fence.EndOfScript)))
        {
            if (!Pipe.WaitToRead(_pipe, null, wake, Timeout.InfiniteTimeSpan).First) return null;
            length += _pipe.Read(buffer.AsSpan(length));
        }

        return Encoding.UTF8.GetString(buffer, 0, length);
    }
}
