using System.Net;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging.Abstractions;
using Shithub.Actions.Protocol;
using Shithub.Actions.Server.Database;
using Shithub.Actions.Server.Metrics;
using Shithub.Actions.Server.Queue;
using Shithub.Actions.Server.Runners;
using Shithub.Actions.Server.Runs;
using Shithub.Actions.Server.Tests.Protocol;
using Shithub.Actions.Testing;
using Xunit;

namespace Shithub.Actions.Server.Tests.Queue;

/// <summary>
/// Calls that wait for news. The server's clock stands still, so none of them can end by waiting long enough or by looking again: each
/// that ends here was woken by a signal.
/// </summary>
public sealed class LongPollTests(SharedServer shared) : IClassFixture<SharedServer>
{
    private readonly TestServer _server = shared.Server;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_waiting_heartbeat_wakes_when_a_job_is_queued()
    {
        var pool = await Pool.CreateAsync(_server);
        var runner = await pool.RegisterAsync();
        var waiting = await HeartbeatAsync(pool, runner);
        var run = await pool.EnqueueAsync();
        Assert.Equal(run.RunId, JobCalls.From(runner, (await waiting.EndAsync()).MustBe(HttpStatusCode.OK)).Job.RunId);
    }

    [Fact]
    public async Task A_waiting_heartbeat_wakes_when_the_job_before_completes()
    {
        var pool = await Pool.CreateAsync(_server);
        await pool.EnqueueAsync(new JobSpec("build"), new JobSpec("test", "build"));
        var build = await (await pool.RegisterAsync()).ClaimAsync();
        var tester = await pool.RegisterAsync();
        var waiting = await HeartbeatAsync(pool, tester);
        await build.CompleteAsync();
        Assert.Equal("test", JobCalls.From(tester, (await waiting.EndAsync()).MustBe(HttpStatusCode.OK)).Job.JobKey);
    }

    [Fact]
    public async Task A_waiting_heartbeat_of_a_full_runner_wakes_when_it_has_room_again()
    {
        var pool = await Pool.CreateAsync(_server);
        await pool.EnqueueAsync(JobSpec.Many(2));
        var runner = await pool.RegisterAsync();
        var first = await runner.ClaimAsync();
        var waiting = await HeartbeatAsync(pool, runner);
        await first.CompleteAsync();
        (await waiting.EndAsync()).MustBe(HttpStatusCode.OK);
    }

    [Fact]
    public async Task A_waiting_heartbeat_wakes_when_its_runner_is_undrained()
    {
        var pool = await Pool.CreateAsync(_server);
        await pool.EnqueueAsync();
        var runner = await pool.RegisterAsync();
        await _server.Get<RunnerPool>().DrainAsync(runner.Id, "kernel update", Cancellation);
        var waiting = await HeartbeatAsync(pool, runner);
        await _server.Get<RunnerPool>().UndrainAsync(runner.Id, Cancellation);
        (await waiting.EndAsync()).MustBe(HttpStatusCode.OK);
    }

    [Fact]
    public async Task A_waiting_heartbeat_wakes_when_a_lost_runners_job_is_queued_again()
    {
        var pool = await Pool.CreateAsync(_server);
        var lost = await pool.ClaimAsync();
        var other = await pool.RegisterAsync();
        var waiting = await HeartbeatAsync(pool, other);
        await pool.ExpireLeaseAsync(lost.Job.Id);
        await _server.Get<JobRescuer>().SweepAsync(Cancellation);
        Assert.Equal(2, JobCalls.From(other, (await waiting.EndAsync()).MustBe(HttpStatusCode.OK)).Job.Attempt);
    }

    [Fact]
    public async Task A_waiting_heartbeat_hears_that_its_runner_was_revoked()
    {
        var pool = await Pool.CreateAsync(_server);
        var runner = await pool.RegisterAsync();
        var waiting = await HeartbeatAsync(pool, runner);
        await _server.Get<RunnerPool>().RevokeAsync(runner.Id, null, Cancellation);
        (await waiting.EndAsync()).MustBeProblem(HttpStatusCode.Unauthorized);
    }

    [Fact]
    public async Task Of_many_waiting_runners_each_gets_one_of_as_many_jobs()
    {
        const int Count = 20;
        var pool = await Pool.CreateAsync(_server);
        var waiting = new List<Waiting>();
        for (var number = 0; number < Count; number++)
            waiting.Add(await HeartbeatAsync(pool, await pool.RegisterAsync()));
        for (var number = 0; number < Count; number++)
            await pool.EnqueueAsync();
        var answers = await Task.WhenAll(waiting.Select(one => one.EndAsync()));
        var jobs = answers.Select(answer => answer.MustBe(HttpStatusCode.OK).Json.GetProperty("job").GetProperty("id").GetInt64());
        Assert.Equal(Count, jobs.Distinct().Count());
    }

    [Fact]
    public async Task A_heartbeat_that_waited_as_long_as_it_asked_ends_with_204()
    {
        var clock = new StoppedTime();
        await using var server = await TestServer.StartAsync(clock);
        var pool = await Pool.CreateAsync(server);
        var waiting = await HeartbeatAsync(pool, await pool.RegisterAsync());
        clock.Ahead = TimeSpan.FromSeconds(ProtocolLimits.WaitSeconds);
        server.Get<Notifications>().Signal(Topic.Queue);
        (await waiting.EndAsync()).MustBe(HttpStatusCode.NoContent);
    }

