using System.Net;
using System.Net.Http.Headers;
using Shithub.Actions.Protocol;
using Shithub.Actions.Server.Queue;
using Shithub.Actions.Server.Runners;
using Shithub.Actions.Server.Tests.Protocol;
using Shithub.Actions.Testing;
using Xunit;

namespace Shithub.Actions.Server.Tests.Queue;

/// <summary>Which job a heartbeat claims, and what a claim is.</summary>
public sealed class ClaimTests(SharedServer shared) : IClassFixture<SharedServer>
{
    private readonly TestServer _server = shared.Server;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_claimed_job_and_its_run_are_running_at_attempt_1()
    {
        var pool = await Pool.CreateAsync(_server);
        var job = await pool.ClaimAsync();
        Assert.Equal(1, job.Job.Attempt);
        Assert.Equal("run running -; green running -", await pool.OutlineAsync(job.Job.RunId));
    }

    [Fact]
    public async Task A_runner_claims_only_jobs_whose_labels_it_has_all()
    {
        var pool = await Pool.CreateAsync(_server);
        await pool.EnqueueAsync(new JobSpec("big") { Labels = ["gpu", "x64"] });
        var partly = await pool.RegisterAsync(1, "gpu", "linux");
        (await partly.HeartbeatAsync()).MustBe(HttpStatusCode.NoContent);
        var wholly = await pool.RegisterAsync(1, "x64", "linux", "gpu");
        Assert.Equal("big", (await wholly.ClaimAsync()).Job.JobKey);
    }

    [Fact]
    public async Task Labels_match_whatever_their_case()
    {
        var pool = await Pool.CreateAsync(_server);
        await pool.EnqueueAsync();
        var runner = await pool.RegisterAsync();
        var answer = await runner.HeartbeatAsync(new HeartbeatRequest(Labels: [$" {pool.Label.ToUpperInvariant()} "]));
        answer.MustBe(HttpStatusCode.OK);
        Assert.False(answer.Headers.Contains("Shithub-Ignored-Labels"));
    }

    [Fact]
    public async Task Labels_that_a_runner_was_not_registered_for_are_ignored_and_said()
    {
        var pool = await Pool.CreateAsync(_server);
        await pool.EnqueueAsync(new JobSpec("deploy") { Labels = ["production"] });
        var runner = await pool.RegisterAsync();
        var answer = await runner.HeartbeatAsync(new HeartbeatRequest(Labels: [pool.Label, "production", "Root"]));
        answer.MustBe(HttpStatusCode.NoContent);
        Assert.Equal("production,root", Assert.Single(answer.Headers.GetValues("Shithub-Ignored-Labels")));
    }

    [Fact]
    public async Task A_runner_may_offer_fewer_labels_than_it_was_registered_for()
    {
        var pool = await Pool.CreateAsync(_server);
        await pool.EnqueueAsync(new JobSpec("big") { Labels = ["gpu"] });
        var runner = await pool.RegisterAsync(1, "gpu");
        (await runner.HeartbeatAsync(new HeartbeatRequest(Labels: [pool.Label]))).MustBe(HttpStatusCode.NoContent);
        // Without labels it offers all it was registered for.
        (await runner.HeartbeatAsync()).MustBe(HttpStatusCode.OK);
    }

    [Fact]
    public async Task A_job_whose_labels_nobody_serves_stays_queued_and_holds_up_nobody()
    {
        var pool = await Pool.CreateAsync(_server);
        var unserved = await pool.EnqueueAsync(new JobSpec("nope") { Labels = ["windows-latest"] });
        await pool.EnqueueAsync();
        var runner = await pool.RegisterAsync();
        Assert.Equal("green", (await runner.ClaimAsync()).Job.JobKey);
        Assert.Equal("run queued -; nope queued -", await pool.OutlineAsync(unserved.RunId));
    }

    [Fact]
    public async Task Jobs_are_claimed_in_the_order_they_were_queued()
    {
        var pool = await Pool.CreateAsync(_server);
        var runs = new List<long>();
        for (var run = 0; run < 4; run++)
            runs.Add((await pool.EnqueueAsync()).RunId);
        var runner = await pool.RegisterAsync(capacity: 4);
        foreach (var run in runs)
            Assert.Equal(run, (await runner.ClaimAsync()).Job.RunId);
    }

    [Fact]
    public async Task A_higher_priority_is_claimed_first()
    {
        var pool = await Pool.CreateAsync(_server);
        await pool.EnqueueAsync();
        var urgent = await pool.EnqueueAsync();
        await pool.ExecuteAsync("update workflow_jobs set priority = 1 where run_id = @RunId", new { urgent.RunId });
        Assert.Equal(urgent.RunId, (await (await pool.RegisterAsync()).ClaimAsync()).Job.RunId);
    }

