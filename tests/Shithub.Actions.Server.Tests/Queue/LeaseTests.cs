using System.Net;
using Shithub.Actions.Protocol;
using Shithub.Actions.Server.Queue;
using Shithub.Actions.Server.Tests.Protocol;
using Shithub.Actions.Testing;
using Xunit;

namespace Shithub.Actions.Server.Tests.Queue;

/// <summary>Leases as docs/protocol.md has them: who holds an attempt, until when, and what becomes of it when nobody does.</summary>
public sealed class LeaseTests(SharedServer shared) : IClassFixture<SharedServer>
{
    private readonly TestServer _server = shared.Server;

    public static TheoryData<string> AllCalls => WireCall.All;

    public static TheoryData<string> CallsInFlight => WireCall.InFlight;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_renewal_extends_the_lease_and_says_until_when()
    {
        var (pool, job) = await ClaimAsync(60);
        await AlmostExpireAsync(pool, job);
        var state = await RenewAsync(job.Runner, job.Lease);
        Assert.Equal((job.Job.Id, 1, LeaseStanding.Held, 60), (state.JobId, state.Attempt, state.State, state.LeaseSeconds));
        Assert.Equal(60, await SecondsLeftAsync(pool, job), 2.0);
        Assert.Equal(
            await pool.ScalarAsync<DateTime>("select lease_expires_at from workflow_jobs where id = @Id", new { job.Job.Id }),
            state.ExpiresAt!.Value.UtcDateTime);
    }

    [Fact]
    public async Task A_renewal_may_change_the_length_of_the_lease()
    {
        var (pool, job) = await ClaimAsync(60);
        var answer = await job.Runner.RenewAsync(new RenewLeasesRequest([job.Lease], LeaseSeconds: 300));
        Assert.Equal(300, Assert.Single(answer.Read(ProtocolJson.Default.RenewLeasesResponse).Leases).LeaseSeconds);
        Assert.Equal(300, await SecondsLeftAsync(pool, job), 2.0);
    }

    [Theory]
    [MemberData(nameof(CallsInFlight))]
    public async Task Every_job_call_extends_the_lease(string name)
    {
        var (pool, job) = await ClaimAsync(60);
        await AlmostExpireAsync(pool, job);
        (await job.CallAsync(WireCall.Of(name))).MustBe(HttpStatusCode.OK);
        Assert.Equal(60, await SecondsLeftAsync(pool, job), 2.0);
    }

    [Fact]
    public async Task Many_leases_are_renewed_in_one_call_each_with_its_own_state()
    {
        var pool = await Pool.CreateAsync(_server);
        await pool.EnqueueAsync(JobSpec.Many(4));
        var runner = await pool.RegisterAsync(capacity: 4);
        var held = await runner.ClaimAsync();
        var cancelled = await runner.ClaimAsync();
        var lost = await runner.ClaimAsync();
        var foreign = await pool.ClaimAsync();
        await pool.CancelJobAsync(cancelled.Job.Id);
        await pool.ExpireLeaseAsync(lost.Job.Id);

        LeasedAttempt[] asked =
        [
            lost.Lease, held.Lease, foreign.Lease, cancelled.Lease, new(long.MaxValue, 1), new((await runner.ClaimAsync()).Job.Id, 7),
        ];
        var states = (await runner.RenewAsync(asked)).MustBe(HttpStatusCode.OK).Read(ProtocolJson.Default.RenewLeasesResponse).Leases;
        Assert.Equal(asked.Select(lease => (lease.JobId, lease.Attempt)).Order(), states.Select(state => (state.JobId, state.Attempt)).Order());
        LeaseStanding Of(LeasedAttempt lease) => states.Single(state => state.JobId == lease.JobId).State;
        Assert.Equal(LeaseStanding.Held, Of(held.Lease));
        Assert.Equal(LeaseStanding.CancelRequested, Of(cancelled.Lease));
        Assert.Equal(LeaseStanding.Lost, Of(lost.Lease));
        Assert.All((LeasedAttempt[])[foreign.Lease, asked[4], asked[5]], lease => Assert.Equal(LeaseStanding.Lost, Of(lease)));
    }

    [Fact]
    public async Task A_renewal_is_a_sign_of_life()
    {
        var (pool, job) = await ClaimAsync(60);
        await pool.ExecuteAsync(
            "update workflow_runners set last_heartbeat_at = now() - interval '1 day', offline_at = now() where id = @Id", new { job.Runner.Id });
        await RenewAsync(job.Runner, job.Lease);
        Assert.True(await pool.ScalarAsync<bool>(
            "select offline_at is null and last_heartbeat_at > now() - interval '1 minute' from workflow_runners where id = @Id",
            new { job.Runner.Id }));
        (await job.Runner.RenewAsync(new RenewLeasesRequest())).MustBe(HttpStatusCode.OK);
    }

