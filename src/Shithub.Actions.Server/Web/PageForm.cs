using Microsoft.AspNetCore.Http.Features;

namespace Shithub.Actions.Server.Web;

/// <summary>The fields of a form, with bounds.</summary>
public static class PageForm
{
    /// <summary>Reads a form of at most this many bytes.</summary>
    /// <exception cref="BadHttpRequestException">It is larger, or no form.</exception>
    public static async Task<IFormCollection> ReadAsync(HttpRequest request, int bytesMax, CancellationToken cancellation)
    {
        if (!request.HasFormContentType)
            throw new BadHttpRequestException("The body is not a form.", StatusCodes.Status415UnsupportedMediaType);
        if (request.HttpContext.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size)
            size.MaxRequestBodySize = bytesMax;
        try
        {
            return await request.ReadFormAsync(new FormOptions { ValueLengthLimit = bytesMax, ValueCountLimit = 64 }, cancellation);
        }
        catch (InvalidDataException error)
        {
            throw new BadHttpRequestException(error.Message, StatusCodes.Status400BadRequest, error);
        }
    }
}

/// <summary>303: a form was taken, look there with GET.</summary>
public sealed class SeeOther(string address) : IResult
{
    public static SeeOther To(string address) => new(address);

    public Task ExecuteAsync(HttpContext httpContext)
    {
        httpContext.Response.StatusCode = StatusCodes.Status303SeeOther;
        httpContext.Response.Headers.Location = address;
        return Task.CompletedTask;
    }
}
