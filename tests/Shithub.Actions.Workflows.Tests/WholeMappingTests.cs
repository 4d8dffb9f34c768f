using System.Text;
using Shithub.Actions.Workflows.Tests.Execution;
using static Shithub.Actions.Workflows.Tests.Execution.ExecutedJob;

namespace Shithub.Actions.Workflows.Tests;

/// <summary>One expression for a whole mapping, wherever GitHub's schema lets its contexts stand at the mapping itself.</summary>
public sealed class WholeMappingTests
{
    private static string Canonical(string yaml)
    {
        var result = WorkflowReader.Parse("w", Encoding.UTF8.GetBytes(yaml));
        Assert.True(result.Workflow is not null, string.Join('\n', result.Diagnostics));
        return WorkflowJson.Write(result.Workflow).Replace("\n", "", StringComparison.Ordinal).Replace("  ", "", StringComparison.Ordinal);
    }

    private static ReadyJob Plan(string workflow, string job) =>
        new Simulation($"on: push\n{workflow}\njobs: {{a: {{runs-on: x, {job.ReplaceLineEndings(" ")}, steps: [{{run: x}}]}}}}").Ready("a");

    private static PreparedStep Begin(ReadyJob ready, Dictionary<string, string>? step = null, string contexts = "{}", string[]? tainted = null) =>
        new ExecutedJob(Job(Script("a") with { Env = step ?? [] }) with { Env = ready.Env }, contexts, tainted).Begin(0);

    [Theory]
    [InlineData("env: ${{ fromJSON('{}') }}\njobs: {a: {runs-on: x, steps: [{run: x}]}}", "\"env\": \"${{ fromJSON('{}') }}\"")]
    [InlineData("jobs: {a: {runs-on: x, env: '${{ vars.e }}', steps: [{run: x}]}}", "\"env\": \"${{ vars.e }}\"")]
    [InlineData("jobs: {a: {runs-on: x, steps: [{run: x, env: '${{ vars.e }}'}]}}", "\"run\": \"x\",\"env\": \"${{ vars.e }}\"")]
    [InlineData("jobs: {a: {runs-on: x, steps: [{uses: ./a, with: '${{ vars.e }}'}]}}", "\"with\": \"${{ vars.e }}\"")]
    [InlineData("jobs: {a: {runs-on: x, strategy: '${{ vars.e }}', steps: [{run: x}]}}", "\"strategy\": \"${{ vars.e }}\"")]
    [InlineData("jobs: {a: {runs-on: x, env: {'${{ vars.n }}': v}, steps: [{run: x}]}}", "\"env\": {\"${{ vars.n }}\": \"v\"}")]
    [InlineData("jobs: {a: {runs-on: x, environment: '', steps: [{run: x}]}}", "\"runs-on\": [\"x\"],\"timeout-minutes\"")]
    public void The_canonical_form_has_the_expression(string rest, string json) =>
        Assert.Contains(json, Canonical("on: push\n" + rest), StringComparison.Ordinal);

