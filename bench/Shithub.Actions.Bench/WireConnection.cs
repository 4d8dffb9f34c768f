using System.Globalization;
using System.Net.Sockets;
using System.Text;

namespace Shithub.Actions.Bench;

/// <summary>
/// One kept-alive HTTP/1.1 connection, one request at a time, blocking. It does little more than copy bytes, as wrk does: on a machine
/// that it shares with the server and the database, what a client takes is missing there.
/// </summary>
internal sealed class WireConnection : IDisposable
{
    private static readonly byte[] HeadEnd = "\r\n\r\n"u8.ToArray();

    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
    private readonly string _host;
    private byte[] _buffer = new byte[64 * 1024];
    private int _filled;

    public WireConnection(Uri server)
    {
        _host = server.Authority;
        _socket.Connect(server.Host, server.Port);
    }

    /// <summary>What the caller keeps from call to call, such as the token for the next.</summary>
    public string State { get; set; } = "";

    /// <returns>The answer's body.</returns>
    /// <exception cref="BenchException">The status is not 200.</exception>
    public string Post(string path, string bearer, string headers, string json)
    {
        var head = string.Create(
            CultureInfo.InvariantCulture,
            $"POST {path} HTTP/1.1\r\nHost: {_host}\r\nAuthorization: Bearer {bearer}\r\nContent-Type: application/json\r\n{headers}Content-Length: {json.Length}\r\n\r\n{json}");
        _socket.Send(Encoding.ASCII.GetBytes(head));
        _filled = 0;
        int headLength;
        while ((headLength = _buffer.AsSpan(0, _filled).IndexOf(HeadEnd)) < 0)
            Receive();
        var answer = Encoding.ASCII.GetString(_buffer, 0, headLength);
        var body = ReadBody(answer, headLength + HeadEnd.Length);
        return answer.StartsWith("HTTP/1.1 200 ", StringComparison.Ordinal)
            ? body
            : throw new BenchException($"POST {path}: {answer.Split('\r')[0]} {body}");
    }

    public void Dispose() => _socket.Dispose();

    private string ReadBody(string head, int start)
    {
        const string LengthHeader = "\r\nContent-Length: ";
        var at = head.IndexOf(LengthHeader, StringComparison.OrdinalIgnoreCase);
        if (at >= 0)
        {
            var digits = head.AsSpan(at + LengthHeader.Length);
            var end = digits.IndexOf('\r');
            var length = int.Parse(end < 0 ? digits : digits[..end], CultureInfo.InvariantCulture);
            while (_filled < start + length)
                Receive();
            return Encoding.UTF8.GetString(_buffer, start, length);
        }

        return head.Contains("chunked", StringComparison.OrdinalIgnoreCase) ? ReadChunks(start) : "";
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
        var read = _socket.Receive(_buffer, _filled, _buffer.Length - _filled, SocketFlags.None);
        if (read == 0)
            throw new IOException("The server closed the connection.");
        _filled += read;
    }
}
