using System.Net;
using Dapper;
using Shithub.Actions.Protocol;
using Shithub.Actions.Server.Access;
using Shithub.Actions.Server.Runners;
using Shithub.Actions.Server.Runs;
using Shithub.Actions.Testing;
using Xunit;

namespace Shithub.Actions.Server.Tests.Protocol;

/// <summary>
/// A scenario on a shared server: an owner with a repository, and a label that only this scenario's runners and jobs have.
/// </summary>
public sealed class Pool
{
    private static int _scenarios;
    private int _runners;

    private Pool(TestServer server, int number) => (Server, Label, Owner) = (server, $"label-{number}", $"owner-{number}");

    public TestServer Server { get; }

    public string Label { get; }

    public string Owner { get; }

    public long RepoId { get; private set; }

    /// <summary>The owner's personal access token with the scope repo:write.</summary>
    public string AccessToken { get; private set; } = "";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public static async Task<Pool> CreateAsync(TestServer server)
    {
        var pool = new Pool(server, Interlocked.Increment(ref _scenarios));
        var owner = await server.Get<Owners>().CreateUserAsync(pool.Owner, false, Cancellation);
        pool.RepoId = await pool.ScalarAsync<long>(
            "insert into repositories (owner_id, name) values (@Id, 'hello') returning id", new { owner!.Id });
        pool.AccessToken = (await server.Get<AccessTokens>().CreateAsync(
            pool.Owner, "test", [TokenScopes.RepoWrite], null, Cancellation))!.Token;
        return pool;
    }

    /// <summary>A run of these jobs, of one when none is named.</summary>
    public async Task<EnqueuedRun> EnqueueAsync(params JobSpec[] jobs)
    {
        await using var connection = await Server.Database.DataSource.OpenConnectionAsync(Cancellation);
        await using var transaction = await connection.BeginTransactionAsync(Cancellation);
        var plan = TestPlan.Of("Smoke", (jobs.Length == 0 ? [new JobSpec("green")] : jobs).Select(job => job.ToJob(Label)));
        var run = await EnqueueRun.ExecuteAsync(connection, transaction, NewRun(plan), Cancellation);
        await transaction.CommitAsync(Cancellation);
        return run;
    }

    public NewRun NewRun(PlannedRun? plan) => new()
    {
        RepoId = RepoId,
        WorkflowFile = ".shithub/workflows/smoke.yml",
        WorkflowName = "Smoke",
        Title = "A commit",
        Event = "push",
        EventPayload = new() { ["ref"] = "refs/heads/trunk" },
        Inputs = [],
        HeadSha = new string('a', 40),
        HeadRef = "refs/heads/trunk",
        ActorId = null,
        TriggerEventId = Guid.NewGuid().ToString(),
        Plan = plan,
    };

    /// <summary>A runner with the scenario's label and these.</summary>
    public async Task<RunnerCalls> RegisterAsync(int capacity = 1, params string[] labels)
    {
        var name = $"{Label}-runner-{Interlocked.Increment(ref _runners)}";
        var runner = await Server.Get<RunnerPool>().RegisterAsync(name, [Label, .. labels], capacity, null, Cancellation);
        return new RunnerCalls(Server, runner!.Id, runner.Token);
    }

    /// <summary>A job of a run of its own, claimed by a runner of its own.</summary>
    public async Task<JobCalls> ClaimAsync()
    {
        await EnqueueAsync();
        return await (await RegisterAsync()).ClaimAsync();
    }

    public Task<Answer> CancelJobAsync(long jobId) => Answer.PostAsync(Server.Client, $"/api/v1/jobs/{jobId}/cancel", AccessToken, "");

    public Task<Answer> CancelRunAsync(long runId) => Answer.PostAsync(Server.Client, $"/api/v1/runs/{runId}/cancel", AccessToken, "");

    /// <summary>Ends the lease of a running attempt, as if its runner had been silent for long.</summary>
    public Task ExpireLeaseAsync(long jobId) => ExecuteAsync(
        "update workflow_jobs set lease_expires_at = now() - interval '1 second' where id = @jobId and status = 'running'", new { jobId });

