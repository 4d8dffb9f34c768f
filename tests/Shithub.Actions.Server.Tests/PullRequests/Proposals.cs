using System.Net;
using System.Text;
using Dapper;
using Shithub.Actions.Server.Access;
using Shithub.Actions.Server.Repositories;
using Shithub.Actions.Server.Runners;
using Shithub.Actions.Server.Secrets;
using Shithub.Actions.Server.Tests.Protocol;
using Shithub.Actions.Server.Tests.Repositories;
using Shithub.Actions.Testing;
using Xunit;

namespace Shithub.Actions.Server.Tests.PullRequests;

/// <summary>A public repository with a secret and a workflow for pull requests, its owner, and a stranger who may read it.</summary>
public sealed class Proposals : IAsyncDisposable
{
    public const string SecretName = "S41J_SECRET_SMOKE";
    public const string SecretValue = "do-not-print-9f2c";
    public const string File = ".shithub/workflows/pull.yml";

    public const string Workflow = """
        name: Pull
        on:
          pull_request:
            branches: [trunk]
            types: [opened, synchronize, reopened, closed, edited]
        jobs:
          of-base:
            runs-on: ubuntu-latest
            steps:
              - uses: actions/checkout@v4
              - run: test -n "$SECRET"
                env:
                  SECRET: ${{ secrets.S41J_SECRET_SMOKE }}
        """;

    private Proposals(GitHost host) => Host = host;

    public GitHost Host { get; }

    public TestServer Server => Host.Server;

    public Repository Base => Host.Public;

    /// <summary>The owner's clone, at the base branch.</summary>
    public GitClient Owner { get; private set; } = null!;

    public string BaseSha { get; private set; } = "";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public static async Task<Proposals> StartAsync(string workflow = Workflow)
    {
        var world = new Proposals(await GitHost.StartAsync());
        await world.Server.Get<WorkflowSecrets>().SetAsync(SecretScope.OfRepository(world.Base.Id), SecretName, SecretValue, Cancellation);
        world.Owner = await world.Host.ClientAsync(world.Base, world.Host.Writer);
        world.BaseSha = await world.Owner.CommitAsync(File, workflow, "Check pull requests");
        await world.Owner.RunAsync("push", "--quiet", "origin", "trunk");
        await world.SettledAsync();
        return world;
    }

    /// <summary>A clone of the base for somebody, on a branch <c>change</c>.</summary>
    public async Task<GitClient> CloneAsync(string token)
    {
        var client = await Host.ClientAsync(Base, token);
        await client.RunAsync("fetch", "--quiet", "origin", "trunk");
        await client.RunAsync("checkout", "--quiet", "-B", "change", "FETCH_HEAD");
        return client;
    }

    public async Task<string> UserAsync(string name, string scope = TokenScopes.RepoWrite)
    {
        await Server.Get<Owners>().CreateUserAsync(name, false, Cancellation);
        return (await Server.Get<AccessTokens>().CreateAsync(name, "test", [scope], null, Cancellation))!.Token;
    }

    /// <summary>Waits until every event has made its runs.</summary>
    public Task SettledAsync() => Until.TrueAsync(() => ScalarAsync<bool>("select not exists (select from trigger_events where processed_at is null)"));

    /// <summary>All runs of the base, oldest first, when every event is processed.</summary>
    public async Task<IReadOnlyList<PulledRun>> RunsAsync()
    {
        await SettledAsync();
        await using var connection = await Server.Database.DataSource.OpenConnectionAsync(Cancellation);
        return [.. await connection.QueryAsync<PulledRun>(
            """
            select r.id, r.status, coalesce(r.conclusion, '-') as conclusion, coalesce(r.hold, '-') as hold, r.trust, r.head_sha, r.head_ref, r.checkout_sha,
                r.workflow_sha, r.event, r.event_payload ->> 'action' as action, r.workflow_file,
                (select string_agg(j.job_key || ':' || j.status, ' ' order by j.position) from workflow_jobs j where j.run_id = r.id) as jobs
            from workflow_runs r
            where r.repo_id = @Id
            order by r.id
            """,
            new { Base.Id })];
    }

    public async Task<string> ActionsAsync() =>
        await ScalarAsync<string>("select string_agg(payload ->> 'action', ' ' order by id) from trigger_events where event = 'pull_request'") ?? "";

    public Task<Answer> ApproveAsync(long run, string token, string body = "") =>
        Answer.PostAsync(Server.Client, $"/api/v1/runs/{run}/approve", token, body);

    public Task<Answer> PostAsync(string path, string token, string body) => Answer.PostAsync(Server.Client, path, token, body);

    public async Task<Answer> PatchAsync(string path, string token, string body)
    {
        using var client = Server.ClientWith(token);
        using var response = await client.PatchAsync(path, new StringContent(body, Encoding.UTF8, "application/json"), Cancellation);
        return new Answer(
            response.StatusCode, response.Content.Headers.ContentType?.MediaType, await response.Content.ReadAsStringAsync(Cancellation), response.Headers);
    }

    public async Task<RunnerCalls> RunnerAsync()
    {
        var runner = await Server.Get<RunnerPool>().RegisterAsync($"runner-{Guid.NewGuid():N}"[..20], ["ubuntu-latest"], 50, null, Cancellation);
        return new RunnerCalls(Server, runner!.Id, runner.Token);
    }

    public async Task<T?> ScalarAsync<T>(string sql, object? parameters = null)
    {
        await using var connection = await Server.Database.DataSource.OpenConnectionAsync(Cancellation);
        return await connection.ExecuteScalarAsync<T>(new CommandDefinition(sql, parameters, cancellationToken: Cancellation));
    }

    /// <summary>Claims must find a job, and neither its claim nor what the server keeps for it has a secret or a mask.</summary>
    public async Task<JobCalls> ClaimWithoutSecretsAsync(RunnerCalls runner)
    {
        var answer = (await runner.HeartbeatAsync()).MustBe(HttpStatusCode.OK);
        Assert.DoesNotContain(SecretValue, answer.Body, StringComparison.Ordinal);
        Assert.DoesNotContain(Convert.ToBase64String(Encoding.UTF8.GetBytes(SecretValue))[..^4], answer.Body, StringComparison.Ordinal);
        var job = JobCalls.From(runner, answer);
        Assert.Empty(job.Job.Secrets);
        Assert.Empty(job.Job.MaskValues);
        Assert.Equal(0, await ScalarAsync<long>("select count(*) from workflow_job_secret_masks where job_id = @Id", new { job.Job.Id }));
        return job;
    }

    public ValueTask DisposeAsync() => Host.DisposeAsync();
}

public sealed record PulledRun
{
    public long Id { get; init; }

    public string Status { get; init; } = "";

    public string Conclusion { get; init; } = "";

    public string Hold { get; init; } = "";

    public string Trust { get; init; } = "";

    public string HeadSha { get; init; } = "";

    public string HeadRef { get; init; } = "";

    public string? CheckoutSha { get; init; }

    public string? WorkflowSha { get; init; }

    public string Event { get; init; } = "";

    public string? Action { get; init; }

    public string WorkflowFile { get; init; } = "";

    public string? Jobs { get; init; }

    public string Outline => $"{Action} {Status} {Conclusion} {Hold} {Trust} {Jobs}";
}
