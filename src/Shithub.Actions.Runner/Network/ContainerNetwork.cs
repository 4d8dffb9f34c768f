using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Shithub.Actions.Runner.Sandbox;

namespace Shithub.Actions.Runner.Network;

/// <summary>
/// A container's network seen from inside, without a program of the image: a socket belongs to the network that its thread was in when it was
/// made, so the runner makes the sockets of its checks on a thread that has entered the container's.
/// </summary>
internal sealed class ContainerNetwork : IDisposable
{
    private const int NewNetwork = 0x40000000; // CLONE_NEWNET
    private static readonly TimeSpan AnswerTime = TimeSpan.FromSeconds(1);
    private readonly SafeFileHandle _network;

    private ContainerNetwork(SafeFileHandle network) => _network = network;

    /// <param name="pid">A process in it.</param>
    /// <exception cref="SandboxException">The process is gone.</exception>
    public static ContainerNetwork Of(int pid) => Of(string.Create(CultureInfo.InvariantCulture, $"/proc/{pid}/ns/net"));

    /// <param name="path">The network's file.</param>
    /// <exception cref="SandboxException">It is gone.</exception>
    public static ContainerNetwork Of(string path)
    {
        try
        {
            return new ContainerNetwork(File.OpenHandle(path));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new SandboxException($"the container's network can't be looked at: {e.Message}");
        }
    }

    /// <summary>Asks a resolver for a name's address.</summary>
    /// <returns>The answer's code and number of records; null if there was no answer.</returns>
    public async Task<(int Code, int Records)?> AskAsync(IPEndPoint resolver, string name, ProtocolType protocol, CancellationToken cancellationToken)
    {
        var id = (ushort)Random.Shared.Next(ushort.MaxValue);
        var question = DnsQuestion.Make(id, name);
        using var bounded = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        bounded.CancelAfter(AnswerTime);
        try
        {
            using var socket = await SocketAsync(resolver.AddressFamily, protocol);
            await socket.ConnectAsync(resolver, bounded.Token);
            var answer = new byte[DnsQuestion.AnswerBytesMax];
            if (protocol == ProtocolType.Udp)
            {
                await socket.SendAsync(question, bounded.Token);
                var length = await socket.ReceiveAsync(answer, bounded.Token);
                return DnsQuestion.Read(answer.AsSpan(0, length), id);
            }

            // Over TCP each message has its length before it.
            await socket.SendAsync((byte[])[(byte)(question.Length >> 8), (byte)question.Length, .. question], bounded.Token);
            using var stream = new NetworkStream(socket);
            await stream.ReadExactlyAsync(answer.AsMemory(0, 2 + 12), bounded.Token);
            return DnsQuestion.Read(answer.AsSpan(2, 12), id);
        }
        catch (Exception e) when (e is SocketException or IOException)
        {
            return null;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return null;
        }
    }

    /// <summary>Whether a TCP connection comes about.</summary>
    public async Task<bool> ConnectsAsync(IPEndPoint target, CancellationToken cancellationToken)
    {
        using var socket = await ConnectAsync(target, cancellationToken);
        return socket is not null;
    }

    /// <summary>A TCP connection; null if none comes about.</summary>
    public async Task<Socket?> ConnectAsync(IPEndPoint target, CancellationToken cancellationToken)
    {
        using var bounded = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        bounded.CancelAfter(AnswerTime);
        Socket? socket = null;
        try
        {
            socket = await SocketAsync(target.AddressFamily, ProtocolType.Tcp);
            await socket.ConnectAsync(target, bounded.Token);
            return socket;
        }
        catch (SocketException)
        {
            socket?.Dispose();
            return null;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            socket?.Dispose();
            return null;
        }
    }

    /// <summary>A listener inside, on all its addresses.</summary>
    /// <param name="port">0: any that is free.</param>
    public async Task<Socket> ListenAsync(int port = 0)
    {
        var socket = await SocketAsync(AddressFamily.InterNetwork, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Any, port));
        socket.Listen();
        return socket;
    }

    public void Dispose() => _network.Dispose();

    private Task<Socket> SocketAsync(AddressFamily family, ProtocolType protocol) => NamespaceThread.RunAsync("fence check", () =>
    {
        if (!NamespaceThread.TryEnter(_network, NewNetwork)) throw new IOException(Marshal.GetLastPInvokeErrorMessage());
        return new Socket(family, protocol == ProtocolType.Udp ? SocketType.Dgram : SocketType.Stream, protocol);
    });
}
