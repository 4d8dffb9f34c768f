namespace Shithub.Actions.Workflows.Tests;

/// <summary><c>concurrency</c> of called workflows and of the jobs that call them.</summary>
public class CallConcurrencyTests
{
    private const string Caller = """
        on: push
        jobs:
          a: {runs-on: x, steps: [{run: a}]}
          call: {uses: ./.shithub/workflows/called.yml, with: {to: prod}, concurrency: {group: outer, cancel-in-progress: true}}
        """;

    private const string Called = """
        on: {workflow_call: {inputs: {to: {type: string}}}}
        concurrency: "inner-${{ inputs.to }}"
        jobs:
          one: {runs-on: x, steps: [{run: a}]}
          two: {runs-on: x, needs: one, if: always(), steps: [{run: a}]}
        """;

    [Fact]
    public void A_call_waits_for_the_group_of_its_job_and_for_its_own_before_any_of_its_jobs_begins()
    {
        var run = Start(Caller, Called);
        Assert.Equal("a:queued call/one:waiting call/two:waiting", run.Summary);
        var call = Assert.Single(run.Calls);
        Assert.True(call.IsHeld);
        Assert.Equal([new ReadyConcurrency("outer", true, false), new ReadyConcurrency("inner-prod", false, false)], call.Groups);
        Assert.Equal("a:queued call/one:queued call/two:waiting", run.Release("call").Summary);
    }

    [Fact]
    public void Nothing_of_a_call_that_waits_runs_after_a_cancel() =>
        Assert.Equal("a:cancelled call/one:cancelled call/two:cancelled", Start(Caller, Called).Cancel().Summary);

    [Fact]
    public void The_same_group_for_the_job_and_what_it_calls_is_one()
    {
        var run = Start(Caller, Called.Replace("inner-${{ inputs.to }}", "OUTER", StringComparison.Ordinal));
        Assert.Equal("outer", Assert.Single(Assert.Single(run.Calls).Groups).Group);
    }

    [Fact]
    public void A_group_that_the_run_holds_fails_the_call_that_would_wait_for_it_for_ever()
    {
        // A run that is in a group is held until it has it.
        var set = SetOf("concurrency: Inner-PROD\n" + Caller, Called);
        var begun = RunMachine.Advance(new RunSituation(set, Example.Context(), RunMachine.Begin(set), []));
        Assert.Equal("a:queued call:failure", string.Join(' ', begun.Jobs.Select(job => $"{job.Path}:{job.Conclusion ?? job.Status}")));
        Assert.Contains("'inner-prod' is that of the run", Assert.Single(begun.Failures["call"]).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_group_that_a_call_around_holds_fails_a_job_of_it()
    {
        var run = Start(Caller, Called.Replace("one: {", "one: {concurrency: outer, ", StringComparison.Ordinal)).Release("call");
        Assert.Equal("a:queued call/one:failure call/two:queued", run.Summary);
        Assert.Contains("'outer' is that of the call 'call'", run.Failure("call/one"), StringComparison.Ordinal);
    }

    private static Simulation Start(string caller, string called) =>
        new(caller, new Dictionary<string, string> { ["./.shithub/workflows/called.yml"] = called });

    private static WorkflowSet SetOf(string caller, string called)
    {
        var builder = new WorkflowSetBuilder(Example.Workflow(caller));
        Assert.NotNull(builder.Next);
        builder.Add(new WorkflowSource(
            ".shithub/workflows/called.yml",
            WorkflowReader.Parse(".shithub/workflows/called.yml", System.Text.Encoding.UTF8.GetBytes(called)).Workflow!,
            new Dictionary<string, string>()));
        return builder.Build()!;
    }
}