    [Fact]
    public async Task An_expired_lease_is_not_renewed_though_no_sweep_came_yet()
    {
        var (pool, job) = await ClaimAsync(60);
        await pool.ExpireLeaseAsync(job.Job.Id);
        Assert.Equal(LeaseStanding.Lost, (await RenewAsync(job.Runner, job.Lease)).State);
        Assert.True(await SecondsLeftAsync(pool, job) < 0);
    }

    [Fact]
    public async Task A_lease_that_is_held_is_not_swept()
    {
        var (pool, job) = await ClaimAsync(60);
        await _server.Get<JobRescuer>().SweepAsync(Cancellation);
        Assert.Equal("run running -; green running -", await pool.OutlineAsync(job.Job.RunId));
    }

    [Theory]
    [MemberData(nameof(AllCalls))]
    public async Task A_late_write_of_a_lost_attempt_is_409_and_stores_nothing(string name)
    {
        var (pool, job) = await ClaimAsync(60);
        await pool.ExpireLeaseAsync(job.Job.Id);
        await RefusedAsync();
        await SweepAsync(job);
        await RefusedAsync();
        var second = await job.Runner.ClaimAsync();
        Assert.Equal(job.Job.Id, second.Job.Id);
        await RefusedAsync();
        await second.CompleteAsync();
        await RefusedAsync();

        async Task RefusedAsync()
        {
            var before = await pool.StateAsync(job.Job.RunId);
            (await job.SendAsync(WireCall.Of(name), job.Token, "key")).MustBeProblem(HttpStatusCode.Conflict);
            Assert.Equal(before, await pool.StateAsync(job.Job.RunId));
        }
    }

    [Fact]
    public async Task A_job_whose_scripts_had_not_begun_is_queued_again_as_new()
    {
        var (pool, job) = await ClaimAsync(60);
        (await job.StatusAsync(StatusNames.Running)).MustBe(HttpStatusCode.OK);
        (await job.LogAsync(0, "Preparing\n")).MustBe(HttpStatusCode.OK);
        (await job.StepAsync(0, StatusNames.Running)).MustBe(HttpStatusCode.OK);
        (await job.LogAsync(0, "Cloning\n", job.Job.Steps[0].Id)).MustBe(HttpStatusCode.OK);
        (await job.StepAsync(0, StatusNames.Completed, ConclusionNames.Success)).MustBe(HttpStatusCode.OK);
        await pool.ExpireLeaseAsync(job.Job.Id);
        await SweepAsync(job);

        Assert.Equal(1, await pool.ScalarAsync<int>(
            """
            select count(*)
            from workflow_jobs j
            where j.id = @Id and j.status = 'queued' and j.runner_id is null and j.started_at is null and j.log_bytes = 0
                and not exists (select from workflow_steps s where s.job_id = j.id and (s.status <> 'queued' or s.started_at is not null))
            """,
            new { job.Job.Id }));
        var second = await job.Runner.ClaimAsync();
        Assert.Equal((job.Job.Id, 2), (second.Job.Id, second.Job.Attempt));
        // Each attempt has a log of its own: the same number, other bytes.
        (await second.LogAsync(0, "Preparing again\n")).MustBe(HttpStatusCode.OK);
        await second.CompleteAsync();
        Assert.Equal("run completed success; green completed success", await pool.OutlineAsync(job.Job.RunId));
    }

    [Theory]
    [InlineData("status")]
    [InlineData("log")]
    public async Task A_job_with_a_script_that_had_begun_ends_as_runner_lost(string sign)
    {
        var (pool, job) = await ClaimAsync(60);
        var answer = sign == "log"
            ? await job.LogAsync(0, "$ make\n", job.Job.Steps[1].Id)
            : await job.StepAsync(1, StatusNames.Running);
        answer.MustBe(HttpStatusCode.OK);
        await pool.ExpireLeaseAsync(job.Job.Id);
        await SweepAsync(job);
        Assert.Equal("run completed failure; green completed runner_lost", await pool.OutlineAsync(job.Job.RunId));
        var step = sign == "log" ? "skipped skipped" : "completed runner_lost";
        Assert.Equal($"skipped skipped, {step}", await StepsAsync(pool, job));
    }

    [Fact]
    public async Task A_job_is_queued_again_at_most_three_times()
    {
        var pool = await Pool.CreateAsync(_server);
        var run = await pool.EnqueueAsync();
        var runner = await pool.RegisterAsync();
        for (var attempt = 1; attempt <= 4; attempt++)
        {
            var job = await runner.ClaimAsync();
            Assert.Equal(attempt, job.Job.Attempt);
            await pool.ExpireLeaseAsync(job.Job.Id);
            await SweepAsync(job);
        }

        Assert.Equal("run completed failure; green completed runner_lost", await pool.OutlineAsync(run.RunId));
    }

    [Fact]
    public async Task The_operator_may_forbid_that_lost_jobs_run_again()
    {
        await using var server = await TestServer.StartAsync(new StoppedTime(), ("runners.max_retries", "0"));
        var pool = await Pool.CreateAsync(server);
        var job = await pool.ClaimAsync();
        await pool.ExpireLeaseAsync(job.Job.Id);
        Assert.Equal(1, await server.Get<JobRescuer>().SweepAsync(Cancellation));
        Assert.Equal("run completed failure; green completed runner_lost", await pool.OutlineAsync(job.Job.RunId));
    }

