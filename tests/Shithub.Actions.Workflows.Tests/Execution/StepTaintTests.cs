using static Shithub.Actions.Workflows.Tests.Execution.ExecutedJob;

namespace Shithub.Actions.Workflows.Tests.Execution;

/// <summary>docs/decisions/0006-taint-of-what-steps-set.md</summary>
public sealed class StepTaintTests
{
    private const string Contexts = """{"github": {"event": {"title": "$(touch /tmp/x)"}, "sha": "5f1e"}, "vars": {"SAFE": "safe"}}""";
    private static readonly string[] Tainted = ["/github/event"];

    [Fact]
    public void A_value_from_outside_reaches_a_script_as_a_variable_and_never_as_text()
    {
        var step = Start(Script("echo \"${{ github.event.title }}\" ${{ vars.SAFE }}")).Begin(0);
        Assert.Equal("echo \"${SHITHUB_EXPR_1}\" safe", step.Script);
        Assert.Equal("$(touch /tmp/x)", step.Environment["SHITHUB_EXPR_1"]);
        Assert.True(step.IsTainted);
    }

    [Theory]
    [InlineData("echo $GITHUB_HEAD_REF", true)]
    [InlineData("echo ${SHITHUB_REF_NAME%/*}", true)]
    [InlineData("jq -r .pull_request.title \"$GITHUB_EVENT_PATH\"", true)]
    [InlineData("python -c 'import os; os.environ[\"GITHUB_REF\"]'", true)]
    [InlineData("echo $GITHUB_REF_TYPE $GITHUB_SHA $MY_GITHUB_REF", false)]
    public void A_script_that_reads_names_of_branches_or_the_event_is_tainted(string script, bool tainted) =>
        Assert.Equal(tainted, Start(Script(script)).Begin(0).IsTainted);

    [Fact]
    public void What_a_tainted_step_set_taints_a_later_script_and_what_a_clean_one_set_does_not()
    {
        var job = Start(
            Script("a", id: "clean"),
            Script("b", id: "dirty") with { Env = new Dictionary<string, string> { ["TITLE"] = "${{ github.event.title }}" } },
            Script("echo ${{ steps.clean.outputs.x }} ${{ steps.dirty.outputs.x }}", id: "both"),
            Script("echo ${{ steps.both.outputs.x }}"));
        job.End(job.Begin(0), StepOutcome.Success, ("x", "clean"));
        job.End(job.Begin(1), StepOutcome.Success, ("x", "dirty"));
        var third = job.Begin(2);
        Assert.Equal("echo clean \"${SHITHUB_EXPR_1}\"", third.Script);
        job.End(third, StepOutcome.Success, ("x", "more"));
        Assert.Equal("echo \"${SHITHUB_EXPR_1}\"", job.Begin(3).Script);
    }

    [Fact]
    public void A_variable_that_a_tainted_step_set_taints_every_step_after_it()
    {
        var job = Start(Script("echo $GITHUB_REF"), Script("c"));
        Assert.False(Start(Script("c")).Begin(0).IsTainted);
        job.EndWithEnv(job.Begin(0), ("BRANCH", "a"));
        Assert.True(job.Begin(1).IsTainted);
    }

    [Fact]
    public void A_secret_is_not_tainted() =>
        Assert.Equal(
            "echo hunter2",
            new ExecutedJob(Job(Script("echo ${{ secrets.TOKEN }}")), secrets: new() { ["TOKEN"] = "hunter2" }).Begin(0).Script);

    [Theory]
    [InlineData("python")]
    [InlineData("pwsh")]
    [InlineData("perl {0}")]
    public void In_another_language_than_the_shell_s_a_value_from_outside_is_refused_with_the_fix(string shell)
    {
        var problem = Start(Script("print('${{ github.event.title }}')") with { Shell = shell }).Decide(0).Problem;
        Assert.Contains("people outside choose the value of 'github.event.title'", problem, StringComparison.Ordinal);
        Assert.Contains("bind it under 'env:'", problem, StringComparison.Ordinal);
        Assert.Equal("print('safe')", Start(Script("print('${{ vars.SAFE }}')") with { Shell = shell }).Begin(0).Script);
    }

    [Theory]
    [InlineData("bash -l {0}")]
    [InlineData("/bin/sh {0}")]
    public void A_command_that_is_a_shell_binds_values_as_that_shell_does(string shell) =>
        Assert.Equal("echo \"${SHITHUB_EXPR_1}\"", Start(Script("echo ${{ github.event.title }}") with { Shell = shell }).Begin(0).Script);

    [Fact]
    public void A_shell_from_outside_is_refused() =>
        Assert.Contains(
            "would be run", Start(Script("a") with { Shell = "${{ github.event.title }}" }).Decide(0).Problem, StringComparison.Ordinal);

    private static ExecutedJob Start(params StepText[] steps) => new(Job(steps), Contexts, Tainted);
}
