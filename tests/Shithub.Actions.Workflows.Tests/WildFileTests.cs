namespace Shithub.Actions.Workflows.Tests;

/// <summary>What GitHub takes and files of the wild have, though nobody would write it so on purpose.</summary>
public class WildFileTests
{
    [Fact]
    public void Keys_that_mean_nothing_in_an_action_are_passed_over_with_a_warning()
    {
        var result = CompositeActionReader.Parse("action.yml", "icon: x\ninputs: {a: {type: string, requird: true}}\nruns: {using: composite, steps: [{run: x, shell: bash}]}"u8);
        Assert.NotNull(result.Action);
        Assert.Equal(
            [
                "action.yml:1:1: warning: 'icon' means nothing in an action",
                "action.yml:2:14: warning: 'type' means nothing in an input of an action",
                "action.yml:2:28: warning: 'requird' means nothing in an input of an action; did you mean 'required'?",
            ],
            result.Diagnostics.Select(diagnostic => diagnostic.ToString()));
    }

    [Fact]
    public void A_time_of_a_template_says_what_it_stands_for() => Assert.EndsWith(
        "this stands for a time in GitHub's templates; write one such as '30 5 * * 1'",
        Example.Error("on: {schedule: [{cron: $cron-weekly}]}\njobs: {a: {runs-on: x, steps: [{run: x}]}}"), StringComparison.Ordinal);

    [Fact]
    public void A_service_s_cmd_of_Forgejo_is_its_command() => Assert.EndsWith(
        "unknown key 'cmd' in a service; did you mean 'command'?",
        Example.Error("on: push\njobs: {a: {runs-on: x, services: {b: {image: c, cmd: d}}, steps: [{run: x}]}}"), StringComparison.Ordinal);

    [Theory]
    [InlineData("if: ''")]
    [InlineData("if:")]
    [InlineData("if: ~")]
    public void An_empty_condition_means_success_and_is_pointed_out(string line)
    {
        var warning = Assert.Single(Example.Warnings(Example.Steps($"- run: x\n  {line}")));
        Assert.EndsWith("'jobs.green.steps[0].if' is empty, which means success(); write the condition, or leave the key out", warning, StringComparison.Ordinal);
    }

    [Fact]
    public void An_empty_condition_of_a_job_means_success()
    {
        var job = Example.Workflow("on: push\njobs: {a: {runs-on: x, if: '', steps: [{run: x}]}}").Jobs[0];
        Assert.Null(job.If);
    }

    [Theory]
    [InlineData("container: null")]
    [InlineData("container:")]
    [InlineData("container: ''")]
    public void An_empty_container_is_none(string line) =>
        Assert.Null(Example.Workflow($"on: push\njobs:\n a:\n  runs-on: x\n  {line}\n  steps: [{{run: x}}]").Jobs[0].Container);

    [Fact]
    public void An_empty_working_directory_is_the_workspace_whatever_the_defaults_say()
    {
        var workflow = Example.Workflow(
            "on: push\ndefaults: {run: {working-directory: build}}\njobs: {a: {runs-on: x, steps: [{run: x, working-directory: }, {run: y}]}}");
        Assert.Equal("", workflow.Jobs[0].Steps[0].WorkingDirectory?.Source);
        Assert.Null(workflow.Jobs[0].Steps[1].WorkingDirectory);
    }

