using Microsoft.AspNetCore.Diagnostics;
using Npgsql;

namespace Shithub.Actions.Server.Web;

/// <summary>A page for who opens an address in a browser and something breaks, where a program gets a problem document.</summary>
public sealed class PageErrors(TimeProvider time) : IExceptionHandler
{
    public async ValueTask<bool> TryHandleAsync(HttpContext httpContext, Exception exception, CancellationToken cancellationToken)
    {
        if (!IsForBrowser(httpContext.Request))
            return false;
        // Who calls is in the database, which may be what broke.
        var frame = new PageFrame(null, httpContext.Request.Path, time.GetUtcNow().UtcDateTime);
        PageSecurity.SetHeaders(httpContext.Response);
        var page = exception switch
        {
            BadHttpRequestException bad => PageResults.Error(
                frame, bad.StatusCode, "The request can't be read", "Something in the address or the form has the wrong form. Go back and try again."),
            NpgsqlException { IsTransient: true } => PageResults.Error(
                frame, StatusCodes.Status503ServiceUnavailable, "The database can't be reached",
                "Nothing was changed. Load this page again in a moment."),
            _ => PageResults.Error(
                frame, StatusCodes.Status500InternalServerError, "Something broke here",
                "Load the page again. If it stays, the server's log says what it is: tell who runs this server when it happened."),
        };
        await page.ExecuteAsync(httpContext);
        return true;
    }

    /// <summary>Browsers ask for HTML; git, curl and the API's users do not.</summary>
    public static bool IsForBrowser(HttpRequest request) =>
        !request.Path.StartsWithSegments("/api", StringComparison.OrdinalIgnoreCase)
        && request.Headers.Accept.ToString().Contains("text/html", StringComparison.OrdinalIgnoreCase);
}
