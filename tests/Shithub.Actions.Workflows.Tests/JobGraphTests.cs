namespace Shithub.Actions.Workflows.Tests;

public class JobGraphTests
{
    private static JobNode Job(string key, string needs, string status, string? conclusion = null) =>
        new(key, needs.Split(' ', StringSplitOptions.RemoveEmptyEntries), status, conclusion);

    [Fact]
    public void A_job_is_ready_when_all_its_needs_have_succeeded()
    {
        var decision = JobGraph.Decide(
        [
            Job("a", "", "completed", "success"), Job("b", "", "running"), Job("c", "a", "waiting"), Job("d", "a b", "waiting"),
            Job("e", "c", "waiting"), Job("f", "", "waiting"),
        ]);
        Assert.Equal(["c", "f"], decision.Ready);
        Assert.Empty(decision.Skipped);
    }

    [Theory]
    [InlineData("completed", "failure")]
    [InlineData("completed", "timed_out")]
    [InlineData("completed", "runner_lost")]
    [InlineData("cancelled", "cancelled")]
    [InlineData("skipped", "skipped")]
    public void A_need_that_did_not_succeed_skips_whoever_needs_it_and_on(string status, string conclusion)
    {
        var decision = JobGraph.Decide(
            [Job("d", "c", "waiting"), Job("c", "b", "waiting"), Job("b", "a x", "waiting"), Job("a", "", status, conclusion), Job("x", "", "running")]);
        Assert.Empty(decision.Ready);
        Assert.Equal(["d", "c", "b"], decision.Skipped);
    }

    [Fact]
    public void A_thousand_jobs_in_a_row_are_decided_at_once()
    {
        var jobs = Enumerable.Range(0, 1_000).Select(i => Job($"j{i}", i == 999 ? "" : $"j{i + 1}", i == 999 ? "completed" : "waiting", i == 999 ? "failure" : null)).ToList();
        Assert.Equal(999, JobGraph.Decide(jobs).Skipped.Count);
    }

    [Theory]
    [InlineData("success success", "success")]
    [InlineData("success skipped", "success")]
    [InlineData("skipped skipped", "skipped")]
    [InlineData("success cancelled skipped", "cancelled")]
    [InlineData("cancelled timed_out", "timed_out")]
    [InlineData("timed_out failure cancelled", "failure")]
    [InlineData("runner_lost success", "failure")]
    [InlineData("neutral", "success")]
    public void A_run_concludes_with_the_gravest_of_its_jobs(string conclusions, string expected) =>
        Assert.Equal(expected, RunRollup.Conclude(conclusions.Split(' ')));

    [Fact]
    public void A_run_is_terminal_exactly_when_all_its_jobs_are()
    {
        Assert.Equal(new RunState("queued", null), RunRollup.RollUp([Job("a", "", "queued"), Job("b", "a", "waiting")]));
        Assert.Equal(new RunState("waiting", null), RunRollup.RollUp([Job("a", "", "waiting")]));
        Assert.Equal(new RunState("running", null), RunRollup.RollUp([Job("a", "", "completed", "success"), Job("b", "a", "queued")]));
        Assert.Equal(new RunState("completed", "failure"), RunRollup.RollUp([Job("a", "", "completed", "failure"), Job("b", "a", "skipped", "skipped")]));
        Assert.Equal(new RunState("cancelled", "cancelled"), RunRollup.RollUp([Job("a", "", "cancelled", "cancelled")]));
    }
}
