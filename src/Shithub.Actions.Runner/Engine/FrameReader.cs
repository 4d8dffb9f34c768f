using System.Buffers.Binary;

namespace Shithub.Actions.Runner.Engine;

/// <summary>
/// Takes the frames off an attached stream without a terminal: one byte that says which stream, three zeros, the payload's length as
/// four bytes, big-endian, the payload (Docker Engine API, 'Attach to a container', 'Stream format'). A frame may be of any length:
/// it is handed on in pieces that fit the caller's buffer.
/// </summary>
internal sealed class FrameReader(Stream stream)
{
    private const int HeaderBytes = 8;
    private const int HighestStream = 2;
    private readonly byte[] _header = new byte[HeaderBytes];
    private uint _left;

    /// <returns>Bytes of payload, 0 at the end of the stream. A stream cut off within a frame is at its end too.</returns>
    /// <exception cref="InvalidDataException">This is not a multiplexed stream.</exception>
    public async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken)
    {
        while (_left == 0)
        {
            var got = await stream.ReadAtLeastAsync(_header, HeaderBytes, throwOnEndOfStream: false, cancellationToken);
            if (got < HeaderBytes) return 0;
            if (_header[0] > HighestStream || _header[1] != 0 || _header[2] != 0 || _header[3] != 0)
                throw new InvalidDataException("The container engine's stream is not made of frames: was a terminal asked for?");
            _left = BinaryPrimitives.ReadUInt32BigEndian(_header.AsSpan(4));
        }

        var read = await stream.ReadAsync(buffer[..(int)Math.Min(_left, (uint)buffer.Length)], cancellationToken);
        _left -= (uint)read;
        return read;
    }
}
