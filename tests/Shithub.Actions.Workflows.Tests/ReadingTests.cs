namespace Shithub.Actions.Workflows.Tests;

public class ReadingTests
{
    [Fact]
    public void Everything_that_is_supported_is_read()
    {
        var workflow = Example.Workflow(
            """
            name: All
            on:
              push:
                branches: [main, 'release/**', '!release/old']
                tags: v*
                paths-ignore:
                  - docs/**
              workflow_dispatch:
                inputs:
                  level: {description: How loud, required: true, default: info, type: choice, options: [info, debug]}
                  dry: {type: boolean, default: true}
                  count: {type: number, default: 3}
                  where: {type: environment}
                  free:
            env: {A: 1, B: text}
            jobs:
              build:
                name: Build ${{ github.ref_name }}
                runs-on: [self-hosted, Linux]
                timeout-minutes: 5
                env: {C: c}
                steps:
                  - uses: actions/checkout@v4
                    with: {fetch-depth: 0, path: src, ref: main}
                  - id: one
                    name: One
                    run: make
                    shell: bash
                    working-directory: src
                    env: {D: d}
                    continue-on-error: true
              test:
                needs: build
                runs-on: linux
                steps: [{run: make test}]
              ship:
                needs: [Build, test]
                runs-on: linux
                steps: [{run: make ship, shell: sh}, {uses: shithub/checkout@v1}]
            """);
        Assert.Equal("All", workflow.Name);
        Assert.Equal(["main", "release/**", "!release/old"], workflow.On.Push!.Branches!.Patterns.Select(pattern => pattern.Text));
        Assert.True(workflow.On.Push.Paths!.Ignore);
        Assert.Equal(["level", "dry", "count", "where", "free"], workflow.On.WorkflowDispatch!.Inputs.Select(input => input.Name));
        Assert.Equal(["A", "B"], workflow.Env.Select(variable => variable.Name));
        Assert.Equal("1", workflow.Env[0].Value.Source);
        var build = workflow.Jobs[0];
        Assert.Equal(["self-hosted", "Linux"], build.RunsOn.Labels.Select(label => label.Source));
        Assert.Equal(5, build.TimeoutMinutes.Value);
        Assert.Equal(["fetch-depth", "path", "ref"], build.Steps[0].With.Select(input => input.Name));
        Assert.Equal("one", build.Steps[1].Id);
        Assert.True(build.Steps[1].ContinueOnError.Value);
        Assert.Equal(["build", "test"], workflow.Jobs[2].Needs);
    }

    [Theory]
    [InlineData("runs_on: x", "4:3: error: unknown key 'runs_on' in a job; did you mean 'runs-on'?")]
    [InlineData("RunsOn: x", "4:3: error: unknown key 'RunsOn' in a job; did you mean 'runs-on'?")]
    [InlineData("step: x", "4:3: error: unknown key 'step' in a job; did you mean 'steps'?")]
    [InlineData("run: x", "4:3: error: unknown key 'run' in a job; it belongs in a step")]
    [InlineData("zzzzzz: x",
        "4:3: error: unknown key 'zzzzzz' in a job; known here: name, permissions, needs, if, runs-on, environment, concurrency, outputs, env, defaults, steps, timeout-minutes, strategy, continue-on-error, container, services, uses, with, secrets, cache-mode")]
    [InlineData("timeout-minutes: 0", "4:20: error: 'jobs.a.timeout-minutes' must be a whole number from 1 to 43200")]
    [InlineData("timeout-minutes: soon", "4:20: error: 'jobs.a.timeout-minutes' must be a whole number from 1 to 43200")]
    [InlineData("needs: b", "4:10: error: the job 'a' needs 'b', which is no job of this file")]
    [InlineData("needs: a", "4:10: error: the needs go in a circle, so no job of it can start: a → a")]
    [InlineData("env: x", "4:8: error: 'jobs.a.env' must be a mapping, but is a string")]
    [InlineData("env: {A: [1]}", "4:12: error: 'jobs.a.env.A' must be a string, but is a list")]
    [InlineData("env: {A=B: 1}", "4:9: error: 'A=B' cannot be the name of an environment variable")]
    [InlineData("name: [a]", "4:9: error: 'jobs.a.name' must be a string, but is a list")]
    public void A_mistake_in_a_job_is_named_with_its_place_and_remedy(string line, string expected) =>
        Assert.Equal(expected, Example.Error($"on: push\njobs:\n a:\n  {line}\n  runs-on: x\n  steps: [{{run: x}}]\n"));

