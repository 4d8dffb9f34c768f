using System.Net;
using Shithub.Actions.Protocol;
using Shithub.Actions.Server.Queue;
using Shithub.Actions.Server.Runners;
using Shithub.Actions.Server.Tests.Protocol;
using Shithub.Actions.Testing;
using Xunit;

namespace Shithub.Actions.Server.Tests.Queue;

/// <summary>What draining, rotating and revoking do to claims, leases and job tokens.</summary>
public sealed class RunnerPoolTests(SharedServer shared) : IClassFixture<SharedServer>
{
    private readonly TestServer _server = shared.Server;

    private RunnerPool Operator => _server.Get<RunnerPool>();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_drained_runner_finishes_its_job_and_claims_no_other_until_it_is_undrained()
    {
        var pool = await Pool.CreateAsync(_server);
        var job = await pool.ClaimAsync();
        var waiting = await pool.EnqueueAsync();
        Assert.True(await Operator.DrainAsync(job.Runner.Id, "kernel update", Cancellation));

        (await job.LogAsync(0, "still at work\n")).MustBe(HttpStatusCode.OK);
        (await job.Runner.RenewAsync(job.Lease)).MustBe(HttpStatusCode.OK);
        await job.CompleteAsync();
        (await job.Runner.HeartbeatAsync()).MustBe(HttpStatusCode.NoContent);
        Assert.Equal("run queued -; green queued -", await pool.OutlineAsync(waiting.RunId));

        Assert.True(await Operator.UndrainAsync(job.Runner.Id, Cancellation));
        Assert.Equal(waiting.RunId, (await job.Runner.ClaimAsync()).Job.RunId);
    }

    [Fact]
    public async Task A_runner_that_claims_nothing_says_why_and_takes_no_job_until_it_claims_again()
    {
        var pool = await Pool.CreateAsync(_server);
        var runner = await pool.RegisterAsync();
        var run = await pool.EnqueueAsync();
        var id = (await pool.JobIdsAsync(run.RunId))[0];

        (await runner.HeartbeatAsync(new HeartbeatRequest(WaitSeconds: 50, NotClaiming: "its network's fence does not hold (firewall: gone)")))
            .MustBe(HttpStatusCode.NoContent);
        var row = (await _server.Get<RunnerList>().ListAsync(TimeSpan.FromMinutes(2), Cancellation)).Single(row => row.Id == runner.Id);
        Assert.Equal("online", row.Status);
        Assert.Equal("its network's fence does not hold (firewall: gone)", row.NotClaiming);
        var explained = (await _server.Get<ExplainJob>().ExecuteAsync(id, TimeSpan.FromMinutes(2), Cancellation))!;
        var obstacle = Assert.Single(explained.Runners.Single(one => one.Id == runner.Id).Obstacles, one => one.Reason == "not-claiming");
        Assert.Contains("firewall: gone", obstacle.Detail, StringComparison.Ordinal);
        Assert.All(
            await _server.Get<RunnerList>().QueueAsync(TimeSpan.FromMinutes(2), Cancellation), queue => Assert.False(queue.Labels.Contains(pool.Label) && queue.OnlineRunners > 0));
        (await runner.HeartbeatAsync(new HeartbeatRequest(NotClaiming: new string('x', 501)))).MustBeProblem(HttpStatusCode.UnprocessableEntity, "not_claiming");
        (await runner.HeartbeatAsync(new HeartbeatRequest(NotClaiming: "two\nlines"))).MustBeProblem(HttpStatusCode.UnprocessableEntity, "not_claiming");

        (await runner.HeartbeatAsync()).MustBe(HttpStatusCode.OK);
        row = (await _server.Get<RunnerList>().ListAsync(TimeSpan.FromMinutes(2), Cancellation)).Single(row => row.Id == runner.Id);
        Assert.Null(row.NotClaiming);
    }

