using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace Shithub.Actions.Server.Tests.Web;

/// <summary>A TCP line between a browser and the server that can be cut while it carries something.</summary>
public sealed class CuttableWire : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly ConcurrentDictionary<TcpClient, bool> _open = [];
    private readonly CancellationTokenSource _stop = new();
    private readonly Uri _server;
    private readonly Task _loop;

    public CuttableWire(Uri server)
    {
        _server = server;
        _listener.Start();
        Address = new Uri($"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}");
        _loop = AcceptAsync();
    }

    public Uri Address { get; }

    /// <summary>Resets every connection that is open, as a failing network does. New ones are taken.</summary>
    public void Cut()
    {
        foreach (var socket in _open.Keys)
        {
            if (_open.TryRemove(socket, out _))
                socket.Close();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        Cut();
        await _loop;
        _listener.Dispose();
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        var lines = new List<Task>();
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                lines.Add(CarryAsync(await _listener.AcceptTcpClientAsync(_stop.Token)));
            }
            catch (OperationCanceledException)
            {
            }
        }

        await Task.WhenAll(lines);
    }

    private async Task CarryAsync(TcpClient browser)
    {
        using var server = new TcpClient();
        // Linger 0 resets instead of saying goodbye.
        browser.LingerState = server.LingerState = new LingerOption(true, 0);
        try
        {
            _open[browser] = true;
            await server.ConnectAsync(_server.Host, _server.Port, _stop.Token);
            _open[server] = true;
            await Task.WhenAny(
                browser.GetStream().CopyToAsync(server.GetStream(), _stop.Token), server.GetStream().CopyToAsync(browser.GetStream(), _stop.Token));
        }
        catch (Exception error) when (error is IOException or OperationCanceledException or SocketException or ObjectDisposedException or InvalidOperationException)
        {
        }

        _open.TryRemove(server, out _);
        _open.TryRemove(browser, out _);
        browser.Dispose();
    }
}
