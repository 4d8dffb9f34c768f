using static Shithub.Actions.Workflows.Tests.Execution.ExecutedJob;

namespace Shithub.Actions.Workflows.Tests.Execution;

/// <summary>Which steps run: 'jobs.&lt;job_id&gt;.steps[*].if', 'continue-on-error' and the contexts 'steps' and 'job'.</summary>
public sealed class StepConditionTests
{
    [Fact]
    public void After_a_failure_only_steps_run_whose_condition_asks_for_it()
    {
        var job = new ExecutedJob(Job(
            Script("a"), Script("b"), Script("c", @if: "failure()"), Script("d", @if: "always()"), Script("e", @if: "cancelled()"),
            Script("f", @if: "1 == 1")));
        job.Run(0, StepOutcome.Failure);
        Assert.Equal([false, true, true, false, false], Enumerable.Range(1, 5).Select(index => job.Decide(index).Step is not null));
        Assert.Equal(StepOutcome.Failure, job.Execution.Status);
    }

    [Fact]
    public void After_a_cancel_only_steps_run_whose_condition_asks_for_it()
    {
        var job = new ExecutedJob(Job(
            Script("a"), Script("b"), Script("c", @if: "failure()"), Script("d", @if: "always()"), Script("e", @if: "cancelled()")));
        var running = job.Begin(0);
        Assert.True(job.Steps.AnyRunsAfterCancel(1));
        Assert.False(job.Steps.AnyRunsAfterCancel(5));
        job.Execution.Cancel();
        job.End(running, StepOutcome.Cancelled);
        Assert.Equal([false, false, true, true], Enumerable.Range(1, 4).Select(index => job.Decide(index).Step is not null));
        Assert.Equal(StepOutcome.Cancelled, job.Execution.Status);
    }

    [Fact]
    public void A_step_that_may_fail_has_the_outcome_failure_and_the_conclusion_success()
    {
        var job = new ExecutedJob(Job(
            Script("a", id: "tests", continueOnError: "${{ true }}"), Script("${{ steps.tests.outcome }}/${{ steps.tests.conclusion }} ${{ job.status }}")));
        var ending = job.End(job.Begin(0), StepOutcome.Failure);
        Assert.Equal((StepOutcome.Failure, StepOutcome.Success), (ending.Outcome, ending.Conclusion));
        Assert.Equal("failure/success success", job.Begin(1).Script);
    }

    [Fact]
    public void A_skipped_step_says_so_and_has_no_outputs()
    {
        var job = new ExecutedJob(Job(Script("a", id: "one", @if: "false"), Script("${{ steps.one.outcome }} [${{ steps.one.outputs.x }}]")));
        Assert.Equal(StepOutcome.Skipped, job.Decide(0).Conclusion);
        Assert.Equal("skipped []", job.Begin(1).Script);
    }

    [Fact]
    public void A_condition_sees_the_outputs_of_earlier_steps_and_the_step_s_own_variables()
    {
        var job = new ExecutedJob(Job(
            Script("a", id: "one"),
            Script("b", @if: "steps.one.outputs.deploy == 'yes' && env.WHERE == 'here'") with
            {
                Env = new Dictionary<string, string> { ["WHERE"] = "${{ format('{0}re', 'he') }}" },
            }));
        job.End(job.Begin(0), StepOutcome.Success, ("deploy", "yes"));
        Assert.NotNull(job.Decide(1).Step);
    }

    [Fact]
    public void What_can_not_be_evaluated_fails_the_step_and_says_where_and_what()
    {
        var job = new ExecutedJob(Job(Script("echo ${{ fromJSON('{') }}"), Script("b", @if: "failure()")));
        var decision = job.Decide(0);
        Assert.Equal(StepOutcome.Failure, decision.Conclusion);
        Assert.StartsWith("jobs.build.steps[0].run, line 7: ", decision.Problem, StringComparison.Ordinal);
        Assert.Contains("fromJSON('{')", decision.Problem, StringComparison.Ordinal);
        Assert.NotNull(job.Decide(1).Step);
    }

    [Fact]
    public void Variables_that_can_not_be_evaluated_do_not_matter_to_a_step_that_is_skipped()
    {
        var step = Script("a", @if: "steps.none.outputs.json") with
        {
            Env = new Dictionary<string, string> { ["X"] = "${{ fromJSON(steps.none.outputs.json) }}" },
        };
        Assert.Equal(StepOutcome.Skipped, new ExecutedJob(Job(step)).Decide(0).Conclusion);
        Assert.Equal(StepOutcome.Failure, new ExecutedJob(Job(step with { If = "always()" })).Decide(0).Conclusion);
    }

    [Theory]
    [InlineData("5", 5)]
    [InlineData("${{ fromJSON('6') }}", 6)]
    [InlineData(null, null)]
    public void A_step_s_own_limit_is_in_minutes(string? text, int? minutes) =>
        Assert.Equal(minutes, new ExecutedJob(Job(Script("a") with { TimeoutMinutes = text })).Begin(0).TimeoutMinutes);

    [Theory]
    [InlineData("0")]
    [InlineData("1.5")]
    [InlineData("soon")]
    public void A_limit_that_is_no_number_of_minutes_fails_the_step(string text) =>
        Assert.Contains("timeout-minutes", new ExecutedJob(Job(Script("a") with { TimeoutMinutes = text })).Decide(0).Problem, StringComparison.Ordinal);
}
