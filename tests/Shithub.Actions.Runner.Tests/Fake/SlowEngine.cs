using System.Collections.Concurrent;
using System.Net.Sockets;
using System.Text;

namespace Shithub.Actions.Runner.Tests.Fake;

/// <summary>Stands before an engine's socket: keeps back requests of one kind until it is told to let them pass, and can go away.</summary>
internal sealed class SlowEngine : IDisposable
{
    private readonly string _engine;
    private readonly string[] _words;
    private readonly ConcurrentBag<Socket> _clients = [];
    private Socket _listener = null!;
    private TaskCompletionSource _passes = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _kept;

    /// <param name="words">What the first lines of the requests have: <c>DELETE /containers/</c>.</param>
    public SlowEngine(string engine, string socket, params string[] words)
    {
        (_engine, _words, Socket) = (engine, words, socket);
        ComeBack();
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

    /// <summary>There is no such socket any more, and who was connected is no longer.</summary>
    public void GoAway()
    {
        _listener.Dispose();
        File.Delete(Socket);
        foreach (var client in _clients) client.Dispose();
    }

    public void ComeBack()
    {
        _listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        _listener.Bind(new UnixDomainSocketEndPoint(Socket));
        _listener.Listen();
        _ = AcceptAsync(_listener);
    }

    public void Dispose()
    {
        LetPass();
        GoAway();
    }

    private async Task AcceptAsync(Socket listener)
    {
        try
        {
            while (true)
            {
                var client = await listener.AcceptAsync();
                _clients.Add(client);
                _ = PassAsync(client);
            }
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
