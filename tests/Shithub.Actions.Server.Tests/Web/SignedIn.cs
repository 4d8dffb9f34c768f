using System.Net;

namespace Shithub.Actions.Server.Tests.Web;

/// <summary>An HTTP client that is a browser as far as cookies, headers and redirects go, but shows every answer as it came.</summary>
public sealed class SignedIn : IDisposable
{
    private readonly HttpClient _client;

    /// <param name="cookie">A session, or null for a visitor.</param>
    public SignedIn(Uri server, string? cookie = null)
    {
        Cookies = new CookieContainer();
        if (cookie is not null)
            Cookies.Add(server, new Cookie("shithub_session", cookie));
        var handler = new SocketsHttpHandler { CookieContainer = Cookies, AllowAutoRedirect = false };
        _client = new HttpClient(handler) { BaseAddress = server };
        _client.DefaultRequestHeaders.Add("Accept", "text/html");
    }

    public CookieContainer Cookies { get; }

    public async Task<(HttpStatusCode Status, string Body, HttpResponseMessage Response)> GetAsync(string path)
    {
        var response = await _client.GetAsync(path);
        return (response.StatusCode, await response.Content.ReadAsStringAsync(), response);
    }

    /// <param name="site">What the browser says of the page that sent the form; null for an old browser, which says <paramref name="origin"/>.</param>
    public async Task<(HttpStatusCode Status, string Body, HttpResponseMessage Response)> PostAsync(
        string path, Dictionary<string, string>? form = null, string? site = "same-origin", string? origin = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = new FormUrlEncodedContent(form ?? []) };
        if (site is not null)
            request.Headers.Add("Sec-Fetch-Site", site);
        if (origin is not null)
            request.Headers.Add("Origin", origin);
        var response = await _client.SendAsync(request);
        return (response.StatusCode, await response.Content.ReadAsStringAsync(), response);
    }

    public void Dispose() => _client.Dispose();
}
