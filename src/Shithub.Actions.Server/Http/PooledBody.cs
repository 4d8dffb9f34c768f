using System.Buffers;
using System.Security.Cryptography;

namespace Shithub.Actions.Server.Http;

/// <summary>A request's body, read whole into memory that goes back to the pool when this is disposed.</summary>
public sealed class PooledBody : IDisposable
{
    private const int FirstBytes = 16 * 1024;

    private byte[] _memory;
    private int _length;

    private PooledBody(int bytes) => _memory = ArrayPool<byte>.Shared.Rent(bytes);

    /// <summary>Not to be used once this is disposed.</summary>
    public ReadOnlySpan<byte> Bytes => _memory.AsSpan(0, _length);

    /// <summary>
    /// Reads at most <paramref name="limit"/> bytes. As much memory as the request says its body has is taken before it comes, so that this is
    /// for callers who have shown that they may send as much.
    /// </summary>
    /// <param name="hash">Gets the body while it comes.</param>
    public static async Task<(PooledBody? Body, IResult? Problem)> ReadAsync(
        HttpRequest request, int limit, IncrementalHash hash, CancellationToken cancellation)
    {
        if (request.ContentLength > limit)
            return (null, RequestBody.TooLarge(limit));
        // One more than there is, so that the last read finds the end in it.
        var body = new PooledBody(request.ContentLength is { } length ? (int)length + 1 : FirstBytes);
        try
        {
            while (true)
            {
                if (body._length == body._memory.Length)
                    body.Grow();
                var read = await request.Body.ReadAsync(body._memory.AsMemory(body._length), cancellation);
                if (read == 0)
                    return (body, null);
                hash.AppendData(body._memory, body._length, read);
                body._length += read;
                if (body._length > limit)
                {
                    body.Dispose();
                    return (null, RequestBody.TooLarge(limit));
                }
            }
        }
        catch
        {
            body.Dispose();
            throw;
        }
    }

    public void Dispose()
    {
        ArrayPool<byte>.Shared.Return(_memory);
        (_memory, _length) = ([], 0);
    }

    private void Grow()
    {
        var more = ArrayPool<byte>.Shared.Rent(2 * _memory.Length);
        Bytes.CopyTo(more);
        ArrayPool<byte>.Shared.Return(_memory);
        _memory = more;
    }
}