    [Theory]
    [InlineData("- name: x", "6:9: error: a step has either 'run' or 'uses'; this one has neither")]
    [InlineData("- run: x\n  uses: actions/checkout@v4", "7:9: error: a step has either 'run' or 'uses'; this one has both; make it two steps")]
    [InlineData("- run: x\n  shel: bash", "7:9: error: unknown key 'shel' in a step; did you mean 'shell'?")]
    [InlineData("- run: x\n  continue-on-error: yes",
        "7:28: error: 'jobs.green.steps[0].continue-on-error' must be true or false, but is a string; YAML 1.2 has only true and false")]
    [InlineData("- run: x\n  with: {a: b}", "7:9: error: 'with' is for steps with 'uses'; a script gets its values with 'env'")]
    [InlineData("- uses: actions/checkout@v4\n  shell: sh", "7:9: error: 'shell' is for steps with 'run'")]
    [InlineData("- uses: actions/checkout@v1",
        "6:15: error: this version of 'actions/checkout' is not built in: 'v1'; built in: v3, v4, v5; write 'actions/checkout@v5'")]
    [InlineData("- uses: action/checkout@v4",
        "6:15: error: the action 'action/checkout@v4' is not available here; did you mean 'actions/checkout@v4'?")]
    [InlineData("- uses: actions/setup-node@v4",
        "6:15: error: the action 'actions/setup-node@v4' is not available here; use an image that has node with 'container', or install it in a 'run:' step")]
    [InlineData("- uses: docker://alpine",
        "6:15: error: 'docker://alpine' is not supported: an action cannot bring its own image; run the job in it with 'container', and its program with 'run'")]
    [InlineData("- uses: actions/checkout@v4\n  with: {fetch_depth: 0}",
        "7:16: error: actions/checkout@v4 has no input 'fetch_depth'; did you mean 'fetch-depth'?")]
    [InlineData("- {run: x, id: a}\n- {run: x, id: A}", "7:22: error: another step of this job has the id 'A'; case makes no difference")]
    [InlineData("- {run: x, id: 1a}",
        "6:22: error: '1a' cannot be a step's id; it starts with a letter or '_', has letters, digits, '-' and '_' only, and at most 100 of them")]
    [InlineData("- run", "6:9: error: 'jobs.green.steps[0]' must be a mapping, but is a string; write '- run: COMMAND'")]
    public void A_mistake_in_a_step_is_named_with_its_place_and_remedy(string steps, string expected) =>
        Assert.Equal(expected, Example.Error(Example.Steps(steps)));

