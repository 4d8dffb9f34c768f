using static Shithub.Actions.Workflows.Tests.Execution.ExecutedJob;

namespace Shithub.Actions.Workflows.Tests.Execution;

/// <summary>What a step sees: variables, contexts, defaults.</summary>
public sealed class StepEnvironmentTests
{
    private const string Contexts = """
        {"github": {"ref": "refs/heads/a", "sha": "5f1e", "repository": "demo/hello", "run_id": "9", "ref_protected": true},
         "vars": {"WHERE": "there"}, "matrix": {"os": "debian"}, "inputs": {"level": 3}}
        """;

    [Fact]
    public void The_nearer_variable_wins_and_what_a_step_set_wins_over_the_job_s()
    {
        var job = new ExecutedJob(Job(
            Script("a"),
            Script("echo ${{ env.A }} ${{ env.B }} ${{ env.C }}") with { Env = new Dictionary<string, string> { ["C"] = "step, not ${{ env.C }}" } }) with
        {
            Env = new Dictionary<string, string> { ["A"] = "${{ vars.WHERE }}", ["B"] = "job", ["C"] = "job" },
        }, Contexts);
        job.EndWithEnv(job.Begin(0), ("B", "set"));
        var step = job.Begin(1);
        Assert.Equal("echo there set step, not job", step.Script);
        Assert.Equal(("there", "set", "step, not job"), (step.Environment["A"], step.Environment["B"], step.Environment["C"]));
    }

    [Fact]
    public void Every_step_has_the_default_variables_under_both_names_and_can_not_change_them()
    {
        var step = new ExecutedJob(Job(Script("a") with
        {
            Env = new Dictionary<string, string> { ["GITHUB_SHA"] = "mine", ["RUNNER_OS"] = "mine", ["CI"] = "mine", ["GITHUB_MINE"] = "mine" },
        }), Contexts).Begin(0);
        Assert.Equal("5f1e", step.Environment["GITHUB_SHA"]);
        Assert.Equal("5f1e", step.Environment["SHITHUB_SHA"]);
        Assert.Equal("true", step.Environment["GITHUB_REF_PROTECTED"]);
        Assert.Equal("/files/output", step.Environment["GITHUB_OUTPUT"]);
        Assert.Equal("/github/workspace", step.Environment["SHITHUB_WORKSPACE"]);
        Assert.Equal(("Linux", "X64", "/github/tools"), (step.Environment["RUNNER_OS"], step.Environment["RUNNER_ARCH"], step.Environment["RUNNER_TOOL_CACHE"]));
        Assert.Equal(("mine", "mine"), (step.Environment["CI"], step.Environment["GITHUB_MINE"]));
        Assert.DoesNotContain("RUNNER_DEBUG", step.Environment.Keys);
    }

    [Theory]
    [InlineData("GITHUB_SHA", "is the runner's own")]
    [InlineData("RUNNER_TEMP", "is the runner's own")]
    [InlineData("NODE_OPTIONS", "would run code in every Node program")]
    public void A_step_can_not_set_what_is_the_runner_s_or_runs_code(string name, string reason)
    {
        var job = new ExecutedJob(Job(Script("a"), Script("[${{ env[github.event_name] }}]")));
        var ending = job.Steps.End(job.Begin(0), StepResult.Of(StepOutcome.Success) with { Env = [new(name, "x"), new("FINE", "y")] });
        Assert.Equal(StepOutcome.Success, ending.Outcome);
        Assert.Contains(reason, Assert.Single(ending.Remarks), StringComparison.Ordinal);
        Assert.Equal("y", job.Begin(1).Environment["FINE"]);
    }

    [Fact]
    public void A_variable_that_no_environment_can_hold_fails_the_step()
    {
        var job = new ExecutedJob(Job(Script("a"), Script("b", @if: "failure()")));
        var ending = job.Steps.End(job.Begin(0), StepResult.Of(StepOutcome.Success) with { Env = [new("A", new string('x', 200_000))] });
        Assert.Equal(StepOutcome.Failure, ending.Conclusion);
        Assert.NotNull(job.Decide(1).Step);
    }

    [Fact]
    public void Folders_for_the_search_path_come_last_first()
    {
        var job = new ExecutedJob(Job(Script("a"), Script("b"), Script("c")));
        job.Steps.End(job.Begin(0), StepResult.Of(StepOutcome.Success) with { SearchPath = ["/one", "/two"] });
        job.Steps.End(job.Begin(1), StepResult.Of(StepOutcome.Success) with { SearchPath = ["/three"] });
        Assert.Equal(["/three", "/two", "/one"], job.Begin(2).SearchPath);
    }

    [Fact]
    public void The_contexts_of_a_step_are_those_of_the_documentation()
    {
        var job = new ExecutedJob(
            Job(Script("""
                ${{ matrix.os }} ${{ inputs.level }} ${{ runner.os }}/${{ runner.arch }} ${{ github.workspace }} ${{ shithub.run_id }}
                ${{ hashFiles('a', '**/b') }} ${{ secrets.TOKEN }} ${{ github.output }} ${{ job.status }} [${{ needs.none.result }}]
                """)),
            Contexts, secrets: new() { ["TOKEN"] = "hunter2" });
        Assert.Equal("""
            debian 3 Linux/X64 /github/workspace 9
            hash of a+**/b hunter2 /files/output success []
            """, job.Begin(0).Script);
    }

    [Fact]
    public void Defaults_hold_where_a_step_says_nothing()
    {
        var job = new ExecutedJob(Job(Script("a"), Script("b") with { Shell = "sh", WorkingDirectory = "own" }) with
        {
            DefaultShell = "bash",
            DefaultWorkingDirectory = "${{ matrix.os }}",
        }, Contexts);
        var (first, second) = (job.Begin(0), job.Begin(1));
        Assert.Equal(("bash", "debian"), (first.Shell, first.WorkingDirectory));
        Assert.Equal(("sh", "own"), (second.Shell, second.WorkingDirectory));
    }

    [Fact]
    public void The_outputs_of_a_job_are_evaluated_after_its_last_step_without_secrets()
    {
        var job = new ExecutedJob(
            Job(Script("a", id: "one"), Script("echo $GITHUB_REF", id: "two")) with
            {
                Outputs = new Dictionary<string, string>
                {
                    ["version"] = "v${{ steps.one.outputs.version }}",
                    ["leak"] = "${{ secrets.TOKEN }}!",
                    ["branch"] = "${{ steps.two.outputs.branch }}",
                    ["none"] = "${{ steps.none.outputs.x }}",
                    ["big"] = "${{ steps.one.outputs.big }}",
                },
            },
            secrets: new() { ["TOKEN"] = "hunter2" });
        job.End(job.Begin(0), StepOutcome.Success, ("version", "1.2"), ("big", new string('x', WorkflowLimits.MaxJobOutputBytes)));
        job.End(job.Begin(1), StepOutcome.Success, ("branch", "a"));
        var remarks = new List<string>();
        var outputs = job.Execution.EvaluateOutputs(value => value.Contains("hunter2", StringComparison.Ordinal), remarks);
        Assert.Equal(new Dictionary<string, string> { ["version"] = "v1.2", ["branch"] = "a", ["none"] = "" }, outputs.Values);
        Assert.Equal(["branch"], outputs.Tainted);
        Assert.Collection(
            remarks,
            remark => Assert.Contains("'leak' is left out, since it may hold a secret", remark, StringComparison.Ordinal),
            remark => Assert.Contains("'big' is left out", remark, StringComparison.Ordinal));
    }
}