    [Fact]
    public async Task A_runner_has_no_more_jobs_than_its_capacity()
    {
        var pool = await Pool.CreateAsync(_server);
        await pool.EnqueueAsync(JobSpec.Many(4));
        var runner = await pool.RegisterAsync(capacity: 2);
        var first = await runner.ClaimAsync();
        await runner.ClaimAsync();
        (await runner.HeartbeatAsync()).MustBe(HttpStatusCode.NoContent);
        await first.CompleteAsync();
        await runner.ClaimAsync();
        (await runner.HeartbeatAsync()).MustBe(HttpStatusCode.NoContent);
    }

    [Fact]
    public async Task A_runner_may_offer_less_capacity_than_it_was_registered_for_but_not_more()
    {
        var pool = await Pool.CreateAsync(_server);
        await pool.EnqueueAsync(JobSpec.Many(4));
        var runner = await pool.RegisterAsync(capacity: 2);
        await runner.ClaimAsync(new HeartbeatRequest(Capacity: 1));
        (await runner.HeartbeatAsync(new HeartbeatRequest(Capacity: 1))).MustBe(HttpStatusCode.NoContent);
        await runner.ClaimAsync(new HeartbeatRequest(Capacity: 50));
        (await runner.HeartbeatAsync(new HeartbeatRequest(Capacity: 50))).MustBe(HttpStatusCode.NoContent);
    }

    [Fact]
    public async Task A_repeated_claim_id_returns_the_same_job_until_its_first_call_then_409()
    {
        var pool = await Pool.CreateAsync(_server);
        await pool.EnqueueAsync(JobSpec.Many(2));
        var runner = await pool.RegisterAsync(capacity: 2);
        var request = new HeartbeatRequest(ClaimId: "claim-1");
        var first = (await runner.HeartbeatAsync(request)).MustBe(HttpStatusCode.OK);
        Assert.Equal(first.Body, (await runner.HeartbeatAsync(request)).Body);

        var job = JobCalls.From(runner, first);
        (await job.StatusAsync(StatusNames.Running)).MustBe(HttpStatusCode.OK);
        (await runner.HeartbeatAsync(request)).MustBeProblem(HttpStatusCode.Conflict, "claim_id");
        await job.CompleteAsync();
        (await runner.HeartbeatAsync(request)).MustBeProblem(HttpStatusCode.Conflict, "claim_id");
        Assert.NotEqual(job.Job.Id, (await runner.ClaimAsync(new HeartbeatRequest(ClaimId: "claim-2"))).Job.Id);
    }

    [Fact]
    public async Task A_claim_can_be_repeated_though_the_runner_is_now_full_and_drained()
    {
        var pool = await Pool.CreateAsync(_server);
        await pool.EnqueueAsync();
        var runner = await pool.RegisterAsync();
        var request = new HeartbeatRequest(ClaimId: "claim-1");
        var first = (await runner.HeartbeatAsync(request)).MustBe(HttpStatusCode.OK);
        await _server.Get<RunnerPool>().DrainAsync(runner.Id, null, Cancellation);
        Assert.Equal(first.Body, (await runner.HeartbeatAsync(request)).MustBe(HttpStatusCode.OK).Body);
    }

    [Fact]
    public async Task Two_runners_may_use_the_same_claim_id()
    {
        var pool = await Pool.CreateAsync(_server);
        await pool.EnqueueAsync(JobSpec.Many(2));
        var request = new HeartbeatRequest(ClaimId: "claim-1");
        var one = await (await pool.RegisterAsync()).ClaimAsync(request);
        var other = await (await pool.RegisterAsync()).ClaimAsync(request);
        Assert.NotEqual(one.Job.Id, other.Job.Id);
    }

    [Fact]
    public async Task A_claim_id_whose_attempt_was_lost_claims_anew()
    {
        var pool = await Pool.CreateAsync(_server);
        await pool.EnqueueAsync();
        var runner = await pool.RegisterAsync();
        var request = new HeartbeatRequest(ClaimId: "claim-1");
        var lost = await runner.ClaimAsync(request);
        await pool.ExpireLeaseAsync(lost.Job.Id);
        await _server.Get<JobRescuer>().SweepAsync(Cancellation);
        var again = await runner.ClaimAsync(request);
        Assert.Equal((lost.Job.Id, 2), (again.Job.Id, again.Job.Attempt));
        await again.CompleteAsync();
    }

    [Fact]
    public async Task Without_lease_seconds_a_claim_lasts_as_long_as_its_token()
    {
        var pool = await Pool.CreateAsync(_server);
        await pool.EnqueueAsync();
        var answer = (await (await pool.RegisterAsync()).HeartbeatAsync()).MustBe(HttpStatusCode.OK).Read(ProtocolJson.Default.HeartbeatResponse);
        Assert.Equal(900, answer.Job.LeaseSeconds);
        Assert.InRange((answer.Job.LeaseExpiresAt - answer.ExpiresAt).Duration(), TimeSpan.Zero, TimeSpan.FromSeconds(1));
    }