    [Fact]
    public async Task A_server_that_stops_lets_waiting_calls_go_at_once()
    {
        await using var server = await TestServer.StartAsync(new StoppedTime());
        var pool = await Pool.CreateAsync(server);
        var job = await pool.ClaimAsync();
        var heartbeat = await HeartbeatAsync(pool, await pool.RegisterAsync());
        var leases = await RenewAsync(pool, job, job.Lease);
        server.Get<IHostApplicationLifetime>().StopApplication();
        (await heartbeat.EndAsync()).MustBe(HttpStatusCode.NoContent);
        Assert.Equal(LeaseStanding.Held, State(await leases.EndAsync()));
    }

    [Fact]
    public async Task A_cancel_arrives_at_once_at_the_runner_that_waits_on_its_leases()
    {
        var pool = await Pool.CreateAsync(_server);
        var job = await pool.ClaimAsync();
        var waiting = await RenewAsync(pool, job, job.Lease);
        (await pool.CancelJobAsync(job.Job.Id)).MustBe(HttpStatusCode.OK);
        Assert.Equal(LeaseStanding.CancelRequested, State(await waiting.EndAsync()));
    }

    [Fact]
    public async Task A_cancel_at_another_server_arrives_at_once_too()
    {
        var pool = await Pool.CreateAsync(_server);
        var job = await pool.ClaimAsync();
        var waiting = await RenewAsync(pool, job, job.Lease);
        // What another server has: the same database, and notifications that reach this one through PostgreSQL only.
        using var metrics = new ServerMetrics();
        using var notifications = new Notifications(_server.Database.DataSource, NullLogger<Notifications>.Instance);
        await new CancelJob(_server.Database.DataSource, notifications, metrics, Shithub.Actions.Server.Audit.AuditLog.OfSystem).ExecuteAsync(job.Job.RunId, job.Job.Id, Cancellation);
        Assert.Equal(LeaseStanding.CancelRequested, State(await waiting.EndAsync()));
    }

    [Fact]
    public async Task A_cancel_that_was_requested_before_is_said_at_once()
    {
        var pool = await Pool.CreateAsync(_server);
        var job = await pool.ClaimAsync();
        (await pool.CancelJobAsync(job.Job.Id)).MustBe(HttpStatusCode.OK);
        Assert.Equal(LeaseStanding.CancelRequested, State(await (await RenewAsync(pool, job, job.Lease)).EndAsync()));
    }

    [Fact]
    public async Task A_runner_that_knows_of_the_cancel_waits_on_and_hears_when_the_lease_is_lost()
    {
        var pool = await Pool.CreateAsync(_server);
        var job = await pool.ClaimAsync();
        (await pool.CancelJobAsync(job.Job.Id)).MustBe(HttpStatusCode.OK);
        var waiting = await RenewAsync(pool, job, job.Lease with { CancelSeen = true });
        (await pool.CancelJobAsync(job.Job.Id)).MustBe(HttpStatusCode.OK);
        await pool.ExpireLeaseAsync(job.Job.Id);
        await _server.Get<JobRescuer>().SweepAsync(Cancellation);
        Assert.Equal(LeaseStanding.Lost, State(await waiting.EndAsync()));
    }

    [Fact]
    public async Task A_lost_lease_is_said_at_once()
    {
        var pool = await Pool.CreateAsync(_server);
        var job = await pool.ClaimAsync();
        await pool.ExpireLeaseAsync(job.Job.Id);
        Assert.Equal(LeaseStanding.Lost, State(await (await RenewAsync(pool, job, job.Lease)).EndAsync()));
    }

    [Fact]
    public async Task A_runner_that_is_revoked_hears_it_at_once()
    {
        var pool = await Pool.CreateAsync(_server);
        var job = await pool.ClaimAsync();
        var waiting = await RenewAsync(pool, job, job.Lease);
        await _server.Get<RunnerPool>().RevokeAsync(job.Runner.Id, null, Cancellation);
        (await waiting.EndAsync()).MustBeProblem(HttpStatusCode.Unauthorized);
    }

    private static LeaseStanding State(Answer answer) =>
        Assert.Single(answer.MustBe(HttpStatusCode.OK).Read(ProtocolJson.Default.RenewLeasesResponse).Leases).State;

    private static Task<Waiting> HeartbeatAsync(Pool pool, RunnerCalls runner) =>
        StartAsync(pool, runner, () => runner.HeartbeatAsync(new HeartbeatRequest(WaitSeconds: ProtocolLimits.WaitSeconds)));

    private static Task<Waiting> RenewAsync(Pool pool, JobCalls job, LeasedAttempt attempt) =>
        StartAsync(pool, job.Runner, () => job.Runner.RenewAsync(new RenewLeasesRequest([attempt], ProtocolLimits.WaitSeconds)));

    /// <summary>Makes the call and returns when the server has looked a first time: what happens from now on is news to it.</summary>
    private static async Task<Waiting> StartAsync(Pool pool, RunnerCalls runner, Func<Task<Answer>> call)
    {
        await pool.ExecuteAsync("update workflow_runners set last_heartbeat_at = null where id = @Id", new { runner.Id });
        var answer = call();
        await Until.TrueAsync(() => pool.ScalarAsync<bool>(
            "select last_heartbeat_at is not null from workflow_runners where id = @Id", new { runner.Id }));
        return new Waiting(answer);
    }

    private sealed record Waiting(Task<Answer> Answer)
    {
        public Task<Answer> EndAsync() => Until.SignalledAsync(Answer);
    }
}
