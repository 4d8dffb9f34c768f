using System.IO.Compression;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;

namespace Shithub.Actions.Server.Repositories;

/// <summary>
/// What a git client sends, unzipped, counted and read at its own pace: a client may think for a while before it sends a pack, but
/// one that says nothing for <see cref="IdleTimeout"/> is gone.
/// </summary>
public sealed class GitRequestBody : IAsyncDisposable
{
    public static readonly TimeSpan IdleTimeout = TimeSpan.FromSeconds(120);

    private readonly Stream _stream;
    private readonly long _limit;
    private long _total;

    private GitRequestBody(Stream stream, long limit) => (_stream, _limit) = (stream, limit);

    /// <returns>Null where the request has an encoding other than gzip.</returns>
    public static GitRequestBody? Open(HttpContext context, long limit)
    {
        // Kestrel's own least rate would end pushes that are still being packed; it is there for HTTP/1 only.
        if (context.Features.Get<IHttpMinRequestBodyDataRateFeature>() is { } rate && HttpProtocol.IsHttp11(context.Request.Protocol))
            rate.MinDataRate = null;
        return context.Request.Headers.ContentEncoding.ToString() switch
        {
            "" or "identity" => new GitRequestBody(new BufferedStream(context.Request.Body, 64 * 1024), limit),
            "gzip" or "x-gzip" => new GitRequestBody(
                new BufferedStream(new GZipStream(context.Request.Body, CompressionMode.Decompress), 64 * 1024), limit),
            _ => null,
        };
    }

    /// <summary>For reading its beginning, which counts by itself; the rest goes through <see cref="CopyToAsync"/> or <see cref="ReadAsync"/>.</summary>
    public Stream Stream => _stream;

    /// <summary>Hands the rest on, as fast as the other side takes it, and closes the other side.</summary>
    /// <exception cref="GitBodyException">Too large, silent for too long, or no gzip.</exception>
    public async Task CopyToAsync(Stream destination, CancellationToken cancellation)
    {
        try
        {
            var isListening = true;
            var buffer = new byte[64 * 1024];
            int read;
            while ((read = await ReadAsync(buffer, cancellation)) > 0)
            {
                // git stops reading when it has seen enough to refuse. The client is let finish, so that it reads why.
                isListening = isListening && await WriteAsync(destination, buffer.AsMemory(0, read), cancellation);
            }
        }
        finally
        {
            await CloseAsync(destination);
        }
    }

    public ValueTask DisposeAsync() => _stream.DisposeAsync();

    /// <returns>How many bytes came; 0 at the end.</returns>
    /// <exception cref="GitBodyException">Too large, silent for too long, or no gzip.</exception>
    public async Task<int> ReadAsync(byte[] buffer, CancellationToken cancellation)
    {
        using var idle = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        idle.CancelAfter(IdleTimeout);
        int read;
        try
        {
            read = await _stream.ReadAsync(buffer, idle.Token);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            throw new GitBodyException(StatusCodes.Status408RequestTimeout, "Nothing came for two minutes.");
        }
        catch (InvalidDataException)
        {
            throw new GitBodyException(StatusCodes.Status400BadRequest, "The body is not valid gzip.");
        }

        _total += read;
        return _total <= _limit
            ? read
            : throw new GitBodyException(StatusCodes.Status413PayloadTooLarge, $"More than {_limit} bytes are not accepted in one request.");
    }

    private static async Task<bool> WriteAsync(Stream destination, ReadOnlyMemory<byte> bytes, CancellationToken cancellation)
    {
        try
        {
            await destination.WriteAsync(bytes, cancellation);
            return true;
        }
        catch (IOException)
        {
            return false;
        }
    }

    private static async Task CloseAsync(Stream destination)
    {
        try
        {
            await destination.DisposeAsync();
        }
        catch (IOException)
        {
            // git is gone already.
        }
    }
}

/// <summary>The request's body is unusable.</summary>
public sealed class GitBodyException(int status, string message) : Exception(message)
{
    public int Status => status;
}