    [Theory]
    [InlineData("env: x${{ vars.e }}", "must be a mapping, or one expression that gives one")]
    [InlineData("env: ${{ steps.a }}", "the context 'steps' is not available under 'env'")]
    [InlineData("env: {'${{ steps.a }}': v}", "the context 'steps' is not available under 'env'")]
    public void Text_and_contexts_that_are_not_there_are_errors(string env, string message)
    {
        var result = WorkflowReader.Parse("w", Encoding.UTF8.GetBytes($"on: push\n{env}\njobs: {{a: {{runs-on: x, steps: [{{run: x}}]}}}}"));
        Assert.Contains(message, result.Diagnostics[0].Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_nearer_level_wins_whichever_of_the_two_is_an_expression()
    {
        var under = Begin(Plan("env: \"${{ fromJSON('{\\\"A\\\":\\\"workflow\\\",\\\"B\\\":2}') }}\"", "env: {A: job}"));
        Assert.Equal(("job", "2"), (under.Environment["A"], under.Environment["B"]));
        var over = Begin(Plan("env: {A: workflow, B: 2}", "env: \"${{ fromJSON('{\\\"A\\\":\\\"job\\\"}') }}\""));
        Assert.Equal(("job", "2"), (over.Environment["A"], over.Environment["B"]));
        var both = Begin(
            Plan("env: \"${{ fromJSON('{\\\"A\\\":1,\\\"B\\\":1}') }}\"", "env: \"${{ fromJSON('{\\\"A\\\":2}') }}\""),
            new() { ["${{ insert }}"] = "${{ fromJSON(format('{{\"C\":\"{0}\"}}', env.A)) }}" });
        Assert.Equal(("2", "1", "2"), (both.Environment["A"], both.Environment["B"], both.Environment["C"]));
    }

    [Fact]
    public void Names_may_be_expressions() =>
        Assert.Equal("v", Begin(Plan("", "env: {'X_${{ vars.n }}': v}"), contexts: """{"vars": {"n": 1}}""").Environment["X_1"]);

    [Theory]
    [InlineData("${{ insert }}", "${{ fromJSON(github.event.t) }}", "people outside choose these names")]
    [InlineData("${{ github.event.t }}", "v", "people outside choose this name")]
    [InlineData("${{ insert }}", "${{ github.event.n }}", "this must give a mapping of names to text, but gives number")]
    [InlineData("${{ insert }}", "${{ fromJSON('{\"A\":[1]}') }}", "the value of 'A' must be text, but is array")]
    [InlineData("${{ insert }}", "${{ fromJSON('{\"A=B\":1}') }}", "'A=B' cannot be a name here")]
    public void What_can_not_be_variables_fails_the_step(string name, string value, string problem)
    {
        var job = new ExecutedJob(
            Job(Script("a") with { Env = new Dictionary<string, string> { [name] = value } }),
            """{"github": {"event": {"t": "{\"PATH\": \"/evil\"}", "n": 3}}}""", ["/github/event/t"]);
        Assert.Contains(problem, job.Decide(0).Problem, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("${{ false && fromJSON('{}') }}")]
    [InlineData("${{ null }}")]
    public void Nothing_is_no_variables(string value) =>
        Assert.DoesNotContain("${{ insert }}", Begin(Plan("", $"env: \"{value}\"")).Environment.Keys);

    [Fact]
    public void A_whole_mapping_keeps_the_taint_of_its_values()
    {
        var ready = Plan("", "env: \"${{ github.event.pair }}\"");
        var job = new ExecutedJob(Job(Script("echo ${{ env.A }}")) with { Env = ready.Env },
            """{"github": {"event": {"pair": {"A": "$(evil)"}}}}""", ["/github/event/pair/A"]);
        var step = job.Begin(0);
        Assert.True(step.IsTainted);
        Assert.DoesNotContain("evil", step.Script, StringComparison.Ordinal);
    }

    [Fact]
    public void A_strategy_of_one_expression_makes_its_legs_and_may_leave_parts_out()
    {
        var legs = new Simulation("""
            on: push
            jobs: {a: {runs-on: x, strategy: "${{ fromJSON('{\"matrix\":{\"n\":[1,2]},\"max-parallel\":1}') }}", steps: [{run: x}]}}
            """);
        Assert.Equal("a[0]:queued a[1]:waiting", legs.Summary);
        Assert.True(legs.Jobs[0].Leg!.FailFast);
        Assert.Equal("a:queued", new Simulation("""
            on: push
            jobs: {a: {runs-on: x, strategy: "${{ fromJSON('{}') }}", steps: [{run: x}]}}
            """).Summary);
    }

    [Fact]
    public void Environment_concurrency_and_defaults_may_be_one_expression_that_gives_their_mapping()
    {
        var ready = Plan("", """
            environment: "${{ fromJSON('{\"name\":\"prod\",\"url\":\"u\"}') }}",
            concurrency: "${{ fromJSON('{\"group\":\"g\",\"cancel-in-progress\":true,\"queue\":\"single\"}') }}",
            defaults: {run: "${{ fromJSON('{\"shell\":\"sh\"}') }}"}
            """);
        Assert.Equal("prod", ready.Environment);
        Assert.Equal(new ReadyConcurrency("g", true, false), ready.Concurrency);
        var step = new ExecutedJob(Job(Script("a")) with { DefaultShell = ready.Defaults.Shell, DefaultWorkingDirectory = ready.Defaults.WorkingDirectory }).Begin(0);
        Assert.Equal(("sh", ""), (step.Shell, step.WorkingDirectory));
    }

    [Theory]
    [InlineData("success('a')", "c:queued")]
    [InlineData("success('b')", "c:skipped")]
    [InlineData("success('a', 'b')", "c:skipped")]
    [InlineData("failure('a', 'b')", "c:queued")]
    [InlineData("failure('a')", "c:skipped")]
    [InlineData("always() && failure('B')", "c:queued")]
    public void Success_and_failure_of_a_job_s_condition_take_names_of_jobs(string condition, string outcome)
    {
        var run = new Simulation($$"""
            on: push
            jobs:
              a: {runs-on: x, steps: [{run: x}]}
              b: {runs-on: x, steps: [{run: x}]}
              c: {runs-on: x, needs: [a, b], if: "{{condition}}", steps: [{run: x}]}
            """).Start("a", "b").End("a").End("b", "failure");
        Assert.EndsWith(outcome, run.Summary, StringComparison.Ordinal);
    }

    [Fact]
    public void A_step_s_condition_takes_no_names_and_a_job_can_only_ask_for_its_needs()
    {
        var step = WorkflowReader.Parse("w", "on: push\njobs: {a: {runs-on: x, steps: [{run: x, if: success('a')}]}}"u8);
        Assert.Contains("'success' takes 0 arguments, not 1", step.Diagnostics[0].Message, StringComparison.Ordinal);
        var other = new Simulation("on: push\njobs: {a: {runs-on: x, steps: [{run: x}]}, b: {runs-on: x, if: success('a'), steps: [{run: x}]}}");
        Assert.Contains("this job does not need a job 'a'", other.Failure("b"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Bash")]
    [InlineData("PYTHON")]
    [InlineData("Sh")]
    public void Shells_have_no_case(string shell) =>
        Assert.Contains($"\"shell\": \"{shell}\"", Canonical($"on: push\njobs: {{a: {{runs-on: x, steps: [{{run: x, shell: {shell}}}]}}}}"), StringComparison.Ordinal);
}