    [Fact]
    public async Task A_revoked_runner_can_do_nothing_any_more()
    {
        var pool = await Pool.CreateAsync(_server);
        var job = await pool.ClaimAsync();
        await pool.EnqueueAsync();
        var taken = await Operator.RevokeAsync(job.Runner.Id, "host compromise", Cancellation);
        Assert.Equal([(job.Job.Id, RescueOutcome.Requeued)], taken);
        var after = await pool.StateAsync(job.Job.RunId);

        (await job.Runner.HeartbeatAsync()).MustBeProblem(HttpStatusCode.Unauthorized);
        (await job.Runner.RenewAsync(job.Lease)).MustBeProblem(HttpStatusCode.Unauthorized);
        foreach (var name in WireCall.All.Select(row => row.Data))
            (await job.SendAsync(WireCall.Of(name), job.Token, "key")).MustBeProblem(HttpStatusCode.Unauthorized);
        Assert.Equal(after, await pool.StateAsync(job.Job.RunId));
        Assert.Equal("run running -; green queued -", await pool.OutlineAsync(job.Job.RunId));
        Assert.Equal("t t 0", await pool.ScalarAsync<string>(
            """
            select (revoked_at is not null)::text::char || ' ' || (offline_at is not null)::text::char || ' ' || (
                select count(*) from runner_tokens t where t.runner_id = r.id and t.revoked_at is null)
            from workflow_runners r
            where r.id = @Id
            """,
            new { job.Runner.Id }));
    }

    [Fact]
    public async Task A_revoked_runner_gets_no_replay_of_an_answer_either()
    {
        var pool = await Pool.CreateAsync(_server);
        var job = await pool.ClaimAsync();
        var token = job.Token;
        (await job.CallAsync(WireCall.CancelCheck, "key")).MustBe(HttpStatusCode.OK);
        await Operator.RevokeAsync(job.Runner.Id, null, Cancellation);
        (await job.SendAsync(WireCall.CancelCheck, token, "key")).MustBeProblem(HttpStatusCode.Unauthorized);
    }

    [Fact]
    public async Task A_revoked_runners_begun_job_ends_as_runner_lost_and_the_other_is_queued_for_others()
    {
        var pool = await Pool.CreateAsync(_server);
        var run = await pool.EnqueueAsync(JobSpec.Many(2));
        var runner = await pool.RegisterAsync(capacity: 2);
        var begun = await runner.ClaimAsync();
        var fresh = await runner.ClaimAsync();
        (await begun.StepAsync(1, StatusNames.Running)).MustBe(HttpStatusCode.OK);
        var taken = await Operator.RevokeAsync(runner.Id, null, Cancellation);
        Assert.Equal([(begun.Job.Id, RescueOutcome.RunnerLost), (fresh.Job.Id, RescueOutcome.Requeued)], taken);
        var again = await (await pool.RegisterAsync()).ClaimAsync();
        Assert.Equal(fresh.Job.Id, again.Job.Id);
        await again.CompleteAsync();
        Assert.Equal("run completed failure; job1 completed runner_lost; job2 completed success", await pool.OutlineAsync(run.RunId));
    }

    [Fact]
    public async Task A_revoked_runner_stays_revoked_and_its_name_is_free()
    {
        var pool = await Pool.CreateAsync(_server);
        var name = $"{pool.Label}-host";
        var first = await Operator.RegisterAsync(name, [pool.Label], 1, null, Cancellation);
        Assert.Null(await Operator.RegisterAsync(name.ToUpperInvariant(), [pool.Label], 1, null, Cancellation));
        Assert.Empty((await Operator.RevokeAsync(first!.Id, null, Cancellation))!);
        Assert.Null(await Operator.RevokeAsync(first.Id, null, Cancellation));
        Assert.Null(await Operator.RotateTokenAsync(first.Id, null, Cancellation));
        Assert.False(await Operator.UndrainAsync(first.Id, Cancellation));
        var second = await Operator.RegisterAsync(name, [pool.Label], 1, null, Cancellation);
        Assert.NotEqual(first.Id, second!.Id);
        Assert.NotEqual(first.Token, second.Token);
    }

