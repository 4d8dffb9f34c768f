using System.Buffers.Text;
using System.Globalization;
using System.Net.Sockets;
using System.Text;
using System.Text.Unicode;

namespace Shithub.Actions.Bench;

/// <summary>
/// One kept-alive HTTP/1.1 connection, one request at a time, blocking. It does little more than copy bytes, as wrk does: on a machine
/// that it shares with the server and the database, what a client takes is missing there. It is a unix socket, as pgbench's is.
/// </summary>
internal sealed class WireConnection : IDisposable
{
    private readonly byte[] _request = new byte[64 * 1024];
    private byte[] _buffer = new byte[64 * 1024];
    private int _filled;

    public WireConnection(ServerProcess server) => Socket.Connect(new UnixDomainSocketEndPoint(server.Socket));

    public Socket Socket { get; } = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);

    /// <summary>What the caller keeps from call to call, such as the token for the next.</summary>
    public string State { get; set; } = "";

    /// <returns>The answer's body.</returns>
    /// <exception cref="BenchException">The status is not 200.</exception>
    public string Post(string path, string bearer, string headers, string json)
    {
        SendPost(path, bearer, headers, Encoding.UTF8.GetBytes(json));
        return ReceiveAnswer();
    }

    public void SendPost(string path, string bearer, string headers, ReadOnlySpan<byte> json)
    {
        if (!Utf8.TryWrite(
            _request,
            CultureInfo.InvariantCulture,
            $"POST {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {bearer}\r\nContent-Type: application/json\r\n{headers}Content-Length: {json.Length}\r\n\r\n",
            out var head) || !json.TryCopyTo(_request.AsSpan(head)))
        {
            throw new BenchException($"POST {path}: the request has more than {_request.Length} bytes.");
        }

        Socket.Send(_request, head + json.Length, SocketFlags.None);
    }

    /// <summary>The answer to what was sent, see <see cref="Post"/>.</summary>
    public string ReceiveAnswer()
    {
        _filled = 0;
        int headLength;
        while ((headLength = _buffer.AsSpan(0, _filled).IndexOf("\r\n\r\n"u8)) < 0)
            Receive();
        var body = ReadBody(headLength);
        return _buffer.AsSpan(0, headLength).StartsWith("HTTP/1.1 200 "u8)
            ? body
            : throw new BenchException($"{RequestLine()}: {Encoding.ASCII.GetString(_buffer, 0, headLength).Split('\r')[0]} {body}");
    }

    public void Dispose() => Socket.Dispose();

    private string RequestLine() => Encoding.ASCII.GetString(_request, 0, _request.AsSpan().IndexOf((byte)'\r'));

    private string ReadBody(int headLength)
    {
        var head = _buffer.AsSpan(0, headLength);
        var start = headLength + "\r\n\r\n"u8.Length;
        var name = "\r\nContent-Length: "u8;
        var at = head.IndexOf(name);
        if (at >= 0)
        {
            if (!Utf8Parser.TryParse(head[(at + name.Length)..], out int length, out _))
                throw new BenchException($"{RequestLine()}: an answer without a length.");
            while (_filled < start + length)
                Receive();
            return Encoding.UTF8.GetString(_buffer, start, length);
        }

        return head.IndexOf("\r\nTransfer-Encoding: chunked"u8) >= 0 ? ReadChunks(start) : "";
    }

    private string ReadChunks(int position)
    {
        var body = new StringBuilder();
        while (true)
        {
            int line;
            while ((line = _buffer.AsSpan(position, _filled - position).IndexOf("\r\n"u8)) < 0)
                Receive();
            var size = int.Parse(_buffer.AsSpan(position, line), NumberStyles.HexNumber, CultureInfo.InvariantCulture);
            position += line + 2;
            while (_filled < position + size + 2)
                Receive();
            if (size == 0)
                return body.ToString();
            body.Append(Encoding.UTF8.GetString(_buffer, position, size));
            position += size + 2;
        }
    }

    private void Receive()
    {
        if (_filled == _buffer.Length)
            Array.Resize(ref _buffer, _buffer.Length * 2);
        var read = Socket.Receive(_buffer, _filled, _buffer.Length - _filled, SocketFlags.None);
        if (read == 0)
            throw new IOException("The server closed the connection.");
        _filled += read;
    }
}
