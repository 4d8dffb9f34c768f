using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Shithub.Actions.Configuration;

/// <summary>Where the server listens: a TCP address or a unix socket.</summary>
/// <param name="Host">An IP address, a host name, or <c>*</c> for all addresses; empty for a unix socket.</param>
/// <param name="Port">0 lets the system choose a free one.</param>
/// <param name="UnixPath">The socket's absolute path, or null.</param>
public sealed record ListenAddress(string Host, int Port, string? UnixPath)
{
    public override string ToString() => UnixPath is not null ? $"unix:{UnixPath}"
        : IPAddress.TryParse(Host, out var ip) && ip.AddressFamily == AddressFamily.InterNetworkV6 ? $"[{Host}]:{Port}"
        : $"{Host}:{Port}";

    /// <summary>The address a browser on the same machine can use; null for a unix socket.</summary>
    public Uri? LocalUrl
    {
        get
        {
            if (UnixPath is not null)
                return null;
            var everywhere = Host is "*" or "0.0.0.0" or "::";
            return new Uri($"http://{(everywhere ? this with { Host = "localhost" } : this)}/");
        }
    }

    /// <summary>Reads <c>host:port</c>, <c>[ipv6]:port</c>, <c>*:port</c> or <c>unix:/path</c>.</summary>
    public static bool TryParse(string text, out ListenAddress? address)
    {
        address = null;
        if (text.StartsWith("unix:", StringComparison.Ordinal))
        {
            var path = text["unix:".Length..];
            path = path.StartsWith("///", StringComparison.Ordinal) ? path[2..] : path;
            if (path.Length > 1 && path[0] == '/' && !path.Contains('\0', StringComparison.Ordinal))
                address = new ListenAddress("", 0, path);
            return address is not null;
        }
        var colon = text.LastIndexOf(':');
        if (colon < 1 || !ushort.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var port))
            return false;
        var host = text[..colon];
        var bracketed = host is ['[', .., ']'];
        host = bracketed ? host[1..^1] : host;
        var kind = host == "*" ? UriHostNameType.Dns : Uri.CheckHostName(host);
        if (kind is UriHostNameType.Unknown or UriHostNameType.Basic || bracketed != (kind == UriHostNameType.IPv6))
            return false;
        address = new ListenAddress(host, port, null);
        return true;
    }
}
