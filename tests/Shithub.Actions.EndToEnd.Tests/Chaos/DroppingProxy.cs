using System.Net;
using System.Net.Sockets;

namespace Shithub.Actions.EndToEnd.Tests.Chaos;

/// <summary>
/// What stands before several servers: each new connection goes to the next one that takes it. Now and then it resets a connection instead
/// of passing an answer on, so that the work is done and nobody learns of it.
/// </summary>
internal sealed class DroppingProxy : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly int[] _ports;
    private readonly Random _random;
    private readonly double _dropRate;
    private readonly Task _loop;
    private int _next;

    /// <param name="dropRate">The share of answers, 0 to 1, that never arrive.</param>
    public DroppingProxy(int[] ports, int seed, double dropRate)
    {
        (_ports, _random, _dropRate) = (ports, new Random(seed), dropRate);
        _listener.Start();
        Port = ((IPEndPoint)_listener.LocalEndpoint).Port;
        _loop = AcceptAsync();
    }

    public int Port { get; }

    public int Dropped { get; private set; }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _loop;
        _listener.Dispose();
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        while (true)
        {
            try
            {
                var client = await _listener.AcceptTcpClientAsync(_stop.Token);
                _ = ServeAsync(client);
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        using (client)
        {
            using var server = await ConnectAsync();
            if (server is null) return;
            try
            {
                using var either = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
                await Task.WhenAny(
                    PumpAsync(client.GetStream(), server.GetStream(), drops: false, either.Token),
                    PumpAsync(server.GetStream(), client.GetStream(), drops: true, either.Token));
                await either.CancelAsync();
            }
            finally
            {
                // A reset, as a crash or a firewall gives.
                client.LingerState = new LingerOption(true, 0);
            }
        }
    }

    private async Task<TcpClient?> ConnectAsync()
    {
        for (var attempt = 0; attempt < _ports.Length; attempt++)
        {
            var server = new TcpClient();
            try
            {
                await server.ConnectAsync(IPAddress.Loopback, _ports[Interlocked.Increment(ref _next) % _ports.Length], _stop.Token);
                return server;
            }
            catch (Exception e) when (e is SocketException or OperationCanceledException)
            {
                server.Dispose();
            }
        }

        return null;
    }

    private async Task PumpAsync(NetworkStream from, NetworkStream to, bool drops, CancellationToken cancellation)
    {
        var buffer = new byte[64 * 1024];
        try
        {
            int read;
            while ((read = await from.ReadAsync(buffer, cancellation)) > 0)
            {
                if (drops && Draw())
                    return;
                await to.WriteAsync(buffer.AsMemory(0, read), cancellation);
            }
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or ObjectDisposedException)
        {
            // One side is gone; the other is told by the reset.
        }
    }

    private bool Draw()
    {
        lock (_random)
        {
            if (_random.NextDouble() >= _dropRate) return false;
            Dropped++;
            return true;
        }
    }
}
