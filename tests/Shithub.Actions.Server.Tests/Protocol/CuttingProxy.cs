using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Shithub.Actions.Server.Tests.Protocol;

/// <summary>When the connection dies.</summary>
public enum Cut
{
    /// <summary>As soon as the server has the whole request: it may be at work on it.</summary>
    AfterTheRequest,

    /// <summary>When the first byte of the answer is there: the work is done, nobody learns of it.</summary>
    BeforeTheAnswer,
}

/// <summary>A TCP proxy that forwards each request to the server and cuts the client off instead of handing it the answer.</summary>
public sealed class CuttingProxy : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly Uri _server;
    private readonly Cut _cut;
    private readonly Task _loop;

    public CuttingProxy(Uri server, Cut cut)
    {
        (_server, _cut) = (server, cut);
        _listener.Start();
        Client = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}") };
        _loop = AcceptAsync();
    }

    /// <summary>Speaks through the proxy.</summary>
    public HttpClient Client { get; }

    /// <summary>How many requests the server got whole.</summary>
    public int Forwarded { get; private set; }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _loop;
        _listener.Dispose();
        Client.Dispose();
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                using var client = await _listener.AcceptTcpClientAsync(_stop.Token);
                using var server = new TcpClient();
                await server.ConnectAsync(_server.Host, _server.Port, _stop.Token);
                await ForwardAsync(client.GetStream(), server.GetStream());
                // Linger 0 resets the connection, as a crash or a firewall does.
                client.LingerState = new LingerOption(true, 0);
                server.LingerState = new LingerOption(true, 0);
            }
            catch (OperationCanceledException) when (_stop.IsCancellationRequested)
            {
            }
        }
    }

    private async Task ForwardAsync(NetworkStream client, NetworkStream server)
    {
        var request = new MemoryStream();
        var buffer = new byte[64 * 1024];
        while (!IsWhole(request))
        {
            var read = await client.ReadAsync(buffer, _stop.Token);
            if (read == 0)
                return;
            request.Write(buffer, 0, read);
            await server.WriteAsync(buffer.AsMemory(0, read), _stop.Token);
        }

        Forwarded++;
        if (_cut == Cut.BeforeTheAnswer)
            await server.ReadExactlyAsync(buffer.AsMemory(0, 1), _stop.Token);
    }

    private static bool IsWhole(MemoryStream request)
    {
        const string Length = "Content-Length: ";
        var text = Encoding.Latin1.GetString(request.GetBuffer(), 0, (int)request.Length);
        var head = text.IndexOf("\r\n\r\n", StringComparison.Ordinal);
        if (head < 0)
            return false;
        var start = text.IndexOf(Length, StringComparison.OrdinalIgnoreCase) + Length.Length;
        var body = int.Parse(text[start..text.IndexOf('\r', start)], System.Globalization.CultureInfo.InvariantCulture);
        return text.Length == head + 4 + body;
    }
}
