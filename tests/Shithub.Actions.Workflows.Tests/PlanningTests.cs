namespace Shithub.Actions.Workflows.Tests;

public class PlanningTests
{
    [Fact]
    public void The_innermost_level_of_env_wins()
    {
        var plan = Example.Plan(
            """
            on: push
            env: {A: workflow, B: workflow, C: workflow}
            jobs:
              a:
                runs-on: x
                env: {B: job, C: job, D: '${{ github.job }}'}
                steps:
                  - run: echo ${{ env.A }} ${{ env.B }} ${{ env.C }}
                    env: {C: step, E: '${{ env.C }} ${{ env.B }}'}
            """);
        var job = plan.Jobs[0];
        Assert.Equal("workflow job step a", string.Join(' ', new[] { "A", "B", "C", "D" }.Select(name => job.Steps[0].All[name])));
        Assert.Equal("C=step E=job job", string.Join(' ', job.Steps[0].Env.Select(pair => $"{pair.Key}={pair.Value}")));
        Assert.Equal("echo workflow job step", job.Steps[0].Run);
    }

    [Fact]
    public void Labels_are_trimmed_lowered_and_distinct_in_their_order()
    {
        var context = Example.Context(vars: new() { ["MORE"] = "[\"gpu\", \"X64\"]" });
        var plan = Example.Plan(
            "on: push\njobs: {a: {runs-on: [' Self-Hosted', X64, '${{ fromJSON(vars.MORE) }}', LINUX], steps: [{run: x}]}}", context);
        Assert.Equal(["self-hosted", "x64", "gpu", "linux"], plan.Jobs[0].RunsOn);
    }

    [Theory]
    [InlineData("- run: |2\n\n    make  all\n    make test", "Run make  all")]
    [InlineData("- run: echo ${{ vars.A }}", "Run echo a")]
    [InlineData("- uses: actions/checkout@v5", "Run actions/checkout@v5")]
    [InlineData("- name: Build ${{ vars.A }}\n  run: x", "Build a")]
    [InlineData("- name: ${{ vars.NONE }}\n  run: x", "Run x")]
    [InlineData("- name: ${{ inputs.title }}\n  run: x", "one")]
    public void A_step_is_called_as_on_GitHub(string step, string name)
    {
        var context = Example.Context(vars: new() { ["A"] = "a" }, inputs: new() { ["title"] = "one\ntwo" });
        Assert.Equal(name, Example.PlanStep(step, context).Name);
    }

    [Fact]
    public void Settings_may_be_expressions()
    {
        var context = Example.Context(vars: new() { ["T"] = "15", ["OFF"] = "true" });
        var plan = Example.Plan(
            """
            on: push
            jobs:
              a:
                name: Job ${{ github.job }} in ${{ github.workflow }}
                runs-on: ${{ vars.LABEL || 'linux' }}
                timeout-minutes: ${{ fromJSON(vars.T) }}
                steps:
                  - {run: x, continue-on-error: '${{ vars.OFF == ''true'' }}', working-directory: 'src/${{ vars.T }}'}
            """,
            context);
        Assert.Equal(["linux"], plan.Jobs[0].RunsOn);
        Assert.Equal(15, plan.Jobs[0].TimeoutMinutes);
        Assert.Equal("src/15", plan.Jobs[0].Steps[0].WorkingDirectory);
        Assert.Equal($"Job a in {Example.File}", plan.Jobs[0].Name);
    }

    [Theory]
    [InlineData("runs-on: '${{ vars.NONE }}'", "a label must be text of 1 to 128 characters")]
    [InlineData("runs-on: x\n    timeout-minutes: ${{ vars.NONE }}", "'timeout-minutes' must be a number from 1 to 43200")]
    [InlineData("runs-on: x\n    env: {A: '${{ fromJSON(vars.NONE) }}'}", "'fromJSON' got an empty string")]
    public void What_cannot_be_planned_is_an_error_with_its_place(string keys, string message) =>
        Assert.Contains(message, Assert.Single(Example.PlanErrors($"on: push\njobs:\n  a:\n    {keys}\n    steps: [{{run: x}}]\n")), StringComparison.Ordinal);

    [Fact]
    public void An_environment_that_Linux_would_refuse_is_refused_here()
    {
        var yaml = Example.Steps("- run: x\n  env: {A: '${{ inputs.x }}'}");
        var nul = Assert.Single(Example.PlanErrors(yaml, Example.Context(inputs: new() { ["x"] = "a\0b" })));
        Assert.Contains("'A' would have a NUL character", nul, StringComparison.Ordinal);
        var huge = Assert.Single(Example.PlanErrors(yaml, Example.Context(inputs: new() { ["x"] = new string('x', 140_000) })));
        Assert.Contains("'A' would have 140002 bytes; Linux takes 131071", huge, StringComparison.Ordinal);
        Assert.Contains("a script cannot have a NUL", Assert.Single(Example.PlanErrors(Example.Steps("- run: \"a\\0b\""))), StringComparison.Ordinal);
    }

    [Fact]
    public void The_same_workflow_written_in_another_way_has_the_same_canonical_JSON()
    {
        var one = Example.Workflow("on: push\njobs: {a: {runs-on: x, needs: b, steps: [{run: x}]}, b: {runs-on: x, steps: [{run: 'y'}]}}");
        var two = Example.Workflow(
            """
            jobs:
              a:
                steps:
                  - run: x
                timeout-minutes: 360
                needs: [b]
                runs-on: [x]
              b:
                runs-on: x
                steps: [{"run": "y", continue-on-error: false}]
            on:
              push:
            """);
        Assert.Equal(WorkflowJson.Write(one), WorkflowJson.Write(two));
    }
}
