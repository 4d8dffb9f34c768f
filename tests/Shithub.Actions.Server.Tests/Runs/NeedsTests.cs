using Shithub.Actions.Protocol;
using Shithub.Actions.Server.Tests.Protocol;
using Shithub.Actions.Testing;
using Xunit;

namespace Shithub.Actions.Server.Tests.Runs;

/// <summary>How the rows of a run move on together. The rules are RunMachine's, tested with it; here is that the server carries them out.</summary>
public sealed class NeedsTests(SharedServer shared) : IClassFixture<SharedServer>
{
    private readonly TestServer _server = shared.Server;

    [Fact]
    public async Task A_job_is_queued_when_all_that_it_needs_has_succeeded()
    {
        var pool = await Pool.CreateAsync(_server);
        var run = await pool.EnqueueAsync(new JobSpec("a"), new JobSpec("b"), new JobSpec("c", "a", "b"));
        Assert.Equal("run queued -; a queued -; b queued -; c waiting -", await pool.OutlineAsync(run.RunId));
        var runner = await pool.RegisterAsync(capacity: 3);
        var a = await runner.ClaimAsync();
        var b = await runner.ClaimAsync();
        await a.CompleteAsync();
        Assert.Equal("run running -; a completed success; b running -; c waiting -", await pool.OutlineAsync(run.RunId));
        await b.CompleteAsync();
        Assert.Equal("run running -; a completed success; b completed success; c queued -", await pool.OutlineAsync(run.RunId));
        await (await runner.ClaimAsync()).CompleteAsync();
        Assert.Equal("run completed success; a completed success; b completed success; c completed success", await pool.OutlineAsync(run.RunId));
    }

    [Theory]
    [InlineData(ConclusionNames.Failure, "run completed failure; a completed failure")]
    [InlineData(ConclusionNames.TimedOut, "run completed timed_out; a completed timed_out")]
    [InlineData(ConclusionNames.Cancelled, "run cancelled cancelled; a cancelled cancelled")]
    public async Task A_job_that_did_not_succeed_skips_the_whole_chain_behind_it(string conclusion, string expected)
    {
        var pool = await Pool.CreateAsync(_server);
        var run = await pool.EnqueueAsync(new JobSpec("a"), new JobSpec("b", "a"), new JobSpec("c", "b"), new JobSpec("d", "c", "a"));
        await (await (await pool.RegisterAsync()).ClaimAsync()).CompleteAsync(conclusion);
        Assert.Equal($"{expected}; b skipped skipped; c skipped skipped; d skipped skipped", await pool.OutlineAsync(run.RunId));
    }

    [Fact]
    public async Task The_answer_to_the_last_job_tells_the_end_of_the_run()
    {
        var pool = await Pool.CreateAsync(_server);
        await pool.EnqueueAsync(new JobSpec("a"), new JobSpec("b"));
        var runner = await pool.RegisterAsync(capacity: 2);
        var a = await runner.ClaimAsync();
        var b = await runner.ClaimAsync();
        var first = (await a.StatusAsync("completed", "failure")).Read(ProtocolJson.Default.StatusResponse);
        Assert.Equal(("running", null), (first.RunStatus, first.RunConclusion));
        var last = (await b.StatusAsync("completed", "success")).Read(ProtocolJson.Default.StatusResponse);
        Assert.Equal(("completed", "failure"), (last.RunStatus, last.RunConclusion));
    }

    [Theory]
    [InlineData("success success", "completed success")]
    [InlineData("success neutral", "completed success")]
    [InlineData("success failure", "completed failure")]
    [InlineData("success timed_out", "completed timed_out")]
    [InlineData("success cancelled", "cancelled cancelled")]
    [InlineData("timed_out failure", "completed failure")]
    [InlineData("cancelled failure", "completed failure")]
    [InlineData("cancelled timed_out", "completed timed_out")]
    [InlineData("cancelled cancelled", "cancelled cancelled")]
    [InlineData("neutral neutral", "completed success")]
    public async Task A_run_ends_as_the_gravest_of_its_jobs(string conclusions, string expected)
    {
        foreach (var order in (string[][])[conclusions.Split(' '), [.. conclusions.Split(' ').Reverse()]])
        {
            var pool = await Pool.CreateAsync(_server);
            var run = await pool.EnqueueAsync(JobSpec.Many(2));
            var runner = await pool.RegisterAsync();
            foreach (var conclusion in order)
                await (await runner.ClaimAsync()).CompleteAsync(conclusion);
            Assert.StartsWith($"run {expected};", await pool.OutlineAsync(run.RunId), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Jobs_that_complete_at_the_same_moment_always_roll_their_run_up()
    {
        var pool = await Pool.CreateAsync(_server);
        var runner = await pool.RegisterAsync(capacity: 3);
        for (var round = 0; round < 60; round++)
        {
            var run = await pool.EnqueueAsync(new JobSpec("a"), new JobSpec("b"), new JobSpec("c"), new JobSpec("d", "a", "b", "c"));
            var jobs = await Task.WhenAll(Enumerable.Range(0, 3).Select(_ => runner.ClaimAsync()));
            await Task.WhenAll(jobs.Select(job => job.CompleteAsync()));
            var last = await runner.ClaimAsync();
            Assert.Equal("d", last.Job.JobKey);
            await last.CompleteAsync();
            Assert.StartsWith("run completed success;", await pool.OutlineAsync(run.RunId), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_cancel_and_a_completion_at_the_same_moment_agree_on_the_end()
    {
        var pool = await Pool.CreateAsync(_server);
        var runner = await pool.RegisterAsync();
        for (var round = 0; round < 40; round++)
        {
            var run = await pool.EnqueueAsync(new JobSpec("a"), new JobSpec("b", "a"));
            var a = await runner.ClaimAsync();
            await Task.WhenAll(a.CompleteAsync(), pool.CancelRunAsync(run.RunId));
            var outline = await pool.OutlineAsync(run.RunId);
            Assert.Equal("run cancelled cancelled; a completed success; b cancelled cancelled", outline);
        }
    }
}
