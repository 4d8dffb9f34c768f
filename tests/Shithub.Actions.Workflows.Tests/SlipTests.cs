using System.Text;

namespace Shithub.Actions.Workflows.Tests;

/// <summary>What people get wrong in files of the wild, and what they are told.</summary>
public class SlipTests
{
    public static IEnumerable<TheoryDataRow<string, string>> Slips =>
    [
        Slip(
            "A filter in the singular",
            "on: {push: {branch: main}}\njobs: {a: {runs-on: x, steps: [{run: x}]}}",
            "1:13: error: unknown key 'branch' in 'push'; did you mean 'branches'?"),
        Slip(
            "Needs in the singular",
            "on: push\njobs:\n  a: {runs-on: x, need: b, steps: [{run: x}]}",
            "3:19: error: unknown key 'need' in a job; did you mean 'needs'?"),
        Slip(
            "Runs on with an underscore",
            "on: push\njobs:\n  a:\n    run_on: x\n    steps: [{run: x}]",
            "4:5: error: unknown key 'run_on' in a job; did you mean 'runs-on'?"),
        Slip(
            "Runs on in the singular",
            "on: push\njobs:\n  a:\n    run-on: x\n    steps: [{run: x}]",
            "4:5: error: unknown key 'run-on' in a job; did you mean 'runs-on'?"),
        Slip(
            "Steps in the singular",
            "on: push\njobs:\n  a:\n    runs-on: x\n    step: [{run: x}]",
            "5:5: error: unknown key 'step' in a job; did you mean 'steps'?"),
        Slip(
            "A timeout in the singular",
            "on: push\njobs:\n  a:\n    runs-on: x\n    timeout-minute: 5\n    steps: [{run: x}]",
            "5:5: error: unknown key 'timeout-minute' in a job; did you mean 'timeout-minutes'?"),
        Slip(
            "An event with a hyphen",
            "on: pull-request\njobs: {a: {runs-on: x, steps: [{run: x}]}}",
            "1:5: error: unknown event 'pull-request'; did you mean 'pull_request'?"),
        Slip(
            "An event s nickname",
            "on: [push, pr]\njobs: {a: {runs-on: x, steps: [{run: x}]}}",
            "1:12: error: unknown event 'pr'; did you mean 'pull_request'?"),
        Slip(
            "An expression that is not closed",
            "on: push\njobs: {a: {runs-on: x, if: \"${{ github.ref == 'x'\", steps: [{run: x}]}}",
            "2:29: error: '${{' has no '}}' after it; a literal '${{' is written ${{ '${{' }}"),
        Slip(
            "A single equals sign",
            "on: push\njobs: {a: {runs-on: x, if: \"github.ref = 'x'\", steps: [{run: x}]}}",
            "2:40: error: unexpected '=' in the expression; compare with '=='"),
        Slip(
            "Double quotes in an expression",
            "on: push\njobs: {a: {runs-on: x, if: 'github.ref == \"x\"', steps: [{run: x}]}}",
            "2:43: error: a string in an expression is written in single quotes; use '…', and '' for a quote inside it"),
        Slip(
            "An environment as a list",
            "on: push\njobs:\n  a:\n    runs-on: x\n    env:\n      - A=1\n    steps: [{run: x}]",
            "6:7: error: 'jobs.a.env' must be a mapping, but is a list; write 'NAME: value' lines, without '-'"),
        Slip(
            "A step that runs and uses",
            "on: push\njobs:\n  a:\n    runs-on: x\n    steps:\n    - uses: actions/checkout@v4\n      run: x",
            "6:7: error: a step has either 'run' or 'uses'; this one has both; make it two steps"),
        Slip(
            "Systems in one list",
            "on: push\njobs: {a: {runs-on: [ubuntu-latest, windows-latest], steps: [{run: x}]}}",
            "2:21: warning: one runner must have all these labels: ubuntu-latest, windows-latest; for a job on each, use 'strategy.matrix'"),
        Slip(
            "Labels with a comma",
            "on: push\njobs: {a: {runs-on: 'ubuntu-latest, windows-latest', steps: [{run: x}]}}",
            "2:21: error: a label has no comma; write a list: [ubuntu-latest, windows-latest]"),
        Slip(
            "A key twice",
            "on: push\njobs: {a: {runs-on: x, steps: [{run: x}]}}\non: push",
            "3:1: error: the key 'on' is already defined on line 1"),
        Slip(
            "A tab",
            "on: push\njobs:\n  a:\n\truns-on: x",
            "4:1: error: a tab in the indentation: YAML indents with spaces only; replace the tab by spaces"),
        Slip(
            "Braces apart",
            "on: push\nenv: {A: '${ { github.ref } }'}\njobs: {a: {runs-on: x, steps: [{run: x}]}}",
            "2:10: warning: '${ {…' is text: an expression is written '${{ … }}'"),
        Slip(
            "Braces without a dollar",
            "on: push\nenv: {A: '{{ github.ref }}'}\njobs: {a: {runs-on: x, steps: [{run: x}]}}",
            "2:10: warning: '{{ github.…' is text: an expression is written '${{ … }}'"),
        Slip(
            "A dollar apart",
            "on: push\nenv: {A: '$ {{ github.ref }}'}\njobs: {a: {runs-on: x, steps: [{run: x}]}}",
            "2:10: warning: '$ {{…' is text: an expression is written '${{ … }}'"),
        Slip(
            "Single braces",
            "on: push\njobs: {a: {runs-on: \"${ matrix.os }\", strategy: {matrix: {os: [a]}}, steps: [{run: x}]}}",
            "2:21: warning: '${ matrix.o…' is text: an expression is written '${{ … }}'"),
        Slip(
            "A secret in a condition",
            "on: push\njobs: {a: {runs-on: x, steps: [{run: x, if: \"secrets.X != ''\"}]}}",
            "2:46: error: the context 'secrets' is not available under 'jobs.<job_id>.steps.if'; available here: github, shithub, env, vars, job, steps, runner, strategy, matrix, needs, inputs"),
        Slip(
            "The environment in a job s condition",
            "on: push\njobs: {a: {runs-on: x, if: env.X == 'a', steps: [{run: x}]}}",
            "2:28: error: the context 'env' is not available under 'jobs.<job_id>.if'; available here: github, shithub, vars, needs, inputs"),
        Slip(
            "An expression in a flow mapping",
            "on: push\njobs: {a: {runs-on: x, steps: [{run: x, if: ${{ always() }}}]}}",
            "2:46: error: a ',' or '}' is missing; write values with '{', '}', '[', ']' or ',' in quotes"),
        Slip(
            "A colon without quotes",
            "on: push\njobs:\n  a:\n    runs-on: x\n    steps:\n    - run: echo \"a: b\"\n    - name: Run: x\n      run: x",
            "6:19: error: a value without quotes has ': ' in it, which starts a mapping; write the whole value in quotes"),
        Slip(
            "A condition that starts with an exclamation mark",
            "on: push\njobs:\n  a:\n    runs-on: x\n    if: !cancelled()\n    steps:\n    - run: x",
            "5:9: error: the tag '!cancelled()' is not supported here; a value that starts with '!' is a tag: write ${{ !… }}, or quotes around it"),
        Slip(
            "A star without quotes",
            "on:\n  push:\n    branches:\n      - *\njobs: {a: {runs-on: x, steps: [{run: x}]}}",
            "4:9: error: a value that starts with '*' or '&' is an alias or an anchor; write the whole value in quotes"),
        Slip(
            "Two stars without quotes",
            "on:\n  push:\n    branches:\n      - **/x\njobs: {a: {runs-on: x, steps: [{run: x}]}}",
            "4:9: error: the alias '**/x' has no anchor '&*/x' before it; write '**/x' in quotes if it is a value"),
        Slip(
            "An at sign without quotes",
            "on: push\njobs:\n  a:\n    runs-on: x\n    steps:\n    - run: @x",
            "6:12: error: a value without quotes cannot start with this character; write the whole value in quotes"),
        Slip(
            "Jobs as a list",
            "on: push\njobs:\n  - a:\n      runs-on: x\n      steps: [{run: x}]",
            "3:3: error: 'jobs' must be a mapping, but is a list; write 'NAME:' before each job, without '-'"),
        Slip(
            "Steps as a mapping",
            "on: push\njobs:\n  a:\n    runs-on: x\n    steps:\n      run: x",
            "6:7: error: 'jobs.a.steps' must be a list of steps, but is a mapping; write '- ' before each step"),
        Slip(
            "Steps beside the job",
            "on: push\njobs:\n  a:\n    runs-on: x\n  steps:\n    - run: x",
            "3:3: error: the job 'a' has no 'steps'\n"
            + "6:5: error: 'jobs.steps' must be a mapping, but is a list; 'steps' belongs in a job: indent it below the job's id"),
        Slip(
            "With beside the steps",
            "on: push\njobs:\n  a:\n    runs-on: x\n    steps:\n    - uses: actions/checkout@v4\n    with:\n      fetch-depth: 0",
            "7:5: error: 'with' is for jobs that call a workflow with 'uses'; a step's 'with' is indented below the step"),
        Slip(
            "An input beside uses",
            "on: push\njobs:\n  a:\n    runs-on: x\n    steps:\n    - uses: actions/checkout@v4\n      fetch-depth: 0",
            "7:7: error: unknown key 'fetch-depth' in a step; 'fetch-depth' is an input: write it below 'with'"),
        Slip(
            "Values that an input does not take",
            "on: push\njobs:\n  a:\n    runs-on: x\n    steps:\n    - uses: actions/checkout@v4\n      with: {fetch-depth: all, submodules: yes, clean: 1}",
            "7:27: error: the input 'fetch-depth' of actions/checkout@v4 must be a whole number, 0 or more\n"
            + "7:44: error: the input 'submodules' of actions/checkout@v4 must be one of: true, false, recursive\n"
            + "7:56: error: the input 'clean' of actions/checkout@v4 must be true or false"),
        Slip(
            "A schedule that is no list",
            "on:\n  schedule:\n    cron: '0 0 * * *'\njobs: {a: {runs-on: x, steps: [{run: x}]}}",
            "3:5: error: 'on.schedule' must be a list, but is a mapping; write '- cron: ''30 5 * * 1''' lines below it"),
        Slip(
            "Times and zones that are none",
            "on:\n  schedule:\n    - cron: '0 0 * *'\n      timezone: CET\n    - timezone: Europe/Berln\njobs: {a: {runs-on: x, steps: [{run: x}]}}",
            "3:13: error: '0 0 * *' is not a cron schedule: it has 4 fields, not five: minute, hour, day of the month, month, day of the week\n"
            + "4:17: error: 'CET' is no time zone of the IANA database; write one such as 'Europe/Berlin' or 'UTC'\n"
            + "5:17: error: 'Europe/Berln' is no time zone of the IANA database; did you mean 'Europe/Berlin'?\n"
            + "5:7: error: an entry of 'schedule' has no 'cron'; write '- cron: ''30 5 * * 1''' lines below it"),
        Slip(
            "Permissions that are none",
            "on: push\npermissions: {content: read, issues: writ, id-token: read}\njobs: {a: {runs-on: x, permissions: read, steps: [{run: x}]}}",
            "2:15: error: unknown permission 'content'; did you mean 'contents'?\n"
            + "2:38: error: 'permissions.issues' cannot be 'writ'; did you mean 'write'?\n"
            + "2:54: error: 'permissions.id-token' cannot be 'read'; known here: write, none\n"
            + "3:37: error: 'jobs.a.permissions' cannot be 'read'; did you mean 'read-all'?"),
        Slip(
            "A matrix of other shapes",
            "on: push\njobs: {a: {runs-on: x, strategy: {matrix: {os: linux, include: {a: b}, exclude: [{oz: x}, y]}}, steps: [{run: x}]}}",
            "2:48: error: 'jobs.a.strategy.matrix.os' must be a list of values, but is a string; write [linux]\n"
            + "2:64: error: 'jobs.a.strategy.matrix.include' must be a list of mappings, but is a mapping; write '- ' before its first key\n"
            + "2:91: error: 'jobs.a.strategy.matrix.exclude[1]' must be a mapping, but is a string\n"
            + "2:83: error: the matrix has no 'oz' to exclude; did you mean 'os'?"),
        Slip(
            "A boolean in quotes",
            "on: push\njobs: {a: {runs-on: x, strategy: {fail-fast: 'false', matrix: {os: [linux]}}, steps: [{run: x}]}}",
            "2:46: error: 'jobs.a.strategy.fail-fast' must be true or false, but is a string; write false without quotes"),
        Slip(
            "A matrix in the job",
            "on: push\njobs: {a: {runs-on: x, matrix: {os: [linux]}, steps: [{run: x}]}}",
            "2:24: error: unknown key 'matrix' in a job; it belongs in 'strategy'"),
        Slip(
            "An image in the job",
            "on: push\njobs: {a: {runs-on: x, image: debian, steps: [{run: x}]}}",
            "2:24: error: unknown key 'image' in a job; it belongs in 'container'"),
        Slip(
            "Filters of another event",
            "on: {push: {types: [opened]}, pull_request: {tags: [v1], types: [open, sync]}}\njobs: {a: {runs-on: x, steps: [{run: x}]}}",
            "1:13: error: unknown key 'types' in 'push'; it belongs in 'pull_request'\n"
            + "1:46: error: unknown key 'tags' in 'pull_request'; it belongs in 'push'\n"
            + "1:66: error: 'open' is not an activity of 'pull_request'; did you mean 'opened'?\n"
            + "1:72: error: 'sync' is not an activity of 'pull_request'; did you mean 'synchronize'?"),
        Slip(
            "Other systems keys of a step",
            "on: push\njobs: {a: {runs-on: x, steps: [{script: x}, {action: actions/checkout@v4}]}}",
            "2:33: error: unknown key 'script' in a step; did you mean 'run'?\n"
            + "2:46: error: unknown key 'action' in a step; did you mean 'uses'?"),
        Slip(
            "An action as a job",
            "on: push\njobs: {a: {uses: actions/checkout@v4}}",
            "2:18: error: 'actions/checkout@v4' is not a workflow to call: it is no '.yml' or '.yaml' file; write './.shithub/workflows/NAME.yml' or 'owner/repo/.shithub/workflows/NAME.yml@ref'"),
        Slip(
            "Files as actions",
            "on: push\njobs: {a: {runs-on: x, steps: [{uses: ./.github/workflows/x.yml}, {uses: acme/x/action.yml@v1}, {uses: acme/x}, {uses: checkout@v4}]}}",
            "2:39: error: './.github/workflows/x.yml' is a file; an action is named by its folder; a workflow is called by a job's 'uses', not by a step's\n"
            + "2:74: error: 'acme/x/action.yml@v1' is a file; an action is named by its folder; leave the file's name out\n"
            + "2:104: error: 'acme/x' is not an action: it has no '@' with a branch, tag or commit; write 'acme/x@v1', or './path' for one of this repository\n"
            + "2:120: error: 'checkout@v4' is not an action: it is not of the form 'owner/repo/path@ref'"),
        Slip(
            "No event",
            "name: x\njobs: {a: {runs-on: x, steps: [{run: x}]}}",
            "1:1: error: the workflow has no 'on'"),
        Slip(
            "On after a YAML 1 1 program",
            "true: push\njobs: {a: {runs-on: x, steps: [{run: x}]}}",
            "1:1: error: unknown key 'true' in a workflow; did you mean 'on'?"),
        Slip(
            "Shells that are none here",
            "on: push\njobs: {a: {runs-on: x, steps: [{run: x, shell: zsh}, {run: x, shell: bsh}, {run: x, shell: cmd}, {run: x, shell: 'bash -e'}, {run: x, shell: '${{ matrix.x }}'}]}}",
            "2:48: error: unknown shell 'zsh'; did you mean 'sh'?\n"
            + "2:70: error: unknown shell 'bsh'; did you mean 'bash'?\n"
            + "2:92: error: the shell 'cmd' is a part of Windows, and jobs run on Linux; use bash\n"
            + "2:114: error: 'bash -e' does not say where the script goes; write 'bash -e {0}', or one of: bash, sh, python, pwsh\n"
            + "2:143: error: expressions are not available under 'shell'; 'defaults.run.shell' of the job takes them"),
        Slip(
            "Concurrency without a group",
            "on: push\nconcurrency: {cancel-in-progress: true}\njobs: {a: {runs-on: x, concurrency: {group: a, queue: all}, steps: [{run: x}]}}",
            "2:1: error: 'concurrency' has no 'group'; add one such as ${{ github.workflow }}-${{ github.ref }}\n"
            + "3:55: error: 'jobs.a.concurrency.queue' cannot be 'all'; known here: single, max"),
        Slip(
            "Keys that are refused by name",
            "on: push\njobs: {a: {runs-on: x, snapshot: x, steps: [{run: x, background: true}, {wait-all: }]}}",
            "2:24: error: 'snapshot' of a job is not supported: the images of runners are the operator's, a job cannot change them\n"
            + "2:54: error: 'background' of a step is not supported: steps run one after the other: use a service, or '&' in the script\n"
            + "2:74: error: 'wait-all' of a step is not supported: steps run one after the other"),
        Slip(
            "Containers of other shapes",
            "on: push\njobs: {a: {runs-on: x, container: {imag: x, ports: 80, volumes: [a]}, services: {db: {image: x, ports: ['80:x', 80]}, 1x: y}, steps: [{run: x}]}}",
            "2:36: error: unknown key 'imag' in 'container'; did you mean 'image'?\n"
            + "2:52: error: 'jobs.a.container.ports' must be a list, but is a number; write ['5432:5432']\n"
            + "2:24: error: 'jobs.a.container' has no 'image'\n"
            + "2:105: error: '80:x' is not a port; write '8080:80', '80' or '53:53/udp'\n"
            + "2:119: error: '1x' cannot be the name of a service; it starts with a letter or '_', has letters, digits, '-' and '_' only, and at most 100 of them"),
        Slip(
            "A run of no workflow",
            "on: {workflow_run: {types: [complete]}}\njobs: {a: {runs-on: x, steps: [{run: x}]}}",
            "1:29: error: 'complete' is not an activity of 'workflow_run'; did you mean 'completed'?\n"
            + "1:6: error: 'workflow_run' does not say after which 'workflows'; add 'workflows: [NAME]'"),
        Slip(
            "Inputs of a call",
            "on: {workflow_call: {inputs: {a: {default: x}, b: {type: choice, options: [a]}, c: {type: number, default: x}}, outputs: {o: {}}, secrets: {s: x}}}\njobs: {a: {runs-on: x, steps: [{run: x}]}}",
            "1:31: error: the input 'a' has no 'type'; types: string, boolean, number\n"
            + "1:58: error: 'choice' is not a type of an input of 'workflow_call'; known here: string, boolean, number\n"
            + "1:66: error: 'options' of an input of 'workflow_call' is not supported: inputs of 'workflow_call' are strings, booleans or numbers\n"
            + "1:108: error: the default of 'c' must be a number\n"
            + "1:123: error: the output 'o' has no 'value'; add one such as ${{ jobs.JOB.outputs.NAME }}\n"
            + "1:144: error: 'on.workflow_call.secrets.s' must be a mapping, but is a string"),
        Slip(
            "An action among the workflows",
            "name: x\nruns: {using: composite, steps: []}",
            "1:1: error: this is the description of an action, not a workflow; actions are folders that a step's 'uses' names; only workflows go here"),
        Slip(
            "An expression as a key",
            "on: push\njobs:\n  a:\n    runs-on: x\n    steps:\n    - ${{ if x }}:\n      - run: x",
            "6:7: error: unknown key '${{ if x }}' in a step; keys are never expressions; give the value one, or use 'if'"),
        Slip(
            "Steps that are no mappings",
            "on: push\njobs: {a: {runs-on: x, steps: [make, [x]]}}",
            "2:32: error: 'jobs.a.steps[0]' must be a mapping, but is a string; write '- run: COMMAND'\n"
            + "2:38: error: 'jobs.a.steps[1]' must be a mapping, but is a list"),
        Slip(
            "Filters with their ref",
            "on: {push: {branches: [refs/heads/main], paths: [./src/**]}}\njobs: {a: {runs-on: x, steps: [{run: x}]}}",
            "1:24: warning: the pattern 'refs/heads/main' matches nothing: names and paths are compared without 'refs/heads/'; write 'main'\n"
            + "1:50: warning: the pattern './src/**' matches nothing: names and paths are compared without './'; write 'src/**'"),
    ];

    [Theory]
    [MemberData(nameof(Slips))]
    public void A_slip_is_recognised(string yaml, string expected)
    {
        var result = WorkflowReader.Parse("w", Encoding.UTF8.GetBytes(yaml));
        Assert.Equal(expected, string.Join('\n', result.Diagnostics.Select(diagnostic => diagnostic.ToString()[2..])));
    }

    private static TheoryDataRow<string, string> Slip(string name, string yaml, string expected) => new(yaml, expected) { TestDisplayName = name };
}
