using System.Text;
using static Shithub.Actions.Workflows.Tests.Conformance.Sentence;

namespace Shithub.Actions.Workflows.Tests.Conformance;

/// <summary>
/// 'Workflow syntax for GitHub Actions', <c>jobs.&lt;job_id&gt;.steps</c>, and 'Metadata syntax' of composite actions. The titles are
/// their sentences.
/// </summary>
public class StepKeysTests
{
    private static string Step(string step) => $"on: push\njobs:\n  a:\n    runs-on: x\n    steps:\n    - {step.Replace("\n", "\n      ")}\n";

    public static IEnumerable<TheoryDataRow<string, string, bool>> Sentences =>
    [
        Means("A unique identifier for the step.", Step("{id: one, run: x}"), "{id:one,run:x}"),
        Means("if: Example: Using contexts", Step("{run: x, if: \"${{ github.event_name == 'pull_request' && github.event.action == 'unassigned' }}\"}"),
            "if:${{ github.event_name == 'pull_request' && github.event.action == 'unassigned' }}"),
        Means("if: Example: Using status check functions", Step("{run: x, if: '${{ failure() }}'}"), "if:${{ failure() }}"),
        Refuses("Secrets cannot be directly referenced in if: conditionals.", Step("{run: x, if: \"${{ secrets.SuperSecret != '' }}\"}"),
            "6:25: error: the context 'secrets' is not available under 'jobs.<job_id>.steps.if'; available here: github, shithub, env, vars, job, steps, runner, strategy, matrix, needs, inputs"),
        Means("uses: Reference the major version of a release", Step("uses: actions/checkout@v4"), "uses:actions/checkout@v4"),
        Means("uses: Reference a specific version", Step("uses: actions/checkout@v4.2.0"), "uses:actions/checkout@v4"),
        Means("uses: Reference a specific commit", Step("uses: actions/checkout@8f4b7f84864484a7bf31766abe9204da3cbe65b3"), "uses:actions/checkout@v5"),
        Refuses("uses: Reference a branch", Step("uses: actions/checkout@main"), "6:13: error: this version of 'actions/checkout' is not built in: 'main'; built in: v3, v4, v5; write 'actions/checkout@v5'"),
        Refuses("If you don't specify a version, it could break your workflows.", Step("uses: actions/checkout"), "6:13: error: 'actions/checkout' has no version; built in: v3, v4, v5; write 'actions/checkout@v5'"),
        Means("uses: owner/repo@ref", Step("uses: octo/action@v2.0.1"), "uses:octo/action@v2.0.1"),
        Means("uses: owner/repo/path@ref", Step("uses: octo/aws/ec2@main"), "uses:octo/aws/ec2@main"),
        Means("uses: ./path/to/dir", Step("uses: ./.github/actions/my-action"), "uses:./.github/actions/my-action"),
        Means("uses: $/path/to/action", Step("uses: $/.github/actions/hello-world-action"), "uses:$/.github/actions/hello-world-action"),
        Refuses("A $/ reference must not include an @{ref} suffix.", Step("uses: $/actions/my-action@v1"),
            "6:13: error: '$/actions/my-action@v1' is not an action: what is in the same repository has the same commit; write '$/actions/my-action'"),
        Refuses("uses: docker://image:tag", Step("uses: docker://alpine:3.8"),
            "6:13: error: 'docker://alpine:3.8' is not supported: an action cannot bring its own image; run the job in it with 'container', and its program with 'run'"),
        Refuses("You can't use expressions in uses.", Step("uses: octo/${{ github.event_name }}@v1"), "6:18: error: expressions are not available under 'uses'; name the action outright"),
        Refuses("Some actions require inputs that you must set using the with keyword.", Step("uses: actions/upload-artifact@v4"), "6:13: error: actions/upload-artifact@v4 needs the input 'path'; add it under 'with'"),
        Means("run: A multi-line command", Step("run: |\n  npm ci\n  npm run build"), "run:npm ci\\nnpm run build"),
        Means("Using the working-directory keyword, you can specify the working directory of where to run the command.", Step("{run: rm -rf *, working-directory: ./temp}"), "working-directory:./temp"),
        Means("shell: Running a command using Bash", Step("{run: x, shell: bash}"), "shell:bash"),
        Means("shell: Running a command using PowerShell Core", Step("{run: x, shell: pwsh}"), "shell:pwsh"),
        Means("shell: Running an inline Python script", Step("{run: x, shell: python}"), "shell:python"),
        Means("You can set the shell value to a template string using command [options] {0} [more_options].", Step("{run: x, shell: 'perl {0}'}"), "shell:perl {0}"),
        Refuses("shell: Running a command using Windows cmd", Step("{run: x, shell: cmd}"), "6:23: error: the shell 'cmd' is a part of Windows, and jobs run on Linux; use bash"),
        Refuses("shell: Using PowerShell Desktop", Step("{run: x, shell: powershell}"), "6:23: error: the shell 'powershell' is a part of Windows, and jobs run on Linux; use 'pwsh' with an image that has it, or bash"),
        Means("with: a map of the input parameters defined by the action.", Step("{uses: octo/hello@v1, with: {first_name: Mona, middle_name: The, count: 3}}"), "with:{first_name:Mona,middle_name:The,count:3}"),
        Means("with: inputs ids have no case.", Step("{uses: actions/checkout@v4, with: {Fetch-Depth: 0}}"), "with:{fetch-depth:0}"),
        Means("env sets variables for steps to use in the runner environment.", Step("{run: x, env: {GITHUB_TOKEN: '${{ secrets.GITHUB_TOKEN }}', FIRST_NAME: Mona}}"),
            "env:{GITHUB_TOKEN:${{ secrets.GITHUB_TOKEN }},FIRST_NAME:Mona}"),
        Means("continue-on-error prevents a job from failing when a step fails.", Step("{run: x, continue-on-error: true}"), "continue-on-error:true"),
        Means("The maximum number of minutes to run the step before killing the process.", Step("{run: x, timeout-minutes: 5}"), "timeout-minutes:5"),
        Refuses("Fractional values are not supported. timeout-minutes must be a positive integer.", Step("{run: x, timeout-minutes: 0.5}"),
            "6:33: error: 'jobs.a.steps[0].timeout-minutes' must be a whole number from 1 to 43200"),
        Refuses("background runs a step asynchronously.", Step("{run: x, background: true}"),
            "6:16: error: 'background' of a step is not supported: steps run one after the other: use a service, or '&' in the script"),
        Refuses("wait pauses the job until one or more background steps complete.", Step("wait: server"), "6:7: error: 'wait' of a step is not supported: steps run one after the other"),
        Refuses("parallel runs a group of steps concurrently.", Step("parallel: [{run: x}]"),
            "6:7: error: 'parallel' of a step is not supported: steps run one after the other: use jobs, or '&' and 'wait' in the script"),
    ];

