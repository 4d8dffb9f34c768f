using System.Globalization;
using System.Text;

namespace Shithub.Actions.Server.Repositories;

/// <summary>git's framing: four hex digits of length, themselves included, then the payload; 0000 ends a section (gitprotocol-common).</summary>
public static class PktLine
{
    public static readonly byte[] Flush = "0000"u8.ToArray();

    private const int HeaderBytes = 4;
    private const int PayloadMax = 65516;

    public static byte[] Of(string payload) => Of(Encoding.UTF8.GetBytes(payload));

    public static byte[] Of(ReadOnlySpan<byte> payload)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(payload.Length, PayloadMax);
        var line = new byte[HeaderBytes + payload.Length];
        Encoding.ASCII.GetBytes((payload.Length + HeaderBytes).ToString("x4", CultureInfo.InvariantCulture), line);
        payload.CopyTo(line.AsSpan(HeaderBytes));
        return line;
    }

    /// <summary>Reads one line.</summary>
    /// <returns>The payload; null for a flush.</returns>
    /// <exception cref="InvalidDataException">This is no pkt-line, or the stream ends within it.</exception>
    public static async Task<byte[]?> ReadAsync(Stream stream, CancellationToken cancellation)
    {
        var header = new byte[HeaderBytes];
        await FillAsync(stream, header, cancellation);
        if (!int.TryParse(Encoding.ASCII.GetString(header), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var length))
            throw new InvalidDataException("The request is not in git's pkt-line format.");
        if (length == 0)
            return null;
        if (length is < HeaderBytes or > PayloadMax + HeaderBytes)
            throw new InvalidDataException("The request has a pkt-line of an impossible length.");
        var payload = new byte[length - HeaderBytes];
        await FillAsync(stream, payload, cancellation);
        return payload;
    }

    private static async Task FillAsync(Stream stream, byte[] buffer, CancellationToken cancellation)
    {
        try
        {
            await stream.ReadExactlyAsync(buffer, cancellation);
        }
        catch (EndOfStreamException)
        {
            throw new InvalidDataException("The request ends in the middle of a pkt-line.");
        }
    }
}
