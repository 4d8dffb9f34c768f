using Microsoft.AspNetCore.Components;
using Shithub.Actions.Server.Access;
using Shithub.Actions.Server.Web.Pages;

namespace Shithub.Actions.Server.Web;

/// <summary>Pages as answers of endpoints.</summary>
public sealed class PageResults(Authenticator authenticator, TimeProvider time)
{
    public async Task<PageFrame> FrameAsync(HttpContext http, CancellationToken cancellation)
    {
        var viewer = (await authenticator.AuthenticateAsync(http, cancellation)).Actor;
        var address = HttpMethods.IsGet(http.Request.Method) ? $"{http.Request.Path}{http.Request.QueryString}" : "/";
        return new PageFrame(viewer, address, time.GetUtcNow().UtcDateTime);
    }

    public static IResult Show<TPage>(int status, params (string Name, object? Value)[] parameters)
        where TPage : IComponent =>
        new RenderedPage(typeof(TPage), status, parameters.ToDictionary(parameter => parameter.Name, parameter => parameter.Value));

    public static IResult Error(PageFrame frame, int status, string heading, string detail, bool offerLogin = false) =>
        Show<ErrorPage>(
            status,
            (nameof(ErrorPage.Frame), frame),
            (nameof(ErrorPage.Status), status),
            (nameof(ErrorPage.Heading), heading),
            (nameof(ErrorPage.Detail), detail),
            (nameof(ErrorPage.OfferLogin), offerLogin));

    /// <summary>The same for what does not exist and for what the viewer may not see.</summary>
    public static IResult NotFound(PageFrame frame) => Error(
        frame,
        StatusCodes.Status404NotFound,
        "Not found",
        frame.Viewer is null
            ? "There is nothing at this address, or only some may see it. If you have access, sign in; else check the address."
            : $"There is nothing at this address, or {frame.Viewer.Name} may not see it. Check the address, or ask the repository's admin for access.",
        offerLogin: true);

    public static IResult ForeignForm(PageFrame frame) => Error(
        frame,
        StatusCodes.Status403Forbidden,
        "Not sent from here",
        "This form was not sent by a page of this server, so nothing was done. Open the page here and press its button again. "
        + "Programs use the API with a token instead: see /openapi/v1.json.");

    /// <summary>For an action that needs more than the viewer may do.</summary>
    public static IResult Forbidden(PageFrame frame, string what) => frame.Viewer is { } viewer
        ? Error(
            frame,
            StatusCodes.Status403Forbidden,
            "Not allowed",
            $"{viewer.Name} may not {what}: it needs write access to the repository and a token with the scope {TokenScopes.RepoWrite}. "
            + "Ask an admin of the repository, or sign in with another token.")
        : Error(
            frame, StatusCodes.Status401Unauthorized, "Sign in first", $"Only who is signed in and has write access may {what}.", offerLogin: true);
}
