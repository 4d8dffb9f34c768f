using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Dapper;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Shithub.Actions.Server.Access;
using Shithub.Actions.Server.Repositories;
using Shithub.Actions.Server.Tests.Web;
using Xunit;

namespace Shithub.Actions.Server.Tests.Access;

/// <summary>
/// Walks every route of the server, those of the OpenAPI document and the pages, with all that somebody without a right to a private
/// repository may hold. Each answer must be the one that he gets for what does not exist.
/// </summary>
public sealed partial class IsolationTests : IAsyncLifetime
{
    private const string Canary = "xyzzy";
    private const string Hidden = "walled-garden";
    private const string Absent = "no-such-thing";
    private const long AbsentId = 999_999_999;

    private Workbench _bench = null!;
    private long _hidden;
    private long _hiddenRun;
    private long _hiddenJob;
    private long _hiddenStep;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _bench = await Workbench.StartAsync();
        _hidden = await _bench.RepositoryAsync(Hidden, isPrivate: true);
        var run = await _bench.RunAsync(_hidden, [Workbench.Job($"{Canary}-job", "ubuntu-latest", $"{Canary} step")], title: $"{Canary} commit");
        _hiddenRun = run.RunId;
        var job = await _bench.ClaimAsync();
        (_hiddenJob, _hiddenStep) = (job.Job.Id, job.Job.Steps[0].Id);
        await job.LogAsync(0, $"{Canary} line\n");
        await _bench.QueryAsync<int>(
            "insert into actions_variables (repo_id, name, value) values (@_hidden, 'XYZZY', @Canary) returning 1", new { _hidden, Canary });
    }

    public ValueTask DisposeAsync() => _bench.DisposeAsync();

    [Fact]
    public async Task A_strangers_tokens_read_list_change_and_infer_nothing_of_a_private_repository()
    {
        var holdings = await HoldingsAsync();
        var before = await StateAsync();
        var routes = Routes();
        Assert.True(routes.Count > 30, "The server's routes were not found.");
        var leaks = new List<string>();
        foreach (var (method, pattern) in routes)
        {
            foreach (var (holder, credentials) in holdings)
            {
                foreach (var body in Bodies(method))
                {
                    var real = await AskAsync(method, Fill(pattern, real: true), credentials, body);
                    var absent = await AskAsync(method, Fill(pattern, real: false), credentials, body);
                    if (real != absent)
                        leaks.Add($"{method} {pattern} with {holder}, body {body ?? "none"}:\n  of the private one: {real}\n  of none:            {absent}");
                    if (real.Contains(Canary, StringComparison.OrdinalIgnoreCase))
                        leaks.Add($"{method} {pattern} with {holder} tells: {real}");
                }
            }
        }

        Assert.True(leaks.Count == 0, string.Join('\n', leaks));
        Assert.Equal(before, await StateAsync());
    }

    [Fact]
    public async Task Every_route_of_the_OpenAPI_document_is_among_the_routes_walked()
    {
        var document = JsonDocument.Parse(await _bench.Server.Client.GetStringAsync("/openapi/v1.json", Cancellation)).RootElement;
        var walked = Routes().Select(route => Constraints().Replace(route.Pattern, "}")).ToHashSet(StringComparer.Ordinal);
        Assert.All(document.GetProperty("paths").EnumerateObject(), path => Assert.Contains(path.Name, walked));
    }

    /// <summary>Without this the walk could be right for the wrong reason.</summary>
    [Theory]
    [InlineData("/api/v1/repos/{owner}/{repo}")]
    [InlineData("/api/v1/runs/{id}")]
    [InlineData("/{owner}/{repo}/actions/runs/{runIndex}")]
    [InlineData("/{owner}/{repo}/info/refs")]
    [InlineData("/{owner}/{repo}/info/lfs/objects/{oid}")]
    public async Task The_walk_notices_what_its_owner_sees(string pattern)
    {
        var credentials = pattern.Contains("/info/", StringComparison.Ordinal) ? Basic(_bench.Token)
            : pattern.StartsWith("/api", StringComparison.Ordinal) ? Bearer(_bench.Token)
            : ("Cookie", $"{Sessions.CookieName}=" + await _bench.CookieAsync(_bench.Token));
        Assert.NotEqual(
            await AskAsync("GET", Fill(pattern, real: true), credentials, null), await AskAsync("GET", Fill(pattern, real: false), credentials, null));
    }

    /// <summary>What the stranger B holds: nothing, tokens of a user, a job's tokens of B's own repository.</summary>
    private async Task<List<(string Holder, (string Header, string Value)? Credentials)>> HoldingsAsync()
    {
        await _bench.Server.Get<Owners>().CreateUserAsync("stranger", false, Cancellation);
        var stranger = (await _bench.Server.Get<Owners>().FindAsync("stranger", Cancellation))!;
        var own = (await _bench.Server.Get<RepositoryStore>().CreateAsync(stranger.Id, "own", true, "trunk", Cancellation))!;
        await _bench.RunAsync(own.Id, [Workbench.Job("own", "ubuntu-latest", "x")]);
        var job = await _bench.ClaimAsync();
        Assert.Equal("stranger/own", job.Job.Repository);
        return
        [
            ("nothing", null),
            ("a token that may read", Bearer(await _bench.TokenAsync("stranger", TokenScopes.RepoRead))),
            ("a token that may write", Bearer(await _bench.TokenAsync("stranger", TokenScopes.RepoWrite))),
            ("a token with every scope", Bearer(await _bench.TokenAsync("stranger", TokenScopes.RepoWrite, TokenScopes.Admin))),
            ("a browser's session", ("Cookie", $"{Sessions.CookieName}=" + await _bench.CookieAsync(await _bench.TokenAsync("stranger", TokenScopes.RepoWrite)))),
            ("a git password", Basic(await _bench.TokenAsync("stranger", TokenScopes.RepoWrite))),
            ("a checkout token", Basic(job.Job.CheckoutToken)),
            ("a checkout token as bearer", Bearer(job.Job.CheckoutToken)),
            ("a job token", Bearer(job.Token)),
        ];
    }

    private List<(string Method, string Pattern)> Routes() =>
    [
        .. from endpoint in _bench.Server.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
           from method in endpoint.Metadata.GetMetadata<HttpMethodMetadata>()?.HttpMethods ?? []
           let pattern = "/" + endpoint.RoutePattern.RawText!.Trim('/')
           // Signing in makes a session, and metrics count what is asked; neither names a repository.
           where pattern is not ("/login" or "/logout" or "/metrics")
           select (method, pattern),
    ];

    private static IEnumerable<string?> Bodies(string method) =>
        method is "GET" or "HEAD" or "DELETE" ? [null] : ["{}", """{"ref": "trunk", "value": "v", "status": "running", "seq": 0, "chunk": "eA=="}"""];

    /// <summary>A route's parameters by their place: what the private repository has, or what nobody has.</summary>
    private string Fill(string pattern, bool real) => Parameters().Replace(pattern, match =>
    {
        var before = pattern[..match.Index].TrimEnd('/').Split('/')[^1];
        return (match.Groups[1].Value, before) switch
        {
            ("owner", _) => Workbench.User,
            ("repo", _) => real ? Hidden : Absent,
            ("id" or "jobId", "jobs") => Number(_hiddenJob),
            ("id" or "runId", "runs") => Number(_hiddenRun),
            ("stepId", _) => Number(_hiddenStep),
            ("runIndex", _) => "1",
            ("sha", _) => Workbench.Sha,
            ("oid", _) => new string('a', 64),
            ("file", _) => "smoke.yml",
            ("name", "secrets" or "variables") => "XYZZY",
            ("name", "assets") => "site.css",
            ("number", _) => "1",
            ("name" or "environment", "environments") => "production",
            ("documentName", _) => "v1",
            var (name, place) => throw new InvalidOperationException($"Teach this test what '{name}' after '{place}' is in {pattern}."),
        };

        string Number(long id) => (real ? id : AbsentId).ToString(System.Globalization.CultureInfo.InvariantCulture);
    });

    /// <returns>Status and body, without the names and numbers that were asked for and without what differs from call to call.</returns>
    private async Task<string> AskAsync(string method, string path, (string Header, string Value)? credentials, string? body)
    {
        using var handler = new SocketsHttpHandler { AllowAutoRedirect = false };
        using var client = new HttpClient(handler) { BaseAddress = _bench.BaseUrl };
        using var request = new HttpRequestMessage(new HttpMethod(method), path.Contains("/info/refs", StringComparison.Ordinal) ? path + "?service=git-upload-pack" : path)
        {
            Content = body is null ? null : new StringContent(body, Encoding.UTF8, "application/json"),
        };
        if (credentials is var (header, value)) request.Headers.Add(header, value);
        // A form of a page is taken from the page's own address only.
        request.Headers.Add("Origin", _bench.BaseUrl.GetLeftPart(UriPartial.Authority));
        using var response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Cancellation);
        var text = response.Content.Headers.ContentType?.MediaType == "text/event-stream"
            ? "a stream"
            : Uri.UnescapeDataString(await response.Content.ReadAsStringAsync(Cancellation));
        foreach (var asked in new[] { Hidden, Absent, $"{_hiddenJob}", $"{_hiddenRun}", $"{_hiddenStep}", $"{AbsentId}" }.OrderByDescending(name => name.Length))
            text = Regex.Replace(text, $@"(?<![\w]){Regex.Escape(asked)}(?![\w])", "*");
        return $"{(int)response.StatusCode} {response.Headers.Location} {Volatile().Replace(text, "*")}";
    }

    /// <summary>All that is the private repository's.</summary>
    private async Task<string> StateAsync()
    {
        await using var connection = await _bench.Server.Database.DataSource.OpenConnectionAsync(Cancellation);
        return (await connection.ExecuteScalarAsync<string>(
            """
            select jsonb_pretty(jsonb_build_object(
                'repository', (select to_jsonb(r) from repositories r where r.id = @_hidden),
                'collaborators', (select jsonb_agg(to_jsonb(c)) from collaborators c where c.repo_id = @_hidden),
                'runs', (select jsonb_agg(to_jsonb(r) order by r.id) from workflow_runs r where r.repo_id = @_hidden),
                'jobs', (select jsonb_agg(to_jsonb(j) order by j.id) from workflow_jobs j where j.repo_id = @_hidden),
                'steps', (
                    select jsonb_agg(to_jsonb(s) order by s.id)
                    from workflow_steps s join workflow_jobs j on j.id = s.job_id where j.repo_id = @_hidden),
                'chunks', (
                    select jsonb_agg(to_jsonb(c) order by c.seq)
                    from workflow_step_log_chunks c join workflow_jobs j on j.id = c.job_id where j.repo_id = @_hidden),
                'events', (select jsonb_agg(to_jsonb(e) order by e.id) from trigger_events e where e.repo_id = @_hidden),
                'secrets', (select jsonb_agg(to_jsonb(s) order by s.id) from workflow_secrets s where s.repo_id = @_hidden),
                'variables', (select jsonb_agg(to_jsonb(v) order by v.id) from actions_variables v where v.repo_id = @_hidden)))
            """,
            new { _hidden }))!;
    }

    private static (string, string)? Bearer(string token) => ("Authorization", $"Bearer {token}");

    private static (string, string)? Basic(string password) =>
        ("Authorization", "Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes("git:" + password)));

    [GeneratedRegex(@"\{\**(\w+)[^}]*\}")]
    private static partial Regex Parameters();

    [GeneratedRegex(@":[^}/]+\}")]
    private static partial Regex Constraints();

    /// <summary>Ids of requests, nonces of pages and times.</summary>
    [GeneratedRegex("""\d\d-[0-9a-f]{32}-[0-9a-f]{16}-\d\d|nonce="[^"]*"|\d{4}-\d\d-\d\dT[0-9:.]+(?:Z|\+00:00)|\d+(?:\.\d+)? ?(?:ms|s)\b""")]
    private static partial Regex Volatile();
}
