using System.Buffers;
using System.Buffers.Text;
using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using Shithub.Actions.Protocol;

namespace Shithub.Actions.Runner.Server;

/// <summary>
/// The body of a log request. Its base64 is made while it is sent, a piece at a time: the server reads one piece while the next is made, and
/// nowhere is the whole of it in memory.
/// </summary>
internal sealed class LogChunkContent : HttpContent
{
    /// <summary>Bytes of the chunk that are encoded at once: three become four characters.</summary>
    private const int PieceBytes = 48 * 1024;

    private readonly Lock _gate = new();
    private readonly byte[] _rest;
    private readonly ReadOnlySequence<byte> _chunk;
    private bool _isOver;

    /// <param name="rest">Everything but the chunk.</param>
    /// <param name="chunk">Not looked at any more once this is disposed, even if that was before it was sent.</param>
    public LogChunkContent(AppendLogRequest rest, ReadOnlySequence<byte> chunk)
    {
        // Its opening brace gives way to the chunk. It is not empty: there is always a number.
        _rest = JsonSerializer.SerializeToUtf8Bytes(rest with { Chunk = null }, ProtocolJson.Default.AppendLogRequest);
        _chunk = chunk;
        Headers.ContentType = new MediaTypeHeaderValue("application/json");
    }

    private static ReadOnlyMemory<byte> Before { get; } = "{\"chunk\":\""u8.ToArray();

    private static ReadOnlyMemory<byte> After { get; } = "\","u8.ToArray();

    protected override bool TryComputeLength(out long length)
    {
        length = Before.Length + Base64.GetMaxEncodedToUtf8Length((int)_chunk.Length) + After.Length + _rest.Length - 1;
        return true;
    }

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
        SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        var encoded = ArrayPool<byte>.Shared.Rent(Base64.GetMaxEncodedToUtf8Length(PieceBytes));
        var joined = ArrayPool<byte>.Shared.Rent(PieceBytes);
        try
        {
            await stream.WriteAsync(Before, cancellationToken);
            for (var left = _chunk; !left.IsEmpty;)
            {
                var piece = left.Slice(0, Math.Min(left.Length, PieceBytes));
                int length;
                lock (_gate)
                {
                    ObjectDisposedException.ThrowIf(_isOver, this);
                    length = Encode(piece, joined, encoded);
                }

                await stream.WriteAsync(encoded.AsMemory(0, length), cancellationToken);
                left = left.Slice(piece.End);
            }

            await stream.WriteAsync(After, cancellationToken);
            await stream.WriteAsync(_rest.AsMemory(1), cancellationToken);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(joined);
            ArrayPool<byte>.Shared.Return(encoded);
        }
    }

    /// <remarks>An answer that comes early, or none in time, ends the request and not at once what sends its body.</remarks>
    protected override void Dispose(bool disposing)
    {
        lock (_gate) _isOver = true;
        base.Dispose(disposing);
    }

    /// <returns>Bytes of base64.</returns>
    private static int Encode(ReadOnlySequence<byte> piece, Span<byte> joined, Span<byte> encoded)
    {
        var bytes = piece.FirstSpan;
        if (!piece.IsSingleSegment)
        {
            piece.CopyTo(joined);
            bytes = joined[..(int)piece.Length];
        }

        Base64.EncodeToUtf8(bytes, encoded, out _, out var written);
        return written;
    }
}
