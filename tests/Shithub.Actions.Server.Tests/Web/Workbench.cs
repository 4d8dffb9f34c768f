using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Dapper;
using Shithub.Actions.Protocol;
using Shithub.Actions.Server.Access;
using Shithub.Actions.Server.Repositories;
using Shithub.Actions.Server.Runners;
using Shithub.Actions.Server.Runs;
using Shithub.Actions.Testing;
using Shithub.Actions.Workflows;
using Xunit;

namespace Shithub.Actions.Server.Tests.Web;

/// <summary>A server with a user, repositories and runs to look at, and a runner that does what a test says, over HTTP.</summary>
public sealed class Workbench : IAsyncDisposable
{
    public const string User = "mona";
    public const string Sha = "4b825dc642cb6eb9a060e54bf8d69288fbee4904";

    private Workbench(TestServer server) => Server = server;

    public TestServer Server { get; }

    public Uri BaseUrl => Server.BaseUrl;

    /// <summary>May do everything with the user's repositories.</summary>
    public string Token { get; private set; } = "";

    private string RunnerToken { get; set; } = "";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public static async Task<Workbench> StartAsync()
    {
        var bench = new Workbench(await TestServer.StartAsync());
        await bench.Server.Get<Owners>().CreateUserAsync(User, false, Cancellation);
        bench.Token = await bench.TokenAsync(User, TokenScopes.Admin);
        var runner = await bench.Server.Get<RunnerPool>().RegisterAsync("runner-1", ["ubuntu-latest", "x64"], 8, null, Cancellation);
        bench.RunnerToken = runner!.Token;
        return bench;
    }

    public async Task<string> TokenAsync(string user, params string[] scopes) =>
        (await Server.Get<AccessTokens>().CreateAsync(user, "test", scopes, null, Cancellation))!.Token;

    public async Task<long> RepositoryAsync(string name, bool isPrivate = false)
    {
        var owner = await Server.Get<Owners>().FindAsync(User, Cancellation);
        return (await Server.Get<RepositoryStore>().CreateAsync(owner!.Id, name, isPrivate, "trunk", Cancellation))!.Id;
    }

    public async Task<EnqueuedRun> RunAsync(
        long repoId, IEnumerable<TestJob> jobs, string title = "Teach the greeter to whisper", string workflow = "Smoke",
        string branch = "trunk", string @event = "push", IReadOnlyList<Diagnostic>? diagnostics = null, string sha = Sha)
    {
        await using var connection = await Server.Database.DataSource.OpenConnectionAsync(Cancellation);
        await using var transaction = await connection.BeginTransactionAsync(Cancellation);
        var actor = await connection.ExecuteScalarAsync<long>("select id from owners where name = @User", new { User });
        var run = await EnqueueRun.ExecuteAsync(
            connection,
            transaction,
            new NewRun
            {
                RepoId = repoId,
                WorkflowFile = $".shithub/workflows/{workflow.Split(' ')[0].ToLowerInvariant()}.yml",
                WorkflowName = workflow,
                Title = title,
                Event = @event,
                EventPayload = [],
                Inputs = [],
                HeadSha = sha,
                HeadRef = $"refs/heads/{branch}",
                ActorId = actor,
                TriggerEventId = Guid.NewGuid().ToString(),
                Plan = diagnostics is null ? TestPlan.Of(workflow, jobs) : null,
                Diagnostics = diagnostics,
            },
            Cancellation);
        await transaction.CommitAsync(Cancellation);
        return run;
    }

    public static TestJob Job(string key, string label, params string[] steps) => Job(key, [label], [], steps);

    public static TestJob Job(string key, string[] labels, string[] needs, params string[] steps) =>
        new(key, key, labels, needs, [.. steps.Select(name => new TestStep(name, "true"))]);

    /// <summary>The oldest queued job that the runner serves.</summary>
    public async Task<RunningJob> ClaimAsync()
    {
        using var client = Server.ClientWith(RunnerToken);
        using var response = await client.PostAsJsonAsync(
            "api/v1/runners/heartbeat", new { host_name = "bench", version = "test", wait_seconds = 5 }, Cancellation);
        Assert.Equal(System.Net.HttpStatusCode.OK, response.StatusCode);
        var claim = (await response.Content.ReadFromJsonAsync(ProtocolJson.Default.HeartbeatResponse, Cancellation))!;
        return new RunningJob(Server, claim);
    }

    /// <summary>A browser's cookie for this user's token.</summary>
    public async Task<string> CookieAsync(string token) => (await Server.Get<Sessions>().CreateAsync(token, Cancellation))!.Cookie;

    public async Task<T> QueryAsync<T>(string sql, object? parameters = null)
    {
        await using var connection = await Server.Database.DataSource.OpenConnectionAsync(Cancellation);
        return (await connection.ExecuteScalarAsync<T>(sql, parameters))!;
    }

    public ValueTask DisposeAsync() => Server.DisposeAsync();
}

/// <summary>A claimed job, in the hands of the test.</summary>
public sealed class RunningJob(TestServer server, HeartbeatResponse claim)
{
    private readonly Dictionary<long, int> _next = [];
    private string _token = claim.Token;

    public ClaimedJob Job => claim.Job;

    /// <summary>The next call's.</summary>
    public string Token => _token;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <param name="step">The step's index from 0, or null for the job itself.</param>
    public Task LogAsync(int? step, string text) => LogAsync(step, System.Text.Encoding.UTF8.GetBytes(text));

    public async Task LogAsync(int? step, byte[] bytes)
    {
        var key = step ?? -1;
        var seq = _next[key] = _next.GetValueOrDefault(key, -1) + 1;
        await CallAsync("logs", new { seq, chunk = Convert.ToBase64String(bytes), step_id = step is { } index ? Job.Steps[index].Id : (long?)null });
    }

    public Task StartStepAsync(int step) => CallAsync($"steps/{Job.Steps[step].Id}/status", new { status = "running" });

    public Task EndStepAsync(int step, string conclusion = "success") =>
        CallAsync($"steps/{Job.Steps[step].Id}/status", new { status = conclusion is "skipped" or "cancelled" ? conclusion : "completed", conclusion });

    /// <summary>Ends a step that leaves annotations and a summary.</summary>
    public Task EndStepAsync(int step, object[] annotations, string? summary, string conclusion = "success") =>
        CallAsync($"steps/{Job.Steps[step].Id}/status", new { status = "completed", conclusion, annotations, summary });

    public Task EndAsync(string conclusion = "success", object[]? images = null, object[]? notes = null) =>
        CallAsync("status", new { status = conclusion == "cancelled" ? "cancelled" : "completed", conclusion, images, notes });

    /// <summary>Makes a call that is refused.</summary>
    /// <returns>The field that the refusal names.</returns>
    public async Task<string?> RefusedFieldAsync(string path, object body)
    {
        using var client = server.ClientWith(_token);
        using var response = await client.PostAsJsonAsync($"api/v1/jobs/{Job.Id}/{path}", body, Cancellation);
        Assert.False(response.IsSuccessStatusCode);
        return JsonNode.Parse(await response.Content.ReadAsStringAsync(Cancellation))!["field"]?.GetValue<string>();
    }

    private async Task CallAsync(string path, object body)
    {
        using var client = server.ClientWith(_token);
        using var response = await client.PostAsJsonAsync($"api/v1/jobs/{Job.Id}/{path}", body, Cancellation);
        var answer = await response.Content.ReadAsStringAsync(Cancellation);
        Assert.True(response.IsSuccessStatusCode, answer);
        _token = JsonNode.Parse(answer)!["next_token"]?.GetValue<string>() ?? "";
    }
}
