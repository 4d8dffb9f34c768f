using System.Net.Sockets;
using System.Text;

namespace Shithub.Actions.Runner.Tests.Fake;

/// <summary>Stands before an engine's socket and keeps back requests of one kind until it is told to let them pass.</summary>
internal sealed class SlowEngine : IDisposable
{
    private readonly string _engine;
    private readonly string[] _words;
    private readonly Socket _listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
    private TaskCompletionSource _passes = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _kept;

    /// <param name="words">What the first lines of the requests have: <c>DELETE /containers/</c>.</param>
    public SlowEngine(string engine, string socket, params string[] words)
    {
        (_engine, _words, Socket) = (engine, words, socket);
        _listener.Bind(new UnixDomainSocketEndPoint(socket));
        _listener.Listen();
        _ = AcceptAsync();
    }

    public string Socket { get; }

    /// <summary>How many requests were kept back since it was told to.</summary>
    public int Kept => Volatile.Read(ref _kept);

    public void LetPass() => _passes.TrySetResult();

    public void KeepBack()
    {
        _kept = 0;
        _passes = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    public void Dispose()
    {
        LetPass();
        _listener.Dispose();
        File.Delete(Socket);
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true) _ = PassAsync(await _listener.AcceptAsync());
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // The test is over.
        }
    }

    private async Task PassAsync(Socket client)
    {
        try
        {
            using (client)
            using (var engine = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified))
            {
                await engine.ConnectAsync(new UnixDomainSocketEndPoint(_engine));
                await Task.WhenAny(CopyAsync(client, engine, keep: true), CopyAsync(engine, client, keep: false));
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // One side is gone.
        }
    }

    private async Task CopyAsync(Socket from, Socket to, bool keep)
    {
        var buffer = new byte[64 * 1024];
        int read;
        while ((read = await from.ReceiveAsync(buffer)) > 0)
        {
            var line = Encoding.ASCII.GetString(buffer, 0, Math.Min(read, 200)).Split('\r')[0];
            if (keep && _words.All(word => line.Contains(word, StringComparison.Ordinal)))
            {
                Interlocked.Increment(ref _kept);
                await _passes.Task;
            }

            for (var sent = 0; sent < read;) sent += await to.SendAsync(buffer.AsMemory(sent, read - sent));
        }
    }
}
