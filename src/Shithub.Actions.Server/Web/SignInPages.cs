using Shithub.Actions.Server.Access;
using Shithub.Actions.Server.Http;
using Shithub.Actions.Server.Web.Pages;

namespace Shithub.Actions.Server.Web;

/// <summary>Signing in with a personal access token, and out.</summary>
public static class SignInPages
{
    private const int FormBytesMax = 16 * 1024;

    public static void MapSignInPages(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/login", ShowAsync);
        routes.MapPost("/login", SignInAsync);
        routes.MapPost("/logout", SignOutAsync);
    }

    private static async Task<IResult> ShowAsync(HttpContext http, PageResults pages, CancellationToken cancellation) =>
        Login(await pages.FrameAsync(http, cancellation), StatusCodes.Status200OK, http.Request.Query["return_to"], null);

    private static async Task<IResult> SignInAsync(HttpContext http, PageResults pages, Sessions sessions, PublicUrl url, CancellationToken cancellation)
    {
        var frame = await pages.FrameAsync(http, cancellation);
        if (!Authenticator.IsFromOwnPage(http.Request))
            return PageResults.ForeignForm(frame);
        var form = await PageForm.ReadAsync(http.Request, FormBytesMax, cancellation);
        var session = await sessions.CreateAsync(form["token"].ToString(), cancellation);
        if (session is null)
        {
            return Login(
                frame, StatusCodes.Status401Unauthorized, form["return_to"],
                "This token is unknown, expired or revoked. Check that it was copied whole, or make a new one.");
        }

        http.Response.Cookies.Append(Sessions.CookieName, session.Cookie, Cookie(http.Request, url, session.ExpiresAt));
        return SeeOther.To(PageSecurity.LocalAddress(form["return_to"]));
    }

    private static async Task<IResult> SignOutAsync(HttpContext http, PageResults pages, Sessions sessions, PublicUrl url, CancellationToken cancellation)
    {
        if (!Authenticator.IsFromOwnPage(http.Request))
            return PageResults.ForeignForm(await pages.FrameAsync(http, cancellation));
        if (http.Request.Cookies[Sessions.CookieName] is { Length: > 0 } cookie)
            await sessions.DeleteAsync(cookie, cancellation);
        http.Response.Cookies.Delete(Sessions.CookieName, Cookie(http.Request, url, null));
        return SeeOther.To("/");
    }

    private static CookieOptions Cookie(HttpRequest request, PublicUrl url, DateTime? expiresAt) => new()
    {
        HttpOnly = true,
        SameSite = SameSiteMode.Lax,
        Secure = request.IsHttps || IsBehindHttps(request, url),
        Path = "/",
        Expires = expiresAt,
    };

    /// <summary>A reverse proxy speaks https with the browser and http with this server, which is asked for by its public name.</summary>
    private static bool IsBehindHttps(HttpRequest request, PublicUrl url) =>
        new Uri(url.Base) is { Scheme: "https", Authority: var name } && string.Equals(name, request.Host.Value, StringComparison.OrdinalIgnoreCase);

    private static IResult Login(PageFrame frame, int status, string? returnTo, string? complaint) => PageResults.Show<LoginPage>(
        status,
        (nameof(LoginPage.Frame), frame with { Address = "/" }),
        (nameof(LoginPage.ReturnTo), PageSecurity.LocalAddress(returnTo)),
        (nameof(LoginPage.Complaint), complaint));
}
