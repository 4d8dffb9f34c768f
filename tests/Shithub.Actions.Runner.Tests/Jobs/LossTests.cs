using System.Diagnostics;
using Microsoft.AspNetCore.Http;
using Shithub.Actions.Runner.Tests.Fake;
using Xunit;

namespace Shithub.Actions.Runner.Tests.Jobs;

/// <summary>What a runner does when jobs are taken from it, and when the network loses what was said.</summary>
public sealed class LossTests
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(2);

    [Fact]
    public async Task A_cancelled_job_is_dead_within_two_seconds_after_its_processes_were_asked_to_end()
    {
        await using var server = await FakeServer.StartAsync();
        await using var runner = await RunningRunner.StartAsync(server);
        var job = server.Enqueue("trap 'echo asked; exit 1' TERM; echo started; while :; do sleep 0.1; done", "echo never");
        await Eventually.BecomesAsync("started\n", () => Task.FromResult(job.Log(0)));

        var cancelled = Stopwatch.StartNew();
        job.Cancel();
        Assert.Equal("cancelled", await job.ConclusionAsync());
        Assert.True(cancelled.Elapsed < Soon, $"It took {cancelled.Elapsed}.");
        Assert.Equal("cancelled", job.Step(0));
        Assert.EndsWith("asked\n", job.Log(0), StringComparison.Ordinal);
        Assert.Contains("cancelled", job.Log(null), StringComparison.Ordinal);
        await Eventually.BecomesAsync("", runner.ContainersAsync);
    }

    [Fact]
    public async Task A_process_that_ignores_the_request_to_end_is_killed()
    {
        await using var server = await FakeServer.StartAsync();
        await using var runner = await RunningRunner.StartAsync(server);
        var job = server.Enqueue("trap '' TERM; echo started; while :; do sleep 0.1; done");
        await Eventually.BecomesAsync("started\n", () => Task.FromResult(job.Log(0)));

        var cancelled = Stopwatch.StartNew();
        job.Cancel();
        Assert.Equal("cancelled", await job.ConclusionAsync());
        Assert.True(cancelled.Elapsed < Soon + Soon, $"It took {cancelled.Elapsed}.");
    }

    [Fact]
    public async Task An_attempt_that_the_server_gave_away_is_killed_and_nothing_more_is_said_of_it()
    {
        await using var server = await FakeServer.StartAsync();
        await using var runner = await RunningRunner.StartAsync(server);
        var job = server.Enqueue("echo started; sleep 1000");
        await Eventually.BecomesAsync("started\n", () => Task.FromResult(job.Log(0)));

        job.Lose();
        await Eventually.BecomesAsync("", runner.ContainersAsync);
        Assert.Equal("running", job.Step(0));
        Assert.False(job.Ended.IsCompleted);

        var next = server.Enqueue("echo next");
        Assert.Equal("success", await next.ConclusionAsync());
    }

    [Fact]
    public async Task A_runner_that_can_not_reach_the_server_kills_the_job_before_its_lease_ends()
    {
        await using var server = await FakeServer.StartAsync();
        await using var runner = await RunningRunner.StartAsync(server);
        var job = server.Enqueue(job => job with { LeaseSeconds = 6 }, FakeServer.Script("echo started; sleep 1000"));
        await Eventually.BecomesAsync("started\n", () => Task.FromResult(job.Log(0)));

        var silent = Stopwatch.StartNew();
        server.Refuses = _ => StatusCodes.Status503ServiceUnavailable;
        await Eventually.BecomesAsync("", runner.ContainersAsync);
        Assert.True(silent.Elapsed < TimeSpan.FromSeconds(6), $"It took {silent.Elapsed}.");
        Assert.Equal("running", job.Step(0));
    }

    [Fact]
    public async Task Answers_that_get_lost_change_nothing()
    {
        await using var server = await FakeServer.StartAsync();
        var calls = 0;
        server.LosesAnswer = request => !request.Path.Value!.EndsWith("/leases", StringComparison.Ordinal) && Interlocked.Increment(ref calls) % 3 == 0;
        await using var runner = await RunningRunner.StartAsync(server);
        var job = server.Enqueue("for i in 1 2 3 4 5; do echo line $i; sleep 0.3; done", "echo two");

        Assert.Equal("success", await job.ConclusionAsync());
        Assert.Equal("line 1\nline 2\nline 3\nline 4\nline 5\n", job.Log(0));
        Assert.Equal("two\n", job.Log(1));
    }

    [Fact]
    public async Task A_claim_whose_answer_got_lost_is_asked_for_again_under_the_same_id()
    {
        await using var server = await FakeServer.StartAsync();
        var heartbeats = 0;
        server.LosesAnswer = request =>
            request.Path.Value!.EndsWith("/heartbeat", StringComparison.Ordinal) && Interlocked.Increment(ref heartbeats) == 1;
        await using var runner = await RunningRunner.StartAsync(server);
        var job = server.Enqueue("echo once");

        Assert.Equal("success", await job.ConclusionAsync());
        Assert.Equal("once\n", job.Log(0));
        Assert.Single(server.Heartbeats.Take(2).Select(heartbeat => heartbeat.ClaimId).Distinct());
    }

    [Fact]
    public async Task A_server_that_is_away_for_a_while_misses_nothing()
    {
        await using var server = await FakeServer.StartAsync();
        await using var runner = await RunningRunner.StartAsync(server);
        var job = server.Enqueue("echo before; sleep 0.5; seq 1 10000");
        await Eventually.BecomesAsync("before\n", () => Task.FromResult(job.Log(0)));

        var refused = 0;
        server.Refuses = request => !request.Path.Value!.EndsWith("/logs", StringComparison.Ordinal) || Interlocked.Increment(ref refused) > 5
            ? null
            : StatusCodes.Status502BadGateway;
        Assert.Equal("success", await job.ConclusionAsync());
        Assert.True(refused > 5);
        Assert.Equal("before\n" + string.Concat(Enumerable.Range(1, 10_000).Select(line => $"{line}\n")), job.Log(0));
    }

    [Fact]
    public async Task Much_output_arrives_whole_though_answers_come_too_early_or_get_lost()
    {
        await using var server = await FakeServer.StartAsync();
        var calls = 0;
        server.Refuses = request => request.Path.Value!.EndsWith("/logs", StringComparison.Ordinal) && Interlocked.Increment(ref calls) % 3 == 0
            ? StatusCodes.Status503ServiceUnavailable
            : null;
        server.LosesAnswer = request => request.Path.Value!.EndsWith("/logs", StringComparison.Ordinal) && calls % 5 == 0;
        await using var runner = await RunningRunner.StartAsync(server);
        var job = server.Enqueue("seq 1 1000000");

        Assert.Equal("success", await job.ConclusionAsync());
        Assert.Equal(string.Concat(Enumerable.Range(1, 1_000_000).Select(line => $"{line}\n")), job.Log(0));
    }

    [Fact]
    public async Task A_runner_whose_token_is_refused_ends_and_says_why()
    {
        await using var server = await FakeServer.StartAsync();
        await using var runner = await RunningRunner.StartAsync(server, ("runner.token", "revoked"));

        var refusal = await Assert.ThrowsAsync<RunnerException>(
            () => runner.Ended.WaitAsync(TimeSpan.FromSeconds(120), TestContext.Current.CancellationToken));
        Assert.Equal(ExitCodes.Refused, refusal.ExitCode);
        Assert.Contains("refuses this runner's token", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_draining_runner_lets_its_job_end_and_claims_no_other()
    {
        await using var server = await FakeServer.StartAsync();
        await using var runner = await RunningRunner.StartAsync(server);
        var job = server.Enqueue("echo started; until [ -e go ]; do sleep 0.05; done");
        await Eventually.BecomesAsync("started\n", () => Task.FromResult(job.Log(0)));
        var later = server.Enqueue("echo later");

        await runner.DrainAsync();
        await File.WriteAllTextAsync(
            Path.Combine(runner.Workspaces().Single(), "mount/workspace/go"), "", TestContext.Current.CancellationToken);
        Assert.Equal("success", await job.ConclusionAsync());
        await runner.Ended.WaitAsync(TimeSpan.FromSeconds(120), TestContext.Current.CancellationToken);
        Assert.Equal("queued", later.Step(0));
        Assert.Equal("", await runner.ContainersAsync());
    }

    [Fact]
    public async Task A_runner_that_may_not_wait_fails_its_job_and_says_so_in_the_log()
    {
        await using var server = await FakeServer.StartAsync();
        await using var runner = await RunningRunner.StartAsync(server);
        var job = server.Enqueue("echo started; sleep 1000");
        await Eventually.BecomesAsync("started\n", () => Task.FromResult(job.Log(0)));

        await runner.DrainAsync();
        await runner.StopNowAsync();
        Assert.Equal("failure", await job.ConclusionAsync());
        Assert.Contains("The runner was stopped while this job was running", job.Log(null), StringComparison.Ordinal);
        await runner.Ended.WaitAsync(TimeSpan.FromSeconds(120), TestContext.Current.CancellationToken);
        Assert.Equal("", await runner.ContainersAsync());
    }

    [Fact]
    public async Task A_runner_with_two_slots_runs_two_jobs_at_once()
    {
        await using var server = await FakeServer.StartAsync();
        await using var runner = await RunningRunner.StartAsync(server, ("runner.capacity", "2"));
        var first = server.Enqueue("echo started; sleep 1000");
        await Eventually.BecomesAsync("started\n", () => Task.FromResult(first.Log(0)));
        var second = server.Enqueue("echo second");

        Assert.Equal("success", await second.ConclusionAsync());
        first.Cancel();
        Assert.Equal("cancelled", await first.ConclusionAsync());
    }
}
