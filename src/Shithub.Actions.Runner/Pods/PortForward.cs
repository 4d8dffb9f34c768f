using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Shithub.Actions.Runner.Sandbox;

namespace Shithub.Actions.Runner.Pods;

/// <summary>
/// Another number for a service's port, as <c>ports: ['8080:80']</c> wants it: listens inside the job's network and passes connections on.
/// A socket belongs to the network that its thread was in when it was made, whoever uses it later; so the runner makes the sockets on a
/// thread that has entered the job's network, and needs nothing in the container for it.
/// </summary>
internal sealed class PortForward : IDisposable
{
    private const int NewNetwork = 0x40000000; // CLONE_NEWNET
    private const int ConnectionsMax = 256;
    private readonly CancellationTokenSource _ended = new();
    private readonly Socket _listener;
    private readonly SafeHandle _network;
    private readonly int _target;
    private readonly SemaphoreSlim _slots = new(ConnectionsMax);

    private PortForward(Socket listener, SafeHandle network, int target) => (_listener, _network, _target) = (listener, network, target);

    /// <param name="pid">A process in the job's network.</param>
    /// <exception cref="SandboxException">The port is taken, or the network can't be entered.</exception>
    public static async Task<PortForward> StartAsync(int pid, PortMapping port, CancellationToken cancellationToken)
    {
        SafeHandle? network = null;
        try
        {
            network = File.OpenHandle(string.Create(CultureInfo.InvariantCulture, $"/proc/{pid}/ns/net"));
            var listener = await MakeAsync(network, socket =>
            {
                socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
                socket.Bind(new IPEndPoint(IPAddress.Loopback, port.Host));
                socket.Listen();
            }).WaitAsync(cancellationToken);
            var forward = new PortForward(listener, network, port.Container);
            _ = forward.AcceptAsync();
            return forward;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or SocketException)
        {
            network?.Dispose();
            throw new SandboxException($"Port {port.Host} can't be passed on to the service's {port.Container}: {e.Message}");
        }
    }

    public void Dispose()
    {
        _ended.Cancel();
        _listener.Dispose();
        _network.Dispose();
    }

    private static Task<Socket> MakeAsync(SafeHandle network, Action<Socket> prepare) => NamespaceThread.RunAsync("port forward", () =>
    {
        if (!NamespaceThread.TryEnter(network, NewNetwork)) throw new IOException(Marshal.GetLastPInvokeErrorMessage());
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            prepare(socket);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    });

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                await _slots.WaitAsync(_ended.Token);
                _ = PassOnAsync(await _listener.AcceptAsync(_ended.Token));
            }
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // The job is over.
        }
    }

    private async Task PassOnAsync(Socket client)
    {
        try
        {
            using (client)
            using (var service = await MakeAsync(_network, _ => { }))
            {
                await service.ConnectAsync(new IPEndPoint(IPAddress.Loopback, _target), _ended.Token);
                await Task.WhenAll(CopyAsync(client, service), CopyAsync(service, client));
            }
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or IOException or ObjectDisposedException)
        {
            // Refused or broken off: the client sees its connection end.
        }
        finally
        {
            _slots.Release();
        }
    }

    /// <summary>Until one side has said all; the other may still be speaking.</summary>
    private async Task CopyAsync(Socket from, Socket to)
    {
        var buffer = new byte[64 * 1024];
        int read;
        while ((read = await from.ReceiveAsync(buffer, _ended.Token)) > 0)
        {
            for (var sent = 0; sent < read;) sent += await to.SendAsync(buffer.AsMemory(sent, read - sent), _ended.Token);
        }

        to.Shutdown(SocketShutdown.Send);
    }
}