    [Theory]
    [InlineData("push:\n  branch: [a]", "3:4: error: unknown key 'branch' in 'push'; did you mean 'branches'?")]
    [InlineData("pussh:", "2:2: error: unknown event 'pussh'; did you mean 'push'?")]
    [InlineData("push:\n  branches: [a]\n  branches-ignore: [b]",
        "4:4: error: 'branches' and 'branches-ignore' cannot stand together; use 'branches' with patterns that start with '!'")]
    [InlineData("push:\n  tags: ['!a']",
        "3:10: error: 'on.push.tags' only excludes, so nothing could match; use 'tags-ignore', or put a pattern such as '**' first")]
    [InlineData("push:\n  paths: ['[a']", "3:12: error: the pattern '[a' is not valid: '[' has no ']' after it")]
    [InlineData("push:\n  paths: []", "3:11: error: 'on.push.paths' is an empty list")]
    [InlineData("workflow_dispatch:\n  inputs:\n   a: {type: bool}", "4:15: error: 'bool' is not a type of an input; did you mean 'boolean'?")]
    [InlineData("workflow_dispatch:\n  inputs:\n   a: {type: choice}", "4:5: error: the input 'a' is a choice without 'options'")]
    [InlineData("workflow_dispatch:\n  inputs:\n   a: {type: number, default: x}", "4:32: error: the default of 'a' must be a number")]
    [InlineData("workflow_dispatch:\n  inputs:\n   a: {type: choice, options: [x], default: z}", "4:46: error: the default of 'a' must be one of: x")]
    [InlineData("workflow_dispatch:\n  inputs:\n   a: {tipe: string}", "4:9: error: unknown key 'tipe' in an input; did you mean 'type'?")]
    public void A_mistake_in_a_trigger_is_named_with_its_place_and_remedy(string on, string expected) =>
        Assert.Equal(expected, Example.Error("on:\n " + on.Replace("\n", "\n ") + "\njobs: {a: {runs-on: x, steps: [{run: x}]}}\n"));

    [Fact]
    public void Events_that_never_happen_here_are_warnings_so_that_files_from_GitHub_load()
    {
        var warnings = Example.Warnings("on: [push, pull_request_target, release]\njobs: {a: {runs-on: x, steps: [{run: x}]}}");
        Assert.Equal(
            [
                "1:12: warning: the event 'pull_request_target' is GitHub's own and never fires here; use 'pull_request'; what needs secrets goes into a workflow on 'push'",
                "1:33: warning: the event 'release' is GitHub's own and never fires here",
            ],
            warnings);
    }

    [Fact]
    public void A_number_that_YAML_changes_is_a_warning()
    {
        var yaml = "on: push\nenv: {PYTHON: 3.10, OK: '3.10', N: 7, B: True}\njobs: {a: {runs-on: x, steps: [{run: x}]}}";
        Assert.Equal(
            [
                "2:15: warning: YAML reads 3.10 as a number, so this becomes '3.1'; write '3.10' in quotes to keep it as it is",
                "2:42: warning: YAML reads True as a boolean, so this becomes 'true'; write 'True' in quotes to keep it as it is",
            ],
            Example.Warnings(yaml));
        Assert.Equal(["3.1", "3.10", "7", "true"], Example.Workflow(yaml).Env.Select(variable => variable.Value.Source));
    }

    [Fact]
    public void On_yes_no_and_off_are_strings()
    {
        var workflow = Example.Workflow("on: push\nenv: {A: yes, B: off, C: on}\njobs: {a: {runs-on: x, steps: [{run: x}]}}");
        Assert.Equal(["yes", "off", "on"], workflow.Env.Select(variable => variable.Value.Source));
    }

    [Fact]
    public void Many_problems_come_at_once()
    {
        var errors = Example.Errors("nam: x\non: pusch\njobs:\n  a:\n    runs-on: x\n    steps:\n    - ruin: x\n    - uses: actions/stale@v9\n  1b: {}\n");
        Assert.Equal(7, errors.Count);
        Assert.Equal(["1:1", "2:5", "7:7", "8:13", "9:3", "9:3", "9:3"], errors.Select(error => string.Join(':', error.Split(':')[..2])));
    }

    [Fact]
    public void More_than_a_hundred_problems_are_cut_with_a_note()
    {
        var errors = Example.Errors("on: push\njobs: {a: {runs-on: x, steps: [{run: x}]}}\n" + string.Concat(Enumerable.Range(0, 300).Select(i => $"k{i}x: 1\n")));
        Assert.Equal(101, errors.Count);
        Assert.EndsWith("more than 100 problems in this file; the rest is not shown", errors[^1], StringComparison.Ordinal);
    }

    [Fact]
    public void A_diagnostic_knows_its_path_in_the_document()
    {
        var result = Example.Parse(Example.Steps("- run: x\n- run: echo ${{ bad( }}"));
        var diagnostic = Assert.Single(result.Diagnostics);
        Assert.Equal("jobs.green.steps[1].run", diagnostic.DocumentPath);
        Assert.Equal(DiagnosticCodes.Expression, diagnostic.Code);
        Assert.Equal((7, 23), (diagnostic.Line, diagnostic.Column));
    }