    [Fact]
    public async Task A_rotated_token_claims_nothing_more_but_keeps_what_it_had_claimed()
    {
        var pool = await Pool.CreateAsync(_server);
        var job = await pool.ClaimAsync();
        await pool.EnqueueAsync();
        var rotated = await Operator.RotateTokenAsync(job.Runner.Id, null, Cancellation);
        (await job.Runner.HeartbeatAsync()).MustBeProblem(HttpStatusCode.Unauthorized);
        Assert.Contains("held", (await job.Runner.RenewAsync(job.Lease)).MustBe(HttpStatusCode.OK).Body, StringComparison.Ordinal);
        (await job.LogAsync(0, "still at work\n")).MustBe(HttpStatusCode.OK);

        var renewed = new RunnerCalls(_server, job.Runner.Id, rotated!.Value.Token);
        Assert.Contains("held", (await renewed.RenewAsync(job.Lease)).MustBe(HttpStatusCode.OK).Body, StringComparison.Ordinal);
        (await renewed.HeartbeatAsync()).MustBe(HttpStatusCode.NoContent);
        await job.CompleteAsync();
        (await renewed.HeartbeatAsync()).MustBe(HttpStatusCode.OK);
    }

    [Fact]
    public async Task An_expired_token_claims_nothing_but_renews()
    {
        var pool = await Pool.CreateAsync(_server);
        var job = await pool.ClaimAsync();
        var rotated = await Operator.RotateTokenAsync(job.Runner.Id, TimeSpan.FromHours(24), Cancellation);
        Assert.InRange(rotated!.Value.ExpiresAt!.Value - DateTimeOffset.UtcNow, TimeSpan.FromHours(23), TimeSpan.FromHours(25));
        var renewed = new RunnerCalls(_server, job.Runner.Id, rotated.Value.Token);
        (await renewed.HeartbeatAsync()).MustBe(HttpStatusCode.NoContent);

        await pool.ExecuteAsync("update runner_tokens set expires_at = now() where runner_id = @Id", new { job.Runner.Id });
        (await renewed.HeartbeatAsync()).MustBeProblem(HttpStatusCode.Unauthorized);
        (await renewed.RenewAsync(job.Lease)).MustBe(HttpStatusCode.OK);
    }

    [Fact]
    public async Task A_heartbeat_brings_back_a_runner_that_was_marked_offline()
    {
        var pool = await Pool.CreateAsync(_server);
        var runner = await pool.RegisterAsync();
        await runner.HeartbeatAsync();
        await pool.ExecuteAsync("update workflow_runners set last_heartbeat_at = now() - interval '3 minutes' where id = @Id", new { runner.Id });
        Assert.Contains(await Operator.CleanUpStaleAsync(TimeSpan.FromMinutes(2), Cancellation), stale => stale.Id == runner.Id);
        Assert.DoesNotContain(await Operator.CleanUpStaleAsync(TimeSpan.FromMinutes(2), Cancellation), stale => stale.Id == runner.Id);
        Assert.Equal("offline", await StatusAsync(runner));
        (await runner.HeartbeatAsync()).MustBe(HttpStatusCode.NoContent);
        Assert.Equal("online", await StatusAsync(runner));
    }

    [Fact]
    public async Task Revoking_while_the_runner_claims_leaves_it_no_job()
    {
        var pool = await Pool.CreateAsync(_server);
        await pool.EnqueueAsync(JobSpec.Many(30));
        for (var round = 0; round < 10; round++)
        {
            var runner = await pool.RegisterAsync(capacity: 3);
            var claims = Enumerable.Range(0, 6).Select(_ => runner.HeartbeatAsync()).ToList();
            await Operator.RevokeAsync(runner.Id, null, Cancellation);
            await Task.WhenAll(claims);
            Assert.Equal(0, await pool.ScalarAsync<int>(
                "select count(*) from workflow_jobs where runner_id = @Id and status = 'running'", new { runner.Id }));
        }
    }

    private async Task<string> StatusAsync(RunnerCalls runner) =>
        (await _server.Get<RunnerList>().ListAsync(TimeSpan.FromMinutes(2), Cancellation)).Single(row => row.Id == runner.Id).Status;
}
