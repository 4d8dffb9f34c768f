using System.Text;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Web;

namespace Shithub.Actions.Server.Web;

/// <summary>
/// A Razor component as the answer of an endpoint: rendered once, on the server, whole before the first byte is sent, so that what
/// breaks in it becomes an error page. The framework's own result would bring sessions, antiforgery and a key ring on disk along.
/// </summary>
public sealed class RenderedPage(Type component, int status, IReadOnlyDictionary<string, object?> parameters) : IResult
{
    public async Task ExecuteAsync(HttpContext httpContext)
    {
        var html = await RenderAsync(httpContext.RequestServices, component, parameters);
        httpContext.Response.StatusCode = status;
        httpContext.Response.ContentType = "text/html; charset=utf-8";
        await httpContext.Response.WriteAsync(html, Encoding.UTF8, httpContext.RequestAborted);
    }

    public static async Task<string> RenderAsync(IServiceProvider services, Type component, IReadOnlyDictionary<string, object?> parameters)
    {
        // A renderer keeps what it has rendered, so each is used once.
        await using var renderer = new HtmlRenderer(services, services.GetRequiredService<ILoggerFactory>());
        var values = ParameterView.FromDictionary(parameters.ToDictionary(StringComparer.Ordinal));
        return await renderer.Dispatcher.InvokeAsync(async () => (await renderer.RenderComponentAsync(component, values)).ToHtmlString());
    }
}