    [Theory]
    [InlineData("- run: echo ${{ nope.x }}", 6, 23)]
    [InlineData("- run: 'echo ''q'' ${{ nope.x }}'", 6, 30)]
    [InlineData("- run: |\n    echo ${{ github.sha }}\n    echo ${{ nope.x }}", 8, 20)]
    [InlineData("- run: >-\n    echo\n    ${{ github.sha }} ${{ nope.x }}", 8, 33)]
    [InlineData("- run: >-\n    echo\n    ${{ github.sha ||\n\n    nope.x }}", 10, 11)]
    [InlineData("- run: |\n    echo ${{ github.sha ||\n    nope.x }}", 8, 11)]
    [InlineData("- run: \"\\ta ${{ nope.x }}\"", 6, 23)]
    public void An_error_in_an_expression_points_into_the_script(string steps, int line, int column) =>
        Assert.StartsWith($"{line}:{column}: error: there is no context 'nope'", Example.Error(Example.Steps(steps)), StringComparison.Ordinal);

    [Fact]
    public void A_circle_of_needs_is_shown()
    {
        var error = Example.Error(
            """
            on: push
            jobs:
              a: {runs-on: x, steps: [{run: x}]}
              b: {needs: [a, d], runs-on: x, steps: [{run: x}]}
              c: {needs: b, runs-on: x, steps: [{run: x}]}
              d: {needs: c, runs-on: x, steps: [{run: x}]}
              e: {needs: d, runs-on: x, steps: [{run: x}]}
            """);
        Assert.Equal("4:18: error: the needs go in a circle, so no job of it can start: b → d → c → b", error);
    }

    [Fact]
    public void Anchors_work_and_merge_keys_do_not()
    {
        var workflow = Example.Workflow(
            """
            on: push
            env: &shared {A: a}
            jobs:
              one:
                runs-on: &label linux
                env: *shared
                steps: &steps [{run: make}]
              two: {runs-on: *label, steps: *steps}
            """);
        Assert.Equal("linux", workflow.Jobs[1].RunsOn.Labels[0].Source);
        Assert.Equal("make", workflow.Jobs[1].Steps[0].Run!.Source);

        var error = Example.Error("on: push\nenv: &e {A: a}\njobs: {a: {runs-on: x, env: {<<: *e}, steps: [{run: x}]}}");
        Assert.Equal(
            "3:30: error: merge keys ('<<') are not part of the workflow language; repeat the keys, or use an anchor for the whole value", error);
    }

    [Theory]
    [InlineData("on: push\non: push\njobs: {}", "2:1: error: the key 'on' is already defined on line 1")]
    [InlineData("on: !!js push", "1:5: error: the tag 'tag:yaml.org,2002:js' is not supported here")]
    [InlineData("on: !x push", "1:5: error: the tag '!x' is not supported here")]
    [InlineData("on: *nope", "1:5: error: the alias '*nope' has no anchor '&nope' before it")]
    [InlineData("on: &a [*a]", "1:9: error: the alias '*a' stands inside the node that it names")]
    [InlineData("on: push\n---\non: push", "2:1: error: a second YAML document starts here; a workflow file has one")]
    [InlineData("jobs:\n\ta: b", "2:1: error: a tab in the indentation: YAML indents with spaces only; replace the tab by spaces")]
    [InlineData("", "1:1: error: the file is empty")]
    [InlineData("# only a comment", "1:1: error: the file is empty")]
    [InlineData("- a", "1:1: error: a workflow must be a mapping with 'on' and 'jobs', but is a list")]
    [InlineData("? [a]\n: b", "1:3: error: a key must be a string, not a list or a mapping")]
    public void What_is_not_a_workflow_at_all_is_said_plainly(string yaml, string expected) =>
        Assert.Equal(expected, Example.Errors(yaml)[0]);
}