    [Fact]
    public async Task A_runner_gets_the_lease_it_asks_for()
    {
        var pool = await Pool.CreateAsync(_server);
        await pool.EnqueueAsync();
        var job = await (await pool.RegisterAsync()).ClaimAsync(new HeartbeatRequest(LeaseSeconds: 60));
        Assert.Equal(60, job.Job.LeaseSeconds);
        Assert.Equal(60, await pool.ScalarAsync<int>(
            "select extract(epoch from lease_expires_at - started_at)::int from workflow_jobs where id = @Id", new { job.Job.Id }));
    }

    [Fact]
    public async Task No_lease_is_longer_than_the_server_allows()
    {
        await using var server = await TestServer.StartAsync(new StoppedTime(), ("runners.lease_max", "30s"));
        var pool = await Pool.CreateAsync(server);
        await pool.EnqueueAsync(JobSpec.Many(2));
        var runner = await pool.RegisterAsync(capacity: 2);
        var job = await runner.ClaimAsync();
        Assert.Equal(30, job.Job.LeaseSeconds);
        Assert.Equal(30, (await runner.ClaimAsync(new HeartbeatRequest(LeaseSeconds: 60))).Job.LeaseSeconds);
        var renewed = (await runner.RenewAsync(new RenewLeasesRequest([job.Lease], LeaseSeconds: 60)))
            .Read(ProtocolJson.Default.RenewLeasesResponse);
        Assert.Equal(30, renewed.Leases[0].LeaseSeconds);
    }

    [Fact]
    public async Task A_job_that_waits_for_another_is_not_claimed()
    {
        var pool = await Pool.CreateAsync(_server);
        await pool.EnqueueAsync(new JobSpec("build"), new JobSpec("test", "build"));
        var runner = await pool.RegisterAsync(capacity: 2);
        var build = await runner.ClaimAsync();
        Assert.Equal("build", build.Job.JobKey);
        (await runner.HeartbeatAsync()).MustBe(HttpStatusCode.NoContent);
        await build.CompleteAsync();
        var test = await runner.ClaimAsync();
        Assert.Equal("test", test.Job.JobKey);
        Assert.Equal(["build"], test.Job.Needs);
    }

    [Theory]
    [InlineData("site", "update actions_site_policy set enabled = @enabled")]
    [InlineData("owner", "update owners set actions_enabled = @enabled where name = @Owner")]
    [InlineData("repository", "update repositories set actions_enabled = @enabled where id = @RepoId")]
    public async Task Actions_switched_off_leave_jobs_queued(string level, string sql)
    {
        var pool = await Pool.CreateAsync(_server);
        var run = await pool.EnqueueAsync();
        var runner = await pool.RegisterAsync();
        await pool.ExecuteAsync(sql, new { enabled = false, pool.Owner, pool.RepoId });
        try
        {
            (await runner.HeartbeatAsync()).MustBe(HttpStatusCode.NoContent);
            Assert.Equal("run queued -; green queued -", await pool.OutlineAsync(run.RunId));
            // Others' jobs are claimed, unless all are off.
            if (level != "site")
                await (await Pool.CreateAsync(_server)).ClaimAsync();
        }
        finally
        {
            await pool.ExecuteAsync(sql, new { enabled = true, pool.Owner, pool.RepoId });
        }

        Assert.Equal(run.RunId, (await runner.ClaimAsync()).Job.RunId);
    }

    [Fact]
    public async Task What_runs_goes_on_when_Actions_are_switched_off()
    {
        var pool = await Pool.CreateAsync(_server);
        var job = await pool.ClaimAsync();
        await pool.ExecuteAsync("update repositories set actions_enabled = false where id = @RepoId", new { pool.RepoId });
        (await job.LogAsync(0, "still here\n")).MustBe(HttpStatusCode.OK);
        await job.CompleteAsync();
    }

    [Theory]
    [InlineData("Bearer nonsense")]
    [InlineData("Bearer shr_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    [InlineData("Bearer ")]
    [InlineData("Basic dXNlcjpwYXNz")]
    [InlineData("shr_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    [InlineData("")]
    public async Task Who_is_no_runner_is_401(string authorization)
    {
        foreach (var call in (string[])["heartbeat", "leases"])
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, $"/api/v1/runners/{call}");
            request.Content = new StringContent("{}", new MediaTypeHeaderValue("application/json"));
            if (authorization.Length > 0)
                request.Headers.TryAddWithoutValidation("Authorization", authorization);
            using var response = await _server.Client.SendAsync(request, Cancellation);
            Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
            Assert.Equal("application/problem+json", response.Content.Headers.ContentType?.MediaType);
        }
    }
}
