using System.Net;
using Shithub.Actions.Server.Access;
using Shithub.Actions.Testing;
using Xunit;

namespace Shithub.Actions.Server.Tests.Web;

public sealed class PageAccessTests : IAsyncLifetime
{
    private Workbench _bench = null!;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _bench = await Workbench.StartAsync();
        var open = await _bench.RepositoryAsync("open");
        var hidden = await _bench.RepositoryAsync("hidden", isPrivate: true);
        await _bench.RunAsync(open, [Workbench.Job("nope", "windows-latest", "x")]);
        await _bench.RunAsync(hidden, [Workbench.Job("nope", "windows-latest", "x")]);
        await _bench.Server.Get<Owners>().CreateUserAsync("stranger", false, Cancellation);
    }

    public ValueTask DisposeAsync() => _bench.DisposeAsync();

    [Fact]
    public async Task Signing_in_gives_a_guarded_cookie_and_leads_back()
    {
        using var browser = new SignedIn(_bench.BaseUrl);
        var (status, _, response) = await browser.PostAsync(
            "/login", new() { ["token"] = $" {_bench.Token}\n", ["return_to"] = "/mona/hidden/actions?workflow=x" });
        Assert.Equal(HttpStatusCode.SeeOther, status);
        Assert.Equal("/mona/hidden/actions?workflow=x", response.Headers.Location!.OriginalString);
        var cookie = Assert.Single(response.Headers.GetValues("Set-Cookie"));
        Assert.StartsWith("shithub_session=", cookie, StringComparison.Ordinal);
        Assert.Contains("httponly", cookie, StringComparison.Ordinal);
        Assert.Contains("samesite=lax", cookie, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.OK, (await browser.GetAsync("/mona/hidden")).Status);

        var old = browser.Cookies.GetCookies(_bench.BaseUrl)[0].Value;
        Assert.Equal(HttpStatusCode.SeeOther, (await browser.PostAsync("/logout")).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await browser.GetAsync("/mona/hidden")).Status);
        using var thief = new SignedIn(_bench.BaseUrl, old);
        Assert.Equal(HttpStatusCode.NotFound, (await thief.GetAsync("/mona/hidden")).Status);
    }

    [Fact]
    public async Task Behind_a_proxy_that_speaks_https_the_cookie_never_leaves_it()
    {
        await using var server = await TestServer.StartAsync(("server.base_url", "https://ci.example"));
        await server.Get<Owners>().CreateUserAsync("mona", false, Cancellation);
        var token = await server.Get<AccessTokens>().CreateAsync("mona", "test", [TokenScopes.RepoRead], null, Cancellation);
        using var request = new HttpRequestMessage(HttpMethod.Post, "/login")
        {
            Content = new FormUrlEncodedContent([KeyValuePair.Create("token", token!.Token)]),
        };
        request.Headers.Host = "ci.example";
        request.Headers.Add("Origin", "https://ci.example");
        using var handler = new SocketsHttpHandler { AllowAutoRedirect = false };
        using var client = new HttpClient(handler) { BaseAddress = server.BaseUrl };
        using var response = await client.SendAsync(request, Cancellation);
        Assert.Contains("; secure", Assert.Single(response.Headers.GetValues("Set-Cookie")), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("//evil.example")]
    [InlineData("/\\evil.example")]
    [InlineData("https://evil.example")]
    [InlineData("javascript:alert(1)")]
    [InlineData("/\t/evil.example")]
    public async Task Signing_in_never_leads_elsewhere(string address)
    {
        using var browser = new SignedIn(_bench.BaseUrl);
        var (_, _, response) = await browser.PostAsync("/login", new() { ["token"] = _bench.Token, ["return_to"] = address });
        Assert.Equal("/", response.Headers.Location!.OriginalString);
    }

    [Fact]
    public async Task A_wrong_token_is_refused_with_advice()
    {
        using var browser = new SignedIn(_bench.BaseUrl);
        var (status, body, response) = await browser.PostAsync("/login", new() { ["token"] = "nonsense" });
        Assert.Equal(HttpStatusCode.Unauthorized, status);
        Assert.Contains("unknown, expired or revoked", body, StringComparison.Ordinal);
        Assert.DoesNotContain("nonsense", body, StringComparison.Ordinal);
        Assert.False(response.Headers.Contains("Set-Cookie"));
    }

    [Theory]
    [InlineData("cross-site", null)]
    [InlineData("same-site", null)]
    [InlineData(null, "http://evil.example")]
    [InlineData(null, "null")]
    [InlineData(null, null)]
    public async Task Forms_of_foreign_pages_do_nothing(string? site, string? origin)
    {
        using var browser = new SignedIn(_bench.BaseUrl, await _bench.CookieAsync(_bench.Token));
        foreach (var path in (string[])["/mona/open/actions/runs/1/cancel", "/mona/open/actions/runs/1/rerun", "/mona/open/actions/dispatch", "/login", "/logout"])
        {
            var (status, body, _) = await browser.PostAsync(path, new() { ["token"] = _bench.Token }, site, origin);
            Assert.Equal(HttpStatusCode.Forbidden, status);
            Assert.Contains("nothing was done", body, StringComparison.Ordinal);
        }

        Assert.Equal("queued", await _bench.QueryAsync<string>("select status from workflow_runs where run_index = 1 order by id limit 1"));
    }

    [Fact]
    public async Task An_old_browser_that_names_its_origin_may_send_forms()
    {
        using var browser = new SignedIn(_bench.BaseUrl, await _bench.CookieAsync(_bench.Token));
        var (status, _, _) = await browser.PostAsync(
            "/mona/open/actions/runs/1/cancel", null, site: null, origin: _bench.BaseUrl.GetLeftPart(UriPartial.Authority));
        Assert.Equal(HttpStatusCode.SeeOther, status);
        Assert.Equal("cancelled", await _bench.QueryAsync<string>("select status from workflow_runs order by id limit 1"));
    }

    [Fact]
    public async Task A_private_repository_looks_like_none()
    {
        using var visitor = new SignedIn(_bench.BaseUrl);
        using var stranger = new SignedIn(_bench.BaseUrl, await _bench.CookieAsync(await _bench.TokenAsync("stranger", TokenScopes.Admin)));
        foreach (var rest in (string[])["", "/actions", "/actions/runs/1", "/actions/runs/1/events", "/actions/dispatch"])
        {
            foreach (var browser in (SignedIn[])[visitor, stranger])
            {
                var hidden = await browser.GetAsync($"/mona/hidden{rest}");
                var absent = await browser.GetAsync($"/mona/absent{rest}");
                Assert.Equal(HttpStatusCode.NotFound, hidden.Status);
                Assert.Equal(HttpStatusCode.NotFound, absent.Status);
                Assert.Equal(absent.Body.Replace("absent", "hidden", StringComparison.Ordinal), hidden.Body);
            }
        }

        Assert.Contains("href=\"/login?return_to=%2Fmona%2Fhidden\"", (await visitor.GetAsync("/mona/hidden")).Body, StringComparison.Ordinal);
        foreach (var browser in (SignedIn[])[visitor, stranger])
        {
            foreach (var page in (string[])["/", "/mona"])
                Assert.DoesNotContain("mona/hidden", (await browser.GetAsync(page)).Body, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Who_may_only_read_has_no_buttons_and_is_told_why()
    {
        using var reader = new SignedIn(_bench.BaseUrl, await _bench.CookieAsync(await _bench.TokenAsync(Workbench.User, TokenScopes.RepoRead)));
        using var visitor = new SignedIn(_bench.BaseUrl);
        Assert.DoesNotContain("Cancel run", (await reader.GetAsync("/mona/hidden/actions/runs/1")).Body, StringComparison.Ordinal);
        Assert.DoesNotContain("Run workflow", (await reader.GetAsync("/mona/hidden/actions")).Body, StringComparison.Ordinal);
        var refused = await reader.PostAsync("/mona/open/actions/runs/1/cancel");
        Assert.Equal(HttpStatusCode.Forbidden, refused.Status);
        Assert.Contains("repo:write", refused.Body, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.Unauthorized, (await visitor.PostAsync("/mona/open/actions/runs/1/cancel")).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await visitor.PostAsync("/mona/hidden/actions/runs/1/cancel")).Status);
        Assert.Equal(HttpStatusCode.Forbidden, (await reader.GetAsync("/mona/open/actions/dispatch")).Status);
    }

    [Fact]
    public async Task Every_page_tells_browsers_to_be_strict()
    {
        using var visitor = new SignedIn(_bench.BaseUrl);
        foreach (var path in (string[])["/", "/login", "/mona/open", "/mona/open/actions/runs/1", "/mona/absent", "/no/such/page/at/all"])
        {
            var (_, body, response) = await visitor.GetAsync(path);
            var policy = Assert.Single(response.Headers.GetValues("Content-Security-Policy"));
            Assert.Contains("script-src 'self';", policy, StringComparison.Ordinal);
            Assert.Contains("frame-ancestors 'none'", policy, StringComparison.Ordinal);
            Assert.DoesNotContain("unsafe", policy, StringComparison.Ordinal);
            Assert.Equal("nosniff", Assert.Single(response.Headers.GetValues("X-Content-Type-Options")));
            Assert.Equal("same-origin", Assert.Single(response.Headers.GetValues("Referrer-Policy")));
            Assert.DoesNotContain(" style=", body, StringComparison.Ordinal);
            Assert.DoesNotContain(" onclick=", body, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Unknown_addresses_answer_browsers_with_a_page_and_programs_with_a_problem()
    {
        using var visitor = new SignedIn(_bench.BaseUrl);
        var page = await visitor.GetAsync("/no/such/page/at/all");
        Assert.Equal(HttpStatusCode.NotFound, page.Status);
        Assert.Contains("<h1>Not found</h1>", page.Body, StringComparison.Ordinal);
        using var problem = await _bench.Server.Client.GetAsync("/api/v1/nothing", Cancellation);
        Assert.Equal("application/problem+json", problem.Content.Headers.ContentType!.MediaType);
        Assert.Equal(HttpStatusCode.NotFound, (await visitor.GetAsync("/mona/open/actions/runs/99999999999999999999")).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await visitor.GetAsync("/mona/open/actions/runs/1/jobs/999")).Status);
        Assert.Equal(HttpStatusCode.BadRequest, (await visitor.GetAsync("/mona/open/actions?before=x")).Status);
    }

    [Fact]
    public async Task A_clone_address_opened_in_a_browser_leads_to_the_page()
    {
        using var visitor = new SignedIn(_bench.BaseUrl);
        Assert.Equal("/mona/open", (await visitor.GetAsync("/mona/open.git")).Response.Headers.Location!.OriginalString);
    }

    [Fact]
    public async Task Assets_are_kept_by_browsers_and_change_their_address_with_their_contents()
    {
        using var visitor = new SignedIn(_bench.BaseUrl);
        var home = (await visitor.GetAsync("/")).Body;
        foreach (var (name, type) in new[] { ("site.css", "text/css"), ("site.js", "text/javascript"), ("icon.svg", "image/svg+xml") })
        {
            var start = home.IndexOf($"/assets/{name}?v=", StringComparison.Ordinal);
            var (status, body, response) = await visitor.GetAsync(home[start..home.IndexOf('"', start)]);
            Assert.Equal(HttpStatusCode.OK, status);
            Assert.Equal(type, response.Content.Headers.ContentType!.MediaType);
            Assert.Equal("public, max-age=31536000, immutable", response.Headers.CacheControl!.ToString());
            Assert.NotEmpty(body);
        }

        Assert.Equal(HttpStatusCode.NotFound, (await visitor.GetAsync("/assets/other.css")).Status);
    }
}
