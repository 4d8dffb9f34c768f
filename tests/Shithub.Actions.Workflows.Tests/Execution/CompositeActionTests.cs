using System.Text;
using static Shithub.Actions.Workflows.Tests.Execution.ExecutedJob;

namespace Shithub.Actions.Workflows.Tests.Execution;

/// <summary>The steps of a composite action: 'Metadata syntax', 'runs for composite actions'.</summary>
public sealed class CompositeActionTests
{
    private static readonly ActionPlace Place = new("/github/workspace/greet", null, null);
    private static readonly Dictionary<string, string> Files = [];

    private static readonly CompositeAction Greet = Parse("""
        name: Greet
        inputs:
          who: {required: true}
          how: {default: "hello on ${{ runner.os }}"}
        outputs:
          said: {value: "${{ steps.say.outputs.text }}"}
          state: {value: "${{ steps.say.outcome }}"}
        runs:
          using: composite
          steps:
            - id: say
              shell: bash
              run: ${{ github.action_path }}/say ${{ inputs.how }} ${{ inputs.who }} [${{ env.OUTER }}]
            - if: failure()
              shell: bash
              run: echo failed
            - if: always()
              shell: bash
              run: echo ${{ job.status }}
        """);

    [Fact]
    public void Its_steps_see_its_inputs_and_the_variables_of_the_step_that_uses_it()
    {
        var (_, inner, _) = Enter(("who", "world"));
        var step = inner.Begin(0, Files).Step!;
        Assert.Equal("/github/workspace/greet/say hello on Linux world [outer]", step.Script);
        Assert.Equal(("world", "outer", "/github/workspace/greet"), (step.Environment["INPUT_WHO"], step.Environment["OUTER"], step.Environment["GITHUB_ACTION_PATH"]));
    }

    [Fact]
    public void Its_outputs_are_those_of_the_step_that_uses_it()
    {
        var (job, inner, outer) = Enter(("who", "world"));
        var step = inner.Begin(0, Files).Step!;
        inner.End(step, StepResult.Of(StepOutcome.Success) with { Outputs = [new("text", "hello world", false)] });
        Assert.Equal(StepOutcome.Skipped, inner.Begin(1, Files).Conclusion);
        inner.End(inner.Begin(2, Files).Step!, StepResult.Of(StepOutcome.Success));
        job.Steps.End(outer, inner.LeaveAction([]));
        Assert.Equal("hello world success []", job.Begin(1).Script);
    }

    [Fact]
    public void A_failure_in_it_is_its_own_until_it_ends_and_then_the_step_s()
    {
        var (job, inner, outer) = Enter(("who", "world"));
        inner.End(inner.Begin(0, Files).Step!, StepResult.Of(StepOutcome.Failure));
        inner.End(inner.Begin(1, Files).Step!, StepResult.Of(StepOutcome.Success));
        Assert.Equal("echo success", inner.Begin(2, Files).Step!.Script);
        Assert.Equal(StepOutcome.Failure, job.Steps.End(outer, inner.LeaveAction([])).Conclusion);
        Assert.Equal(StepOutcome.Skipped, job.Decide(1).Conclusion);
    }

    [Fact]
    public void What_its_steps_set_holds_in_it_and_after_it()
    {
        var (job, inner, outer) = Enter(("who", "world"));
        inner.End(inner.Begin(0, Files).Step!, StepResult.Of(StepOutcome.Success) with { Env = [new("OUTER", "inner"), new("NEW", "new")] });
        Assert.Equal("inner", inner.Begin(2, Files).Step!.Environment["OUTER"]);
        job.Steps.End(outer, inner.LeaveAction([]));
        Assert.Equal(" success [inner]", job.Begin(1).Script);
    }

    [Fact]
    public void An_input_from_outside_taints_its_steps_and_what_they_set()
    {
        var (job, inner, outer) = Enter(("who", "${{ github.event.title }}"));
        var step = inner.Begin(0, Files).Step!;
        Assert.Contains("\"${SHITHUB_EXPR_1}\"", step.Script, StringComparison.Ordinal);
        Assert.True(step.IsTainted);
        inner.End(step, StepResult.Of(StepOutcome.Success) with { Outputs = [new("text", "x", step.IsTainted)] });
        Assert.True(Assert.Single(inner.LeaveAction([]).Outputs, output => output.Name == "said").Tainted);
        Assert.NotNull(job);
        Assert.True(outer.IsTainted);
    }

    [Fact]
    public void A_missing_or_unknown_input_is_remarked()
    {
        var remarks = new List<string>();
        var job = NewJob(("whom", "x"));
        job.Steps.EnterAction(job.Begin(0), Greet, Place, remarks);
        Assert.Equal(["./greet wants the input 'who', which is not given.", "./greet has no input 'whom'."], remarks);
    }

    [Fact]
    public void After_a_cancel_steps_behind_it_count_too()
    {
        var (job, inner, _) = Enter(("who", "world"));
        Assert.True(inner.AnyRunsAfterCancel(2));
        Assert.False(inner.AnyRunsAfterCancel(3));
        job.Execution.Cancel();
        Assert.Equal(StepOutcome.Skipped, inner.Begin(0, Files).Conclusion);
        Assert.NotNull(inner.Begin(2, Files).Step);
        Assert.Equal(StepOutcome.Cancelled, inner.LeaveAction([]).Outcome);
    }

    private static ExecutedJob NewJob(params (string Name, string Value)[] with) => new(
        Job(
            Uses("./greet", with) with { Id = "greet", Env = new Dictionary<string, string> { ["OUTER"] = "outer" } },
            Script("${{ steps.greet.outputs.said }} ${{ steps.greet.outputs.state }} [${{ env.OUTER }}]")),
        """{"github": {"event": {"title": "; rm -rf /"}}}""", ["/github/event"]);

    private static (ExecutedJob Job, StepSequence Inner, PreparedStep Outer) Enter(params (string Name, string Value)[] with)
    {
        var job = NewJob(with);
        var outer = job.Begin(0);
        Assert.Equal("greet", outer.Action!.Path);
        return (job, job.Steps.EnterAction(outer, Greet, Place, []), outer);
    }

    private static CompositeAction Parse(string text)
    {
        var result = CompositeActionReader.Parse("greet/action.yml", Encoding.UTF8.GetBytes(text));
        Assert.True(result.Action is not null, string.Join('\n', result.Diagnostics));
        return result.Action;
    }
}
