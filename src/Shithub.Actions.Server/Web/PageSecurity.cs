namespace Shithub.Actions.Server.Web;

/// <summary>What browsers are told about every page, and where a form may lead.</summary>
public static class PageSecurity
{
    // Everything comes from this server, nothing is written into the pages themselves, and nobody frames them.
    private const string Policy =
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; "
        + "base-uri 'none'; frame-ancestors 'none'";

    public static void SetHeaders(HttpResponse response)
    {
        response.Headers.ContentSecurityPolicy = Policy;
        response.Headers.XContentTypeOptions = "nosniff";
        response.Headers.XFrameOptions = "DENY";
        response.Headers["Referrer-Policy"] = "same-origin";
        response.Headers["Cross-Origin-Opener-Policy"] = "same-origin";
        response.Headers.Vary = "Cookie";
        if (!response.Headers.ContainsKey("Cache-Control"))
            response.Headers.CacheControl = "private, no-cache";
    }

    /// <summary>Where to go on after signing in: an address of this server, whatever the link that led there said.</summary>
    public static string LocalAddress(string? address) =>
        address is ['/', ..] && !address.StartsWith("//", StringComparison.Ordinal) && !address.StartsWith("/\\", StringComparison.Ordinal)
            && !address.Any(char.IsControl)
            ? address
            : "/";
}
