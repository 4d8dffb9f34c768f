using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Shithub.Actions.Server.Http;

/// <summary>
/// 200 with a small body in one piece with its length, for what runners call most. A stream of pieces costs more, and its end is a piece
/// that is sent by itself.
/// </summary>
internal sealed class JsonAnswer<T>(T value, JsonTypeInfo<T> type) : IResult
{
    public async Task ExecuteAsync(HttpContext httpContext)
    {
        var body = JsonSerializer.SerializeToUtf8Bytes(value, type);
        httpContext.Response.ContentType = "application/json; charset=utf-8";
        httpContext.Response.ContentLength = body.Length;
        await httpContext.Response.BodyWriter.WriteAsync(body, httpContext.RequestAborted);
    }
}
