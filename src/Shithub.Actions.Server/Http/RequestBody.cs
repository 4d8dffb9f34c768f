using System.Buffers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Shithub.Actions.Server.Http;

/// <summary>A request's JSON, read whole and checked, or the problem to answer with.</summary>
/// <param name="Bytes">The body as it came, for comparing a retry with its first try.</param>
public readonly record struct RequestBody<T>(T? Value, ReadOnlyMemory<byte> Bytes, IResult? Problem)
    where T : class;

public static class RequestBody
{
    /// <summary>As large a body gets its memory before it arrives; a larger one as it does.</summary>
    private const int ExactBytesMax = 64 * 1024;

    private static readonly UTF8Encoding StrictUtf8 = new(false, throwOnInvalidBytes: true);

    /// <summary>Reads at most <paramref name="limit"/> bytes of JSON. An absent body is read as <c>{}</c>.</summary>
    public static async Task<RequestBody<T>> ReadAsync<T>(HttpRequest request, JsonTypeInfo<T> type, int limit, CancellationToken cancellation)
        where T : class
    {
        var (bytes, problem) = await ReadBytesAsync(request, limit, cancellation);
        return problem is null ? Parse(bytes, type) : new RequestBody<T>(null, default, problem);
    }

    /// <summary>The JSON of a body that was read. An absent body is read as <c>{}</c>.</summary>
    public static RequestBody<T> Parse<T>(byte[] bytes, JsonTypeInfo<T> type)
        where T : class
    {
        if (bytes.Length == 0)
            bytes = "{}"u8.ToArray();
        try
        {
            StrictUtf8.GetCharCount(bytes);
            var value = JsonSerializer.Deserialize(bytes, type);
            return value is null
                ? Refuse<T>(StatusCodes.Status400BadRequest, "The body is the JSON value null; send an object.", null)
                : new RequestBody<T>(value, bytes, null);
        }
        catch (DecoderFallbackException)
        {
            return Refuse<T>(StatusCodes.Status400BadRequest, "The body is not valid UTF-8.", null);
        }
        catch (JsonException error)
        {
            return Explain<T>(bytes, error);
        }
    }

    private static RequestBody<T> Explain<T>(byte[] bytes, JsonException error)
        where T : class
    {
        var line = (error.LineNumber ?? 0) + 1;
        var column = (error.BytePositionInLine ?? 0) + 1;
        if (!IsJson(bytes))
            return Refuse<T>(StatusCodes.Status400BadRequest, $"The body is not valid JSON: see line {line}, byte {column}.", null);
        var field = error.Path is { Length: > 2 } path ? path.TrimStart('$').TrimStart('.') : null;
        return Refuse<T>(
            StatusCodes.Status422UnprocessableEntity,
            field is null
                ? "The body must be a JSON object."
                : $"'{field}' has the wrong type or is out of range: see line {line}, byte {column}.",
            field);
    }

    private static bool IsJson(byte[] bytes)
    {
        try
        {
            var reader = new Utf8JsonReader(bytes);
            while (reader.Read())
            {
            }

            return true;
        }
        catch (JsonException)
        {
            return false;
        }
    }

    private static async Task<(byte[] Bytes, IResult? Problem)> ReadBytesAsync(HttpRequest request, int limit, CancellationToken cancellation)
    {
        if (request.ContentLength > limit)
            return ([], TooLarge(limit));
        if (request.ContentLength is { } length and <= ExactBytesMax)
        {
            // The server refuses what is shorter or longer than it says.
            var exact = new byte[length];
            await request.Body.ReadExactlyAsync(exact, cancellation);
            return (exact, null);
        }

        var body = new ArrayBufferWriter<byte>(4096);
        while (true)
        {
            var read = await request.Body.ReadAsync(body.GetMemory(4096), cancellation);
            if (read == 0)
                return (body.WrittenSpan.ToArray(), null);
            body.Advance(read);
            if (body.WrittenCount > limit)
                return ([], TooLarge(limit));
        }
    }

    /// <summary>413.</summary>
    internal static ProblemHttpResult TooLarge(int limit) =>
        Problems.Of(StatusCodes.Status413PayloadTooLarge, $"The body is larger than {limit} bytes; send less at a time.");

    private static RequestBody<T> Refuse<T>(int status, string detail, string? field)
        where T : class
        => new(null, default, Problems.Of(status, detail, field));
}
