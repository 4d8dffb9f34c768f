using System.Net;
using Shithub.Actions.Protocol;
using Shithub.Actions.Server.Access;
using Shithub.Actions.Server.Tests.Protocol;
using Shithub.Actions.Testing;
using Xunit;

namespace Shithub.Actions.Server.Tests.Runs;

public sealed class CancelTests(SharedServer shared) : IClassFixture<SharedServer>
{
    private readonly TestServer _server = shared.Server;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_queued_job_is_cancelled_at_once_and_its_run_with_it()
    {
        var pool = await Pool.CreateAsync(_server);
        var run = await pool.EnqueueAsync();
        var answer = (await pool.CancelJobAsync((await pool.JobIdsAsync(run.RunId))[0])).MustBe(HttpStatusCode.OK);
        Assert.Equal("cancelled", answer.Json.GetProperty("status").GetString());
        Assert.Equal("cancelled", answer.Json.GetProperty("run_status").GetString());
        Assert.False(answer.Json.GetProperty("cancel_requested").GetBoolean());
        Assert.Equal("run cancelled cancelled; green cancelled cancelled", await pool.OutlineAsync(run.RunId));
        Assert.Equal(2, await pool.ScalarAsync<int>(
            "select count(*) from workflow_steps s join workflow_jobs j on j.id = s.job_id where j.run_id = @RunId and s.conclusion = 'cancelled'",
            new { run.RunId }));
        (await (await pool.RegisterAsync()).HeartbeatAsync()).MustBe(HttpStatusCode.NoContent);
    }

    [Fact]
    public async Task A_running_job_goes_on_until_its_runner_hears_of_the_cancel()
    {
        var pool = await Pool.CreateAsync(_server);
        var job = await pool.ClaimAsync();
        (await job.StepAsync(1, StatusNames.Running)).MustBe(HttpStatusCode.OK);
        Assert.False(await job.IsCancelledAsync());
        var answer = (await pool.CancelJobAsync(job.Job.Id)).MustBe(HttpStatusCode.OK);
        Assert.True(answer.Json.GetProperty("cancel_requested").GetBoolean());
        Assert.Equal("run running -; green running -", await pool.OutlineAsync(job.Job.RunId));

        Assert.True(await job.IsCancelledAsync());
        (await job.LogAsync(0, "killed\n", job.Job.Steps[1].Id)).MustBe(HttpStatusCode.OK);
        (await job.StatusAsync(StatusNames.Cancelled)).MustBe(HttpStatusCode.OK);
        Assert.Equal("run cancelled cancelled; green cancelled cancelled", await pool.OutlineAsync(job.Job.RunId));
        Assert.Equal("cancelled cancelled, cancelled cancelled", await pool.ScalarAsync<string>(
            "select string_agg(status || ' ' || conclusion, ', ' order by index) from workflow_steps where job_id = @Id", new { job.Job.Id }));
    }

    [Fact]
    public async Task A_job_that_ends_before_its_runner_hears_of_the_cancel_ends_as_it_did()
    {
        var pool = await Pool.CreateAsync(_server);
        var job = await pool.ClaimAsync();
        (await pool.CancelJobAsync(job.Job.Id)).MustBe(HttpStatusCode.OK);
        await job.CompleteAsync();
        Assert.Equal("run completed success; green completed success", await pool.OutlineAsync(job.Job.RunId));
    }

    [Fact]
    public async Task Cancelling_twice_or_what_has_ended_changes_nothing()
    {
        var pool = await Pool.CreateAsync(_server);
        var job = await pool.ClaimAsync();
        (await pool.CancelJobAsync(job.Job.Id)).MustBe(HttpStatusCode.OK);
        var requested = await pool.StateAsync(job.Job.RunId);
        (await pool.CancelJobAsync(job.Job.Id)).MustBe(HttpStatusCode.OK);
        Assert.Equal(requested, await pool.StateAsync(job.Job.RunId));

        await job.CompleteAsync(ConclusionNames.Failure);
        var ended = await pool.StateAsync(job.Job.RunId);
        var answer = (await pool.CancelJobAsync(job.Job.Id)).MustBe(HttpStatusCode.OK);
        Assert.Equal("failure", answer.Json.GetProperty("conclusion").GetString());
        (await pool.CancelRunAsync(job.Job.RunId)).MustBe(HttpStatusCode.OK);
        Assert.Equal(ended, await pool.StateAsync(job.Job.RunId));
    }

