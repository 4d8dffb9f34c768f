using System.Net;
using Shithub.Actions.Protocol;
using Shithub.Actions.Server.Jobs;
using Shithub.Actions.Server.Tests.Protocol;
using Shithub.Actions.Testing;
using Xunit;

namespace Shithub.Actions.Server.Tests.Runs;

/// <summary>What steps, jobs and runs become through what a runner reports.</summary>
public sealed class TransitionTests(SharedServer shared) : IClassFixture<SharedServer>
{
    private readonly TestServer _server = shared.Server;

    [Theory]
    [InlineData("completed", "success", "completed success")]
    [InlineData("completed", "failure", "completed failure")]
    [InlineData("completed", "timed_out", "completed timed_out")]
    [InlineData("completed", "neutral", "completed neutral")]
    [InlineData("completed", "cancelled", "cancelled cancelled")]
    [InlineData("completed", "skipped", "skipped skipped")]
    [InlineData("cancelled", null, "cancelled cancelled")]
    [InlineData("cancelled", "cancelled", "cancelled cancelled")]
    [InlineData("skipped", null, "skipped skipped")]
    public async Task A_step_ends_as_reported(string status, string? conclusion, string expected)
    {
        var pool = await Pool.CreateAsync(_server);
        var job = await pool.ClaimAsync();
        (await job.StepAsync(1, StatusNames.Running)).MustBe(HttpStatusCode.OK);
        Assert.Equal("running -", await StepAsync(pool, job));
        (await job.StepAsync(1, status, conclusion)).MustBe(HttpStatusCode.OK);
        Assert.Equal(expected, await StepAsync(pool, job));
        Assert.Equal("run running -; green running -", await pool.OutlineAsync(job.Job.RunId));
    }

    [Fact]
    public async Task A_terminal_step_never_changes_again()
    {
        var pool = await Pool.CreateAsync(_server);
        var job = await pool.ClaimAsync();
        (await job.StepAsync(1, StatusNames.Completed, ConclusionNames.Failure)).MustBe(HttpStatusCode.OK);
        var before = await pool.StateAsync(job.Job.RunId);
        foreach (var (status, conclusion) in ((string, string?)[])
            [(StatusNames.Running, null), (StatusNames.Completed, ConclusionNames.Success), (StatusNames.Cancelled, null), (StatusNames.Skipped, null)])
        {
            (await job.StepAsync(1, status, conclusion)).MustBeProblem(HttpStatusCode.Conflict);
            Assert.Equal(before, await pool.StateAsync(job.Job.RunId));
        }

        // Saying the same again is accepted and changes nothing.
        var completed = await CompletedAtAsync();
        (await job.StepAsync(1, StatusNames.Completed, ConclusionNames.Failure)).MustBe(HttpStatusCode.OK);
        Assert.Equal("completed failure", await StepAsync(pool, job));
        Assert.Equal(completed, await CompletedAtAsync());

        Task<DateTime> CompletedAtAsync() => pool.ScalarAsync<DateTime>(
            "select completed_at from workflow_steps where id = @Id", new { job.Job.Steps[1].Id });
    }

    [Theory]
    [InlineData("completed", "success", "run completed success; green completed success", "skipped skipped, completed success")]
    [InlineData("completed", "failure", "run completed failure; green completed failure", "skipped skipped, completed failure")]
    [InlineData("completed", "timed_out", "run completed timed_out; green completed timed_out", "skipped skipped, completed timed_out")]
    [InlineData("completed", "neutral", "run completed success; green completed neutral", "skipped skipped, completed neutral")]
    [InlineData("completed", "cancelled", "run cancelled cancelled; green cancelled cancelled", "cancelled cancelled, cancelled cancelled")]
    [InlineData("cancelled", null, "run cancelled cancelled; green cancelled cancelled", "cancelled cancelled, cancelled cancelled")]
    public async Task A_job_ends_as_reported_with_its_steps_and_its_run(string status, string? conclusion, string outline, string steps)
    {
        var pool = await Pool.CreateAsync(_server);
        var job = await pool.ClaimAsync();
        (await job.StepAsync(1, StatusNames.Running)).MustBe(HttpStatusCode.OK);
        (await job.StatusAsync(status, conclusion)).MustBe(HttpStatusCode.OK);
        Assert.Equal(outline, await pool.OutlineAsync(job.Job.RunId));
        Assert.Equal(steps, await pool.ScalarAsync<string>(
            "select string_agg(status || ' ' || conclusion, ', ' order by index) from workflow_steps where job_id = @Id", new { job.Job.Id }));
    }

    [Fact]
    public async Task Steps_that_ended_keep_their_conclusions_when_the_job_ends()
    {
        var pool = await Pool.CreateAsync(_server);
        var job = await pool.ClaimAsync();
        (await job.StepAsync(0, StatusNames.Completed, ConclusionNames.Success)).MustBe(HttpStatusCode.OK);
        (await job.StepAsync(1, StatusNames.Completed, ConclusionNames.Neutral)).MustBe(HttpStatusCode.OK);
        await job.CompleteAsync(ConclusionNames.Failure);
        Assert.Equal("success neutral", await pool.ScalarAsync<string>(
            "select string_agg(conclusion, ' ' order by index) from workflow_steps where job_id = @Id", new { job.Job.Id }));
    }

    [Fact]
    public async Task A_terminal_job_takes_no_further_call()
    {
        var pool = await Pool.CreateAsync(_server);
        var job = await pool.ClaimAsync();
        (await job.LogAsync(0, "hello\n")).MustBe(HttpStatusCode.OK);
        // The same attempt in two hands: one of them ends the job, the other's unused token is of no use any more.
        var tokens = _server.Get<JobTokens>();
        var claims = tokens.Verify(job.Token, JobTokens.ApiPurpose)!;
        await job.CompleteAsync();
        var before = await pool.StateAsync(job.Job.RunId);
        foreach (var name in WireCall.All.Select(row => row.Data))
        {
            var unused = tokens.Issue(claims with { Jti = Guid.NewGuid() });
            (await job.SendAsync(WireCall.Of(name), unused)).MustBeProblem(HttpStatusCode.Conflict);
            Assert.Equal(before, await pool.StateAsync(job.Job.RunId));
        }
    }

    private static Task<string?> StepAsync(Pool pool, JobCalls job) => pool.ScalarAsync<string>(
        "select status || ' ' || coalesce(conclusion, '-') from workflow_steps where id = @Id", new { job.Job.Steps[1].Id });
}
