using System.Collections.Concurrent;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Shithub.Actions.Protocol;

namespace Shithub.Actions.Runner.Tests.Fake;

/// <summary>
/// The server's side of the protocol as far as a runner sees it, in memory: single-use tokens with idempotent repeats, leases that a
/// test can end, and faults that a real server can't be made to show.
/// </summary>
internal sealed class FakeServer : IAsyncDisposable
{
    public const string RunnerToken = "runner-token";
    private readonly WebApplication _app;
    private readonly GitHttp _git;
    private readonly ConcurrentQueue<ClaimedJob> _queue = new();
    private readonly ConcurrentDictionary<long, FakeJob> _jobs = new();
    private readonly SemaphoreSlim _queued = new(0);
    private long _ids;

    private FakeServer(WebApplication app, string repositories)
    {
        _app = app;
        _git = new GitHttp(repositories);
    }

    public Uri BaseUrl => new(_app.Urls.First());

    /// <summary>Runs before each call is handled; true: the answer is lost after it was handled.</summary>
    public Func<HttpRequest, bool> LosesAnswer { get; set; } = _ => false;

    /// <summary>Runs before each call is handled; a status here is answered and nothing is done.</summary>
    public Func<HttpRequest, int?> Refuses { get; set; } = _ => null;

    /// <summary>What a git request waits for.</summary>
    public SemaphoreSlim? GitWaits { get; set; }

    public ConcurrentQueue<HeartbeatRequest> Heartbeats { get; } = new();

    public static async Task<FakeServer> StartAsync(string repositories = "/nonexistent")
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        var server = new FakeServer(app, repositories);
        app.Use(server.FaultsAsync);
        app.MapPost("/api/v1/runners/heartbeat", (Delegate)server.HeartbeatAsync);
        app.MapPost("/api/v1/runners/leases", (Delegate)server.RenewAsync);
        app.MapPost("/api/v1/jobs/{id:long}/logs", (HttpContext http, long id) => server.JobCallAsync(http, id, null));
        app.MapPost("/api/v1/jobs/{id:long}/status", (HttpContext http, long id) => server.JobCallAsync(http, id, null));
        app.MapPost("/api/v1/jobs/{id:long}/cancel-check", (HttpContext http, long id) => server.JobCallAsync(http, id, null));
        app.MapPost(
            "/api/v1/jobs/{id:long}/steps/{step:long}/status", (HttpContext http, long id, long step) => server.JobCallAsync(http, id, step));
        app.Map("/git/{**path}", server.GitAsync);
        await app.StartAsync();
        return server;
    }

    /// <summary>Queues a job whose steps are the scripts.</summary>
    public FakeJob Enqueue(params string[] scripts) => Enqueue(job => job, [.. scripts.Select((script, index) => Script(script))]);

    public FakeJob Enqueue(Func<ClaimedJob, ClaimedJob> change, params ClaimedStep[] steps)
    {
        var id = Interlocked.Increment(ref _ids);
        var job = change(new ClaimedJob(
            id, 1, 1, 1, ".shithub/workflows/test.yml", "Test", new string('0', 40), "refs/heads/trunk", "push",
            JsonDocument.Parse("""{"ref":"refs/heads/trunk"}""").RootElement, "job", "job", ["linux"], [], null, 60,
            JsonDocument.Parse("{}").RootElement, new Dictionary<string, string>(), [], new Dictionary<string, string>(),
            new Uri(BaseUrl, "git/demo/hello.git").ToString(), GitHttp.Token,
            [.. steps.Select((step, index) => step with { Id = (id * 100) + index, Index = index })],
            1, DateTimeOffset.UtcNow.AddSeconds(60), 60, "demo/hello", "olga", BaseUrl.ToString()));
        var fake = _jobs[id] = new FakeJob(job);
        _queue.Enqueue(job);
        _queued.Release();
        return fake;
    }

    public static ClaimedStep Script(string script, string? shell = null, bool mayFail = false, string? folder = null) => new(
        0, 0, null, "script", null, script, null, folder, new Dictionary<string, string>(), new Dictionary<string, string>(), mayFail, shell);

    public static ClaimedStep Checkout(params (string Name, string Value)[] with) => new(
        0, 0, null, "checkout", null, null, "actions/checkout@v4", null, new Dictionary<string, string>(),
        with.ToDictionary(input => input.Name, input => input.Value), false);

    public async ValueTask DisposeAsync()
    {
        foreach (var job in _jobs.Values) job.Lose();
        await _app.DisposeAsync();
        _queued.Dispose();
    }

    private async Task FaultsAsync(HttpContext http, RequestDelegate next)
    {
        if (Refuses(http.Request) is { } status)
        {
            http.Response.StatusCode = status;
            return;
        }

        if (!LosesAnswer(http.Request))
        {
            await next(http);
            return;
        }

        using var nowhere = new MemoryStream();
        http.Response.Body = nowhere;
        await next(http);
        http.Abort();
    }

    private async Task<IResult> HeartbeatAsync(HttpContext http)
    {
        if (http.Request.Headers.Authorization != $"Bearer {RunnerToken}") return Results.Unauthorized();
        var request = (await http.Request.ReadFromJsonAsync(ProtocolJson.Default.HeartbeatRequest))!;
        Heartbeats.Enqueue(request);
        if (request.NotClaiming is not null) return Results.NoContent();
        var repeated = _jobs.Values.FirstOrDefault(job => job.ClaimId == request.ClaimId);
        if (repeated is null)
        {
            if (!await _queued.WaitAsync(TimeSpan.FromSeconds(request.WaitSeconds ?? 0), http.RequestAborted)) return Results.NoContent();
            _queue.TryDequeue(out var job);
            repeated = _jobs[job!.Id];
            repeated.ClaimId = request.ClaimId;
        }

        return TypedResults.Json(
            new HeartbeatResponse(repeated.FirstToken, DateTimeOffset.UtcNow.AddMinutes(15), repeated.Job),
            ProtocolJson.Default.HeartbeatResponse);
    }

    private async Task<IResult> RenewAsync(HttpContext http)
    {
        var request = (await http.Request.ReadFromJsonAsync(ProtocolJson.Default.RenewLeasesRequest))!;
        var deadline = DateTime.UtcNow.AddSeconds(request.WaitSeconds ?? 0);
        while (true)
        {
            var states = request.Leases!.Select(lease => _jobs[lease.JobId].State(lease)).ToList();
            var news = states.Exists(state => state.State != LeaseStanding.Held
                && !request.Leases!.Any(lease => lease.JobId == state.JobId && lease.CancelSeen));
            if (news || DateTime.UtcNow > deadline)
                return TypedResults.Json(new RenewLeasesResponse(states), ProtocolJson.Default.RenewLeasesResponse);
            await Task.Delay(20, http.RequestAborted);
        }
    }

    private async Task GitAsync(HttpContext http)
    {
        if (GitWaits is not null) await GitWaits.WaitAsync(http.RequestAborted);
        await _git.HandleAsync(http);
    }

    private async Task JobCallAsync(HttpContext http, long id, long? step)
    {
        using var reader = new StreamReader(http.Request.Body, Encoding.UTF8);
        var (status, body) = _jobs[id].Call(
            http.Request.Path.Value!.Split('/')[^1],
            step,
            http.Request.Headers.Authorization.ToString()["Bearer ".Length..],
            http.Request.Headers["Idempotency-Key"].ToString(),
            await reader.ReadToEndAsync());
        http.Response.StatusCode = status;
        http.Response.ContentType = "application/json";
        await http.Response.WriteAsync(body);
    }
}