    [Fact]
    public async Task Cancelling_a_run_ends_what_waits_and_asks_what_runs()
    {
        var pool = await Pool.CreateAsync(_server);
        var run = await pool.EnqueueAsync(new JobSpec("build"), new JobSpec("lint"), new JobSpec("test", "build"));
        var build = await (await pool.RegisterAsync()).ClaimAsync();
        var answer = (await pool.CancelRunAsync(run.RunId)).MustBe(HttpStatusCode.OK);
        Assert.Equal("running", answer.Json.GetProperty("run_status").GetString());
        Assert.Equal(
            "run running -; build running -; lint cancelled cancelled; test cancelled cancelled", await pool.OutlineAsync(run.RunId));
        Assert.True(await build.IsCancelledAsync());
        (await build.StatusAsync(StatusNames.Cancelled)).MustBe(HttpStatusCode.OK);
        Assert.Equal(
            "run cancelled cancelled; build cancelled cancelled; lint cancelled cancelled; test cancelled cancelled",
            await pool.OutlineAsync(run.RunId));
    }

    [Fact]
    public async Task A_queued_run_is_cancelled_at_once()
    {
        var pool = await Pool.CreateAsync(_server);
        var run = await pool.EnqueueAsync(new JobSpec("build"), new JobSpec("test", "build"));
        (await pool.CancelRunAsync(run.RunId)).MustBe(HttpStatusCode.OK);
        Assert.Equal("run cancelled cancelled; build cancelled cancelled; test cancelled cancelled", await pool.OutlineAsync(run.RunId));
    }

    [Fact]
    public async Task Cancelling_a_waiting_job_skips_what_needs_it_and_spares_the_rest()
    {
        var pool = await Pool.CreateAsync(_server);
        var run = await pool.EnqueueAsync(new JobSpec("build"), new JobSpec("test", "build"), new JobSpec("deploy", "test"));
        (await pool.CancelJobAsync((await pool.JobIdsAsync(run.RunId))[1])).MustBe(HttpStatusCode.OK);
        Assert.Equal("run running -; build queued -; test cancelled cancelled; deploy skipped skipped", await pool.OutlineAsync(run.RunId));
        await (await (await pool.RegisterAsync()).ClaimAsync()).CompleteAsync();
        Assert.Equal(
            "run cancelled cancelled; build completed success; test cancelled cancelled; deploy skipped skipped",
            await pool.OutlineAsync(run.RunId));
    }

    [Fact]
    public async Task A_cancel_needs_write_permission_and_hides_what_the_caller_may_not_see()
    {
        var pool = await Pool.CreateAsync(_server);
        var job = await pool.ClaimAsync();
        await _server.Get<Owners>().CreateUserAsync($"{pool.Owner}-stranger", false, Cancellation);
        var before = await pool.StateAsync(job.Job.RunId);
        async Task<string> TokenAsync(string user, string scope) =>
            (await _server.Get<AccessTokens>().CreateAsync(user, "test", [scope], null, Cancellation))!.Token;
        var stranger = await TokenAsync($"{pool.Owner}-stranger", TokenScopes.RepoWrite);
        var reader = await TokenAsync(pool.Owner, TokenScopes.RepoRead);
        foreach (var path in (string[])[$"/api/v1/jobs/{job.Job.Id}/cancel", $"/api/v1/runs/{job.Job.RunId}/cancel"])
        {
            (await Answer.PostAsync(_server.Client, path, stranger, "")).MustBeProblem(HttpStatusCode.NotFound);
            (await Answer.PostAsync(_server.Client, path, reader, "")).MustBeProblem(HttpStatusCode.Forbidden);
            (await Answer.PostAsync(_server.Client, path, job.Token, "")).MustBeProblem(HttpStatusCode.Unauthorized);
            (await Answer.PostAsync(_server.Client, path, job.Runner.Token, "")).MustBeProblem(HttpStatusCode.Unauthorized);
            (await Answer.PostAsync(_server.Client, path, null, "")).MustBeProblem(HttpStatusCode.Unauthorized);
        }

        (await Answer.PostAsync(_server.Client, $"/api/v1/jobs/{long.MaxValue}/cancel", pool.AccessToken, "")).MustBeProblem(HttpStatusCode.NotFound);
        Assert.Equal(before, await pool.StateAsync(job.Job.RunId));
    }
}