    [Fact]
    public async Task A_lost_job_that_was_to_be_cancelled_ends_as_cancelled()
    {
        var (pool, job) = await ClaimAsync(60);
        (await job.StepAsync(1, StatusNames.Running)).MustBe(HttpStatusCode.OK);
        (await pool.CancelJobAsync(job.Job.Id)).MustBe(HttpStatusCode.OK);
        await pool.ExpireLeaseAsync(job.Job.Id);
        await SweepAsync(job);
        Assert.Equal("run cancelled cancelled; green cancelled cancelled", await pool.OutlineAsync(job.Job.RunId));
        Assert.Equal("cancelled cancelled, cancelled cancelled", await StepsAsync(pool, job));
    }

    [Fact]
    public async Task A_lost_runners_slot_is_free_and_what_needed_its_job_is_skipped()
    {
        var pool = await Pool.CreateAsync(_server);
        var run = await pool.EnqueueAsync(new JobSpec("build"), new JobSpec("test", "build"), new JobSpec("other"));
        var runner = await pool.RegisterAsync();
        var build = await runner.ClaimAsync();
        (await build.StepAsync(1, StatusNames.Running)).MustBe(HttpStatusCode.OK);
        (await runner.HeartbeatAsync()).MustBe(HttpStatusCode.NoContent);
        await pool.ExpireLeaseAsync(build.Job.Id);
        await SweepAsync(build);
        Assert.Equal(
            "run running -; build completed runner_lost; test skipped skipped; other queued -", await pool.OutlineAsync(run.RunId));
        await (await runner.ClaimAsync()).CompleteAsync();
        Assert.Equal(
            "run completed failure; build completed runner_lost; test skipped skipped; other completed success",
            await pool.OutlineAsync(run.RunId));
    }

    [Fact]
    public async Task Ten_servers_that_sweep_at_once_rescue_each_job_once()
    {
        const int Jobs = 30;
        await _server.Get<JobRescuer>().SweepAsync(Cancellation);
        var pool = await Pool.CreateAsync(_server);
        await pool.EnqueueAsync(JobSpec.Many(Jobs));
        var runner = await pool.RegisterAsync(capacity: Jobs);
        for (var job = 0; job < Jobs; job++)
            await pool.ExpireLeaseAsync((await runner.ClaimAsync()).Job.Id);
        var rescued = await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => _server.Get<JobRescuer>().SweepAsync(Cancellation)));
        Assert.Equal(Jobs, rescued.Sum());
        Assert.Equal(Jobs, await pool.ScalarAsync<int>(
            "select count(*) from workflow_jobs where repo_id = @RepoId and status = 'queued' and rescues = 1", new { pool.RepoId }));
    }

    [Fact]
    public async Task A_server_sweeps_by_itself()
    {
        await using var server = await TestServer.StartAsync();
        var pool = await Pool.CreateAsync(server);
        var job = await pool.ClaimAsync();
        await pool.ExpireLeaseAsync(job.Job.Id);
        await Until.TrueAsync(async () => await pool.OutlineAsync(job.Job.RunId) == "run running -; green queued -");
    }

    private static Task AlmostExpireAsync(Pool pool, JobCalls job) => pool.ExecuteAsync(
        "update workflow_jobs set lease_expires_at = now() + interval '10 seconds' where id = @Id", new { job.Job.Id });

    private static Task<double> SecondsLeftAsync(Pool pool, JobCalls job) => pool.ScalarAsync<double>(
        "select extract(epoch from lease_expires_at - now())::float8 from workflow_jobs where id = @Id", new { job.Job.Id });

    private static Task<string?> StepsAsync(Pool pool, JobCalls job) => pool.ScalarAsync<string>(
        "select string_agg(status || ' ' || conclusion, ', ' order by index) from workflow_steps where job_id = @Id", new { job.Job.Id });

    private static async Task<LeaseState> RenewAsync(RunnerCalls runner, LeasedAttempt lease) =>
        Assert.Single((await runner.RenewAsync(lease)).MustBe(HttpStatusCode.OK).Read(ProtocolJson.Default.RenewLeasesResponse).Leases);

    private async Task SweepAsync(JobCalls job)
    {
        Assert.True(await _server.Get<JobRescuer>().SweepAsync(Cancellation) >= 1);
        Assert.Equal(LeaseStanding.Lost, (await RenewAsync(job.Runner, job.Lease)).State);
    }

    private async Task<(Pool Pool, JobCalls Job)> ClaimAsync(int leaseSeconds)
    {
        var pool = await Pool.CreateAsync(_server);
        await pool.EnqueueAsync();
        return (pool, await (await pool.RegisterAsync()).ClaimAsync(new HeartbeatRequest(LeaseSeconds: leaseSeconds)));
    }
}
