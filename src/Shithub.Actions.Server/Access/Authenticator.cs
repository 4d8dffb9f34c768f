using System.Text;
using Microsoft.Net.Http.Headers;

namespace Shithub.Actions.Server.Access;

/// <summary>
/// Finds out who calls: <c>Authorization: Bearer T</c>, <c>Authorization: token T</c>, Basic auth with the token as password (or as
/// user name without a password), or a browser's session cookie. A request is looked at once, however often it is asked about.
/// </summary>
public sealed class Authenticator(AccessTokens tokens, Sessions sessions)
{
    public async Task<Authentication> AuthenticateAsync(HttpContext context, CancellationToken cancellation)
    {
        if (context.Features.Get<Cached>() is { } cached)
            return cached.Value;
        var value = await ReadAsync(context, cancellation);
        context.Features.Set(new Cached(value));
        return value;
    }

    /// <summary>Who the request turned out to be from, where it was asked; null for nobody.</summary>
    public static Actor? Known(HttpContext context) => context.Features.Get<Cached>()?.Value.Actor;

    /// <summary>The token a request shows in its Authorization header.</summary>
    /// <returns>Null without the header; empty where the header holds no token that could be read.</returns>
    public static string? ShownToken(HttpRequest request)
    {
        if (request.Headers.Authorization is not { Count: > 0 } headers)
            return null;
        if (headers.Count > 1 || headers[0] is not { } header)
            return "";
        var parts = header.Split(' ', 2, StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        if (parts.Length != 2)
            return "";
        return parts[0].ToUpperInvariant() switch
        {
            "BEARER" or "TOKEN" => parts[1],
            "BASIC" => BasicPassword(parts[1]),
            _ => "",
        };
    }

    private static string BasicPassword(string base64)
    {
        var bytes = new byte[base64.Length];
        if (!Convert.TryFromBase64String(base64, bytes, out var length))
            return "";
        var parts = Encoding.UTF8.GetString(bytes, 0, length).Split(':', 2);
        return parts is [_, { Length: > 0 } password] ? password : parts[0];
    }

    private async Task<Authentication> ReadAsync(HttpContext context, CancellationToken cancellation)
    {
        if (ShownToken(context.Request) is { } token)
        {
            var actor = await tokens.FindActorAsync(token, cancellation);
            return new Authentication(actor, Refused: actor is null);
        }

        if (context.Request.Cookies[Sessions.CookieName] is not { Length: > 0 } cookie || !IsFromOwnPage(context.Request))
            return Authentication.Anonymous;
        // A cookie that is no longer good is a visitor who is not signed in, not an error on every public page.
        return new Authentication(await sessions.FindActorAsync(cookie, cancellation), Refused: false);
    }

    /// <summary>
    /// Browsers send cookies along with what foreign pages ask of them. What changes something counts as signed in only when the
    /// browser says that one of our own pages asked.
    /// </summary>
    public static bool IsFromOwnPage(HttpRequest request)
    {
        if (HttpMethods.IsGet(request.Method) || HttpMethods.IsHead(request.Method))
            return true;
        if (request.Headers["Sec-Fetch-Site"] is [{ } site])
            return site is "same-origin";
        return request.Headers[HeaderNames.Origin] is [{ } origin]
            && Uri.TryCreate(origin, UriKind.Absolute, out var uri)
            && string.Equals(uri.Authority, request.Host.Value, StringComparison.OrdinalIgnoreCase);
    }

    private sealed record Cached(Authentication Value);
}
