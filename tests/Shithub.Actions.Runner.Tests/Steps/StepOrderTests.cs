using System.Diagnostics;
using Shithub.Actions.Protocol;
using Shithub.Actions.Runner.Tests.Fake;
using Xunit;

namespace Shithub.Actions.Runner.Tests.Steps;

/// <summary>Which steps run, when they are stopped, and what the server hears of it.</summary>
public sealed class StepOrderTests(SharedRunner shared) : IClassFixture<SharedRunner>
{
    [Fact]
    public async Task After_a_failure_the_steps_that_ask_for_it_run_and_the_others_are_skipped()
    {
        var job = shared.Server.Enqueue(
            job => job,
            FakeServer.Script("exit 1") with { StepId = "bad" },
            FakeServer.Script("echo never"),
            FakeServer.Script("echo ${{ steps.bad.outcome }} ${{ job.status }}") with { If = "failure()" },
            FakeServer.Script("echo always") with { If = "${{ always() }}" },
            FakeServer.Script("echo never") with { If = "cancelled()" });

        Assert.Equal("failure", await job.ConclusionAsync());
        Assert.Equal(["failure", "skipped", "success", "success", "skipped"], Enumerable.Range(0, 5).Select(job.Step));
        Assert.Equal("failure failure\n", job.Log(2));
        Assert.Equal("always\n", job.Log(3));
    }

