using System.Net.Sockets;

namespace Shithub.Actions.Server.Http;

/// <summary>The unix socket that a killed server leaves in its place: nobody answers on it, and nobody else can listen there.</summary>
public static class StaleSocket
{
    /// <summary>Removes it; leaves alone a socket on which somebody listens, and what is no socket.</summary>
    public static async Task RemoveAsync(string path, CancellationToken cancellation)
    {
        if (!File.Exists(path))
            return;
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), cancellation);
        }
        catch (SocketException error) when (error.SocketErrorCode == SocketError.ConnectionRefused && IsSocket(path))
        {
            File.Delete(path);
        }
        catch (SocketException)
        {
            // Listening there will fail, with the reason.
        }
    }

    /// <summary>A regular file refuses connections too, but it can be opened.</summary>
    private static bool IsSocket(string path)
    {
        try
        {
            using var file = File.OpenHandle(path);
            return false;
        }
        catch (IOException)
        {
            return true;
        }
        catch (UnauthorizedAccessException)
        {
            return false;
        }
    }
}