    [Theory]
    [InlineData("actions/checkout@v2", "actions/checkout@v5", "version")]
    [InlineData("actions/checkout@v6.0.2", "actions/checkout@v5", "version")]
    [InlineData("actions/cache@v3", "actions/cache@v4", "version")]
    [InlineData("actions/cache/save@v5", "actions/cache/save@v4", "version")]
    [InlineData("actions/upload-artifact@v6", "actions/upload-artifact@v4", "version")]
    [InlineData("actions/download-artifact@v8", "actions/download-artifact@v4", "version")]
    [InlineData("actions/checkout@8f4b7f84864484a7bf31766abe9204da3cbe65b3", "actions/checkout@v5", "commit")]
    public void Versions_and_commits_that_do_the_same_are_read_as_the_one_that_is_built_in(string uses, string builtIn, string what)
    {
        var step = $"- uses: {uses}\n  with: {{path: a, key: b}}".Replace(uses.Contains("cache", StringComparison.Ordinal) ? "#" : ", key: b", "", StringComparison.Ordinal);
        var yaml = Example.Steps($"{step}\n{step}");
        Assert.All(Example.Workflow(yaml).Jobs[0].Steps, read => Assert.Equal(builtIn, read.Uses));
        // Said once, however often the action is used.
        var warning = Assert.Single(Example.Warnings(yaml));
        Assert.Contains($"is built in, so the {what} makes no difference; write '{builtIn}'", warning, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("actions/cache@v2")]
    [InlineData("actions/upload-artifact@v3")]
    [InlineData("actions/checkout@v20")]
    public void Versions_that_GitHub_has_switched_off_or_that_do_something_else_are_refused(string uses) =>
        Assert.Contains("is not built in", Example.Error(Example.Steps($"- uses: {uses}\n  with: {{path: a}}")), StringComparison.Ordinal);

    [Fact]
    public void A_quoted_boolean_of_an_input_is_taken_with_a_warning()
    {
        const string Yaml = "on: {workflow_dispatch: {inputs: {a: {required: 'true'}}}}\njobs: {a: {runs-on: x, steps: [{run: x}]}}";
        Assert.True(Assert.Single(Example.Workflow(Yaml).On.WorkflowDispatch!.Inputs).Required);
        Assert.Contains("is a string, and read as a boolean; write true without quotes", Assert.Single(Example.Warnings(Yaml)), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData('"')]
    [InlineData('\'')]
    public void Lines_of_a_quoted_value_may_stand_at_the_left_margin(char quote)
    {
        var step = Example.Workflow(Example.Steps($"- run: {quote}echo one\n  two{quote}\n- run: x").Replace("\n        two", "\ntwo", StringComparison.Ordinal)).Jobs[0].Steps[0];
        Assert.Equal("echo one two", step.Run!.Source);
    }

    [Fact]
    public void A_quote_that_is_never_closed_is_still_an_error() =>
        Assert.Contains("a quote is not closed", Example.Error(Example.Steps("- run: \"echo") + "\nx: y\nz: 1\n"), StringComparison.Ordinal);

    [Theory]
    [InlineData("['', a]", "t|t (a)")]
    [InlineData("[null, 1]", "t|t (1)")]
    public void Empty_values_of_a_matrix_are_no_part_of_the_name(string values, string names)
    {
        var run = new Simulation($"on: push\njobs: {{t: {{runs-on: x, strategy: {{matrix: {{v: {values}}}}}, steps: [{{run: t}}]}}}}");
        Assert.Equal(names, string.Join('|', run.Jobs.Select(job => run.Ready(job.Path).Name)));
    }

    [Theory]
    [InlineData("run:")]
    [InlineData("run: ''")]
    [InlineData("run: ' '")]
    public void An_empty_script_does_nothing_and_is_pointed_out(string line)
    {
        var yaml = Example.Steps($"- {line}");
        Assert.NotNull(Example.Workflow(yaml).Jobs[0].Steps[0].Run);
        Assert.EndsWith("'jobs.green.steps[0].run' is empty, so the step does nothing", Assert.Single(Example.Warnings(yaml)), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("0", false)]
    [InlineData("0.0", false)]
    [InlineData(".nan", false)]
    [InlineData("-0", false)]
    [InlineData("1", true)]
    [InlineData("-1", true)]
    [InlineData("1.5", true)]
    [InlineData("0xf", true)]
    [InlineData(".inf", true)]
    [InlineData("true", true)]
    [InlineData("False", false)]
    public void A_condition_may_be_a_number_or_a_boolean_of_YAML(string value, bool runs)
    {
        var run = new Simulation($"on: push\njobs: {{t: {{runs-on: x, if: {value}, steps: [{{run: t}}]}}}}");
        Assert.Equal(runs ? "t:queued" : "t:skipped", run.Summary);
    }

    [Fact]
    public void What_caches_may_be_used_for_is_checked_and_has_no_effect()
    {
        const string Yaml = "on: push\ncache-mode: read\njobs:\n  a: {runs-on: x, cache-mode: write-only, steps: [{run: x}]}\n"
            + "  b: {uses: ./.shithub/workflows/b.yml, cache-mode: none}\n  c: {runs-on: x, cache-mode: write, steps: [{run: x}]}";
        Assert.Empty(Example.Warnings(Yaml));
        Assert.Equal(
            "2:13: error: 'off' is not a cache mode; known here: read, write, write-only, none",
            Example.Error("on: push\ncache-mode: off\njobs: {a: {runs-on: x, steps: [{run: x}]}}"));
        Assert.Equal(
            "2:36: error: 'reed' is not a cache mode; did you mean 'read'?",
            Example.Error("on: push\njobs: {a: {runs-on: x, cache-mode: reed, steps: [{run: x}]}}"));
    }

    [Theory]
    [InlineData("issue_comment: {types: [opened]}", "1:30: error: 'opened' is not an activity of 'issue_comment'; known here: created, edited, deleted")]
    [InlineData("release: {types: publish}", "1:23: error: 'publish' is not an activity of 'release'; did you mean 'published'?")]
    [InlineData("watch: {types: [created, deleted]}", "1:22: error: 'created' is not an activity of 'watch'; known here: started\n1:31: error: 'deleted' is not an activity of 'watch'; known here: started")]
    public void An_event_that_never_fires_is_for_an_activity_that_exists(string on, string errors) =>
        Assert.Equal(errors, string.Join('\n', Example.Errors($"on: {{{on}}}\njobs: {{a: {{runs-on: x, steps: [{{run: x}}]}}}}")));

    [Theory]
    [InlineData("pull_request_target: {types: [opened, synchronized], branches: [main], paths: [src/**]}")]
    [InlineData("issues: {types: [field_added, typed]}")]
    [InlineData("create: {tags: ['v*']}")]
    [InlineData("create: ")]
    [InlineData("release: {branches: [main]}")]
    [InlineData("image_version: {names: [a], versions: ['1.*']}")]
    [InlineData("milestone: {types: }")]
    public void An_event_that_never_fires_may_say_what_GitHub_passes_over(string on) =>
        Assert.Contains("never fires here", Assert.Single(Example.Warnings($"on: {{{on}}}\njobs: {{a: {{runs-on: x, steps: [{{run: x}}]}}}}")), StringComparison.Ordinal);

    [Theory]
    [InlineData("on: push\ndescription: ${{ github.ref }}", "2:14: error: expressions are not available under 'description'")]
    [InlineData("on: {workflow_dispatch: {inputs: {a: {description: 'of ${{ github.ref }}'}}}}", "1:56: error: expressions are not available under 'description'")]
    [InlineData("on: {workflow_dispatch: {inputs: {a: {type: choice, options: [x, '${{ vars.Y }}']}}}}", "1:67: error: expressions are not available under 'options'")]
    [InlineData("on: {workflow_call: {inputs: {a: {type: string, description: '${{ vars.Y }}'}}}}", "1:63: error: expressions are not available under 'description'")]
    [InlineData("on: {workflow_call: {secrets: {a: {description: '${{ vars.Y }}'}}}}", "1:50: error: expressions are not available under 'description'")]
    [InlineData("on: {workflow_call: {outputs: {a: {value: x, description: '${{ vars.Y }}'}}}}", "1:60: error: expressions are not available under 'description'")]
    public void What_is_written_for_people_has_no_expressions(string head, string error) =>
        Assert.Equal(error, Example.Error($"{head}\njobs: {{a: {{runs-on: x, steps: [{{run: x}}]}}}}"));

    [Fact]
    public void A_file_may_have_Windows_line_ends_a_byte_order_mark_and_document_marks()
    {
        const string Yaml = "on: push\njobs:\n  a:\n    runs-on: x\n    steps:\n      - run: |\n          one\n\n          two\n";
        var plain = WorkflowJson.Write(Example.Workflow(Yaml));
        Assert.Equal(plain, WorkflowJson.Write(Example.Workflow(Yaml.Replace("\n", "\r\n", StringComparison.Ordinal))));
        Assert.Equal(plain, WorkflowJson.Write(Example.Workflow("\ufeff" + Yaml)));
        Assert.Equal(plain, WorkflowJson.Write(Example.Workflow("%YAML 1.2\n---\n" + Yaml + "...\n")));
    }
}
