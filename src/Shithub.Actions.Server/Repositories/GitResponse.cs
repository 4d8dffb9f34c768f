namespace Shithub.Actions.Server.Repositories;

/// <summary>git's answer on its way to the client.</summary>
internal static class GitResponse
{
    public static void SetHeaders(HttpResponse response, string contentType)
    {
        response.ContentType = contentType;
        response.Headers.CacheControl = "no-cache, max-age=0, must-revalidate";
        response.Headers.Expires = "Fri, 01 Jan 1980 00:00:00 GMT";
        response.Headers.Pragma = "no-cache";
    }

    /// <summary>
    /// The protocol version a client asks for, as git reads it from its environment. Only the known values pass: it is a header that
    /// anybody may send.
    /// </summary>
    public static Dictionary<string, string> Protocol(HttpRequest request) =>
        request.Headers["Git-Protocol"].ToString() is "version=1" or "version=2"
            ? new() { ["GIT_PROTOCOL"] = request.Headers["Git-Protocol"].ToString() }
            : [];
}