    [Fact]
    public async Task A_step_that_may_fail_changes_nothing_for_the_steps_after_it()
    {
        var job = shared.Server.Enqueue(
            job => job,
            FakeServer.Script("exit 1") with { StepId = "bad", ContinueOnErrorIf = "${{ github.event_name == 'push' }}" },
            FakeServer.Script("echo ${{ steps.bad.outcome }} ${{ steps.bad.conclusion }} ${{ job.status }}"));

        Assert.Equal("success", await job.ConclusionAsync());
        Assert.Equal("success", job.Step(0));
        Assert.Equal("failure success success\n", job.Log(1));
        Assert.Contains("The job goes on because of continue-on-error.", job.Log(null), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_expression_that_fails_fails_its_step_with_key_line_and_expression()
    {
        var job = shared.Server.Enqueue(
            job => job, FakeServer.Script("echo ${{ fromJSON(github.actor) }}") with { Line = 12 }, FakeServer.Script("echo on") with { If = "always()" });

        Assert.Equal("failure", await job.ConclusionAsync());
        Assert.Equal(["failure", "success"], Enumerable.Range(0, 2).Select(job.Step));
        Assert.Contains("jobs.job.steps[0].run, line 12: ", job.Log(null), StringComparison.Ordinal);
        Assert.Contains("fromJSON(github.actor)", job.Log(null), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_people_outside_chose_is_never_run_by_the_shell()
    {
        var job = shared.Server.Enqueue(
            job => job with { HeadRef = "refs/heads/$(id)\"`id`" },
            FakeServer.Script("echo \"${{ github.ref_name }}\" ${{ github.ref_name }} '${{ shithub.ref_name }}'"));

        Assert.Equal("success", await job.ConclusionAsync());
        Assert.Equal("$(id)\"`id` $(id)\"`id` $(id)\"`id`\n", job.Log(0));
    }

    [Fact]
    public async Task A_cancelled_job_runs_the_steps_that_ask_for_it_in_the_same_container_and_kills_only_the_running_one()
    {
        var job = shared.Server.Enqueue(
            job => job,
            FakeServer.Script("(while :; do touch alive; sleep 0.1; done) >/dev/null 2>&1 & echo service"),
            FakeServer.Script("trap 'echo asked; exit 1' TERM; (trap '' TERM; sleep 1000) & echo started; while :; do sleep 0.1; done"),
            FakeServer.Script("echo never"),
            FakeServer.Script("""
                rm alive; until [ -e alive ]; do sleep 0.05; done; echo the service lives
                ps -eo args | grep -c '[s]leep 1000' || true
                echo ${{ job.status }}
                """) with { If = "always()" },
            FakeServer.Script("echo cleanup") with { If = "cancelled()" },
            FakeServer.Script("echo never") with { If = "failure()" });
        await Eventually.BecomesAsync("started\n", () => Task.FromResult(job.Log(1)));

        job.Cancel();
        Assert.Equal("cancelled", await job.ConclusionAsync());
        Assert.Contains("asked\n", job.Log(1), StringComparison.Ordinal);
        Assert.Equal("the service lives\n0\ncancelled\n", job.Log(3));
        Assert.Equal(["success", "cancelled", "skipped", "success", "success"], Enumerable.Range(0, 5).Select(job.Step));
        Assert.Equal("cleanup\n", job.Log(4));
    }

    [Fact]
    public async Task Steps_after_a_cancel_have_five_minutes_and_no_more()
    {
        await using var server = await FakeServer.StartAsync();
        await using var runner = await RunningRunner.StartAsync(server, new HastyTime());
        var job = server.Enqueue(
            job => job, FakeServer.Script("echo started; sleep 1000"), FakeServer.Script("echo cleaning; sleep 1000") with { If = "always()" });
        await Eventually.BecomesAsync("started\n", () => Task.FromResult(job.Log(0)));

        var cancelled = Stopwatch.StartNew();
        job.Cancel();
        Assert.Equal("cancelled", await job.ConclusionAsync());
        Assert.InRange(cancelled.Elapsed, TimeSpan.FromSeconds(9), TimeSpan.FromSeconds(30));
        Assert.Equal("cleaning\n", job.Log(1));
        Assert.Equal("cancelled", job.Step(1));
        await Eventually.BecomesAsync("", runner.ContainersAsync);
    }

    [Fact]
    public async Task A_step_that_takes_longer_than_it_may_is_stopped_and_fails_the_job_but_not_its_services()
    {
        await using var server = await FakeServer.StartAsync();
        await using var runner = await RunningRunner.StartAsync(server, new HastyTime());
        var job = server.Enqueue(
            job => job,
            FakeServer.Script("(while :; do touch alive; sleep 0.1; done) >/dev/null 2>&1 & echo service"),
            FakeServer.Script("echo started; sleep 1000") with { StepId = "slow", TimeoutMinutes = "1" },
            FakeServer.Script("rm alive; until [ -e alive ]; do sleep 0.05; done; echo ${{ steps.slow.outcome }} ${{ job.status }}") with { If = "failure()" },
            FakeServer.Script("echo never"));

        Assert.Equal("failure", await job.ConclusionAsync());
        Assert.Equal(["success", "timed_out", "success", "skipped"], Enumerable.Range(0, 4).Select(job.Step));
        Assert.Equal("failure failure\n", job.Log(2));
        Assert.Contains("'script' exceeded its limit of 1 minutes and was stopped.", job.Log(null), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_job_that_takes_longer_than_it_may_still_cleans_up()
    {
        await using var server = await FakeServer.StartAsync();
        await using var runner = await RunningRunner.StartAsync(server, new HastyTime());
        var job = server.Enqueue(
            job => job with { TimeoutMinutes = 1 },
            FakeServer.Script("echo started; sleep 1000"), FakeServer.Script("echo cleanup") with { If = "always()" });

        Assert.Equal("timed_out", await job.ConclusionAsync());
        Assert.Equal(["timed_out", "success"], Enumerable.Range(0, 2).Select(job.Step));
        Assert.Equal("cleanup\n", job.Log(1));
    }

    [Theory]
    [InlineData("python", "the image has no 'python', which the step's shell needs")]
    [InlineData("pwsh", "the image has no 'pwsh', which the step's shell needs")]
    [InlineData("fish {0}", "the image has no 'fish', which the step's shell needs")]
    public async Task A_shell_that_the_image_does_not_have_is_named(string shell, string message)
    {
        var job = shared.Server.Enqueue(job => job, FakeServer.Script("echo x", shell));
        Assert.Equal("failure", await job.ConclusionAsync());
        Assert.Contains(message, job.Log(null), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_shell_may_be_a_command_and_the_job_has_a_default()
    {
        var job = shared.Server.Enqueue(
            job => job with { Defaults = new ClaimedDefaults("cat {0}", "${{ github.event_name }}") },
            FakeServer.Script("mkdir push", "sh", folder: "."),
            FakeServer.Script("just text"),
            FakeServer.Script("pwd; echo $0", "bash -x {0}"));

        Assert.Equal("success", await job.ConclusionAsync());
        Assert.Equal("just text\n", job.Log(1));
        Assert.Contains("+ pwd\n/github/workspace/push\n", job.Log(2), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Actions_that_need_storage_say_so_and_a_cache_is_a_miss()
    {
        var artifact = shared.Server.Enqueue(job => job, FakeServer.Script("x") with { Run = null, Uses = "actions/upload-artifact@v4" });
        var cache = shared.Server.Enqueue(
            job => job,
            FakeServer.Script("x") with
            {
                Run = null,
                Uses = "actions/cache@v4",
                StepId = "cache",
                With = new Dictionary<string, string> { ["path"] = "x", ["key"] = "k" },
            },
            FakeServer.Script("echo miss") with { If = "steps.cache.outputs.cache-hit != 'true'" });

        Assert.Equal("failure", await artifact.ConclusionAsync());
        Assert.Contains("needs artifact storage, which this version does not have yet", artifact.Log(0), StringComparison.Ordinal);
        Assert.Equal("success", await cache.ConclusionAsync());
        Assert.Contains("does not keep caches yet", cache.Log(0), StringComparison.Ordinal);
        Assert.Equal("miss\n", cache.Log(1));
    }
}