    /// <summary>
    /// All that the calls of the protocol may change of a run, as text: equal before and after a call that has no effect. Leases are left out.
    /// </summary>
    public async Task<string> StateAsync(long runId) => (await ScalarAsync<string>(
        """
        select jsonb_pretty(jsonb_build_object(
            'run', (select to_jsonb(r) from workflow_runs r where r.id = @runId),
            'jobs', (select jsonb_agg(to_jsonb(j) - 'lease_expires_at' order by j.id) from workflow_jobs j where j.run_id = @runId),
            'steps', (
                select jsonb_agg(to_jsonb(s) order by s.id)
                from workflow_steps s join workflow_jobs j on j.id = s.job_id where j.run_id = @runId),
            'chunks', (
                select jsonb_agg(to_jsonb(c) - 'chunk' || jsonb_build_object('md5', md5(c.chunk)) order by c.job_id, c.step_id, c.seq)
                from workflow_step_log_chunks c join workflow_jobs j on j.id = c.job_id where j.run_id = @runId),
            'used', (
                select jsonb_agg(to_jsonb(u) order by u.used_at, u.jti)
                from runner_jwt_used u join workflow_jobs j on j.id = u.job_id where j.run_id = @runId)))
        """,
        new { runId }))!;

    /// <summary>Status and conclusion of a run and its jobs: <c>run running -; build completed success</c>.</summary>
    public async Task<string> OutlineAsync(long runId) => (await ScalarAsync<string>(
        """
        select 'run ' || r.status || ' ' || coalesce(r.conclusion, '-') || '; ' || (
            select string_agg(j.job_key || ' ' || j.status || ' ' || coalesce(j.conclusion, '-'), '; ' order by j.id)
            from workflow_jobs j where j.run_id = r.id)
        from workflow_runs r
        where r.id = @runId
        """,
        new { runId }))!;

    public async Task<long[]> JobIdsAsync(long runId)
    {
        await using var connection = await Server.Database.DataSource.OpenConnectionAsync(Cancellation);
        return [.. await connection.QueryAsync<long>("select id from workflow_jobs where run_id = @runId order by id", new { runId })];
    }

    public async Task<T?> ScalarAsync<T>(string sql, object? parameters = null)
    {
        await using var connection = await Server.Database.DataSource.OpenConnectionAsync(Cancellation);
        return await connection.ExecuteScalarAsync<T>(new CommandDefinition(sql, parameters, cancellationToken: Cancellation));
    }

    public async Task<int> ExecuteAsync(string sql, object? parameters = null)
    {
        await using var connection = await Server.Database.DataSource.OpenConnectionAsync(Cancellation);
        return await connection.ExecuteAsync(new CommandDefinition(sql, parameters, cancellationToken: Cancellation));
    }
}

/// <summary>A registered runner, speaking through the server's HTTP client or another.</summary>
public sealed class RunnerCalls(TestServer server, long id, string token)
{
    public TestServer Server => server;

    public long Id => id;

    public string Token => token;

    public Task<Answer> HeartbeatAsync(HeartbeatRequest? request = null) =>
        HeartbeatAsync(System.Text.Json.JsonSerializer.Serialize(request ?? new HeartbeatRequest(), ProtocolJson.Default.HeartbeatRequest));

    public Task<Answer> HeartbeatAsync(string body) => Answer.PostAsync(server.Client, "/api/v1/runners/heartbeat", token, body);

    /// <summary>A claim that must find a job.</summary>
    public async Task<JobCalls> ClaimAsync(HeartbeatRequest? request = null) =>
        JobCalls.From(this, (await HeartbeatAsync(request)).MustBe(HttpStatusCode.OK));

    /// <summary>A claim that may find none.</summary>
    public async Task<JobCalls?> TryClaimAsync(HeartbeatRequest? request = null)
    {
        var answer = await HeartbeatAsync(request);
        return answer.Status == HttpStatusCode.NoContent ? null : JobCalls.From(this, answer.MustBe(HttpStatusCode.OK));
    }

    public Task<Answer> RenewAsync(params LeasedAttempt[] attempts) => RenewAsync(new RenewLeasesRequest(attempts));

    public Task<Answer> RenewAsync(RenewLeasesRequest request) => Answer.PostAsync(
        server.Client, "/api/v1/runners/leases", token,
        System.Text.Json.JsonSerializer.Serialize(request, ProtocolJson.Default.RenewLeasesRequest));
}