    [Theory]
    [MemberData(nameof(Sentences))]
    public void Holds(string yaml, string expected, bool isValid) => Hold(yaml, expected, isValid);

    private static CompositeActionParseResult Action(string yaml) => CompositeActionReader.Parse("action.yml", Encoding.UTF8.GetBytes(yaml));

    private static string ActionError(string yaml) => Assert.Single(Action(yaml).Diagnostics).ToString()["action.yml:".Length..];

    [Fact]
    public void Inputs_ids_with_uppercase_letters_are_converted_to_lowercase_during_runtime()
    {
        var action = Action("name: A\ninputs: {NumOctocats: {description: d, required: false, default: '1'}}\nruns: {using: composite, steps: [{run: x, shell: sh}]}").Action!;
        var input = Assert.Single(action.Inputs);
        Assert.Equal(("numoctocats", "d", false, "1"), (input.Name, input.Description, input.Required, input.Default!.Source));
    }

    [Fact]
    public void Runs_steps_shell_is_required_if_run_is_set() => Assert.Equal(
        "2:35: error: a 'run' step of an action has no 'shell'; add 'shell: bash'", ActionError("name: A\nruns: {using: composite, steps: [{run: x}]}"));

    [Fact]
    public void Outputs_of_composite_actions_have_a_value() => Assert.Equal(
        "2:11: error: the output 'o' has no 'value'; add one such as ${{ steps.ID.outputs.NAME }}",
        ActionError("name: A\noutputs: {o: {description: d}}\nruns: {using: composite, steps: [{run: x, shell: sh}]}"));

    [Fact]
    public void Composite_actions_see_no_secrets() => Assert.StartsWith(
        "2:50: error: the context 'secrets' is not available under 'runs.steps'",
        ActionError("name: A\nruns: {using: composite, steps: [{run: 'echo ${{ secrets.x }}', shell: sh}]}"), StringComparison.Ordinal);

    [Fact]
    public void You_cannot_use_background_on_steps_inside_a_composite_action() => Assert.StartsWith(
        "2:54: error: 'background' of a step of an action is not supported", ActionError("name: A\nruns: {using: composite, steps: [{run: x, shell: sh, background: true}]}"),
        StringComparison.Ordinal);

    [Theory]
    [InlineData("docker", "2:15: error: an action that is an image does not run here: only composite actions do; run the job in the image with 'container', and its program from a composite action's 'run:' step")]
    [InlineData("node24", "2:15: error: an action for Node ('node24') does not run here: only composite actions do; call the program from a composite action's 'run:' step, in an image that has node")]
    [InlineData("compose", "2:15: error: 'compose' is not a kind of action; did you mean 'composite'?")]
    public void Runs_using_is_composite(string kind, string error) => Assert.Equal(error, ActionError($"name: A\nruns: {{using: {kind}, main: x, image: y}}"));

    [Fact]
    public void An_action_without_runs_is_none() => Assert.Equal(
        "1:1: error: the action has no 'runs'; add 'runs' with 'using: composite' and 'steps'", ActionError("name: A"));

    [Fact]
    public void A_workflow_is_no_action() => Assert.Equal(
        "1:1: error: this is a workflow, not the description of an action; a job's 'uses' calls it, not a step's",
        ActionError("name: A\non: push\njobs: {}"));
}
