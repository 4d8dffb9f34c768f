namespace Shithub.Actions.Workflows.Tests;

public class RunbookTests
{
    private const string Smoke = """
        name: Smoke
        on:
          push:
            branches: [trunk]
        jobs:
          green:
            runs-on: ubuntu-latest
            steps:
              - uses: actions/checkout@v4
              - name: Verify checkout
                run: test -f README.md || test -f readme.md || pwd
              - name: Smoke
                run: printf 'shithub actions smoke passed\n'
        """;

    private const string UnsupportedLabel = """
        name: Unsupported runner label
        on:
          workflow_dispatch:
        jobs:
          nope:
            runs-on: windows-latest
            steps:
              - run: echo should-not-run
        """;

    [Fact]
    public void The_smoke_workflow_starts_on_a_push_to_trunk_only()
    {
        var workflow = Example.Workflow(Smoke);
        Assert.True(EventMatcher.Matches(workflow, new TriggerEvent("push", "refs/heads/trunk", null, Deleted: false)));
        Assert.False(EventMatcher.Matches(workflow, new TriggerEvent("push", "refs/heads/trunk", null, Deleted: true)));
        Assert.False(EventMatcher.Matches(workflow, new TriggerEvent("push", "refs/heads/trunk2", null, Deleted: false)));
        Assert.False(EventMatcher.Matches(workflow, new TriggerEvent("push", "refs/tags/trunk", null, Deleted: false)));
        Assert.False(EventMatcher.Matches(workflow, new TriggerEvent("workflow_dispatch", "refs/heads/trunk", null, Deleted: false)));
    }

    [Fact]
    public void The_smoke_workflow_is_planned_as_the_runbook_shows_it()
    {
        var plan = Example.Plan(Smoke);
        Assert.Equal("Smoke", plan.WorkflowName);
        var job = Assert.Single(plan.Jobs);
        Assert.Equal("green", job.Key);
        Assert.Equal("green", job.Name);
        Assert.Equal(["ubuntu-latest"], job.RunsOn);
        Assert.Equal(360, job.TimeoutMinutes);
        Assert.Equal(["Run actions/checkout@v4", "Verify checkout", "Smoke"], job.Steps.Select(step => step.Name));
        Assert.Equal([0, 1, 2], job.Steps.Select(step => step.Index));
        Assert.Equal("actions/checkout@v4", job.Steps[0].Uses);
        Assert.Null(job.Steps[0].Run);
        Assert.Equal("printf 'shithub actions smoke passed\\n'", job.Steps[2].Run);
        Assert.Null(job.Steps[2].Shell);
    }

    [Fact]
    public void The_unsupported_label_is_dispatched_by_hand()
    {
        var workflow = Example.Workflow(UnsupportedLabel);
        Assert.True(EventMatcher.Matches(workflow, new TriggerEvent("workflow_dispatch", "refs/heads/trunk", null, Deleted: false)));
        Assert.False(EventMatcher.Matches(workflow, new TriggerEvent("push", "refs/heads/trunk", null, Deleted: false)));
        Assert.Equal(["windows-latest"], Example.Plan(UnsupportedLabel).Jobs[0].RunsOn);
        Assert.Equal("Run echo should-not-run", Example.Plan(UnsupportedLabel).Jobs[0].Steps[0].Name);
    }

    [Fact]
    public void The_timeout_probe_gets_one_minute()
    {
        var plan = Example.Plan(
            """
            on: [push, workflow_dispatch]
            jobs:
              timeout_probe:
                runs-on: ubuntu-latest
                timeout-minutes: 1
                steps:
                - run: sleep 600
            """);
        Assert.Equal(1, plan.Jobs[0].TimeoutMinutes);
        Assert.Equal(Example.File, plan.WorkflowName);
    }

    [Fact]
    public void The_canonical_json_of_the_smoke_workflow()
    {
        const string Expected = """
            {
              "name": "Smoke",
              "on": {
                "push": {
                  "branches": [
                    "trunk"
                  ]
                }
              },
              "jobs": {
                "green": {
                  "runs-on": [
                    "ubuntu-latest"
                  ],
                  "timeout-minutes": 360,
                  "steps": [
                    {
                      "uses": "actions/checkout@v4"
                    },
                    {
                      "name": "Verify checkout",
                      "run": "test -f README.md || test -f readme.md || pwd"
                    },
                    {
                      "name": "Smoke",
                      "run": "printf 'shithub actions smoke passed\\n'"
                    }
                  ]
                }
              }
            }
            """;
        Assert.Equal(Expected, WorkflowJson.Write(Example.Workflow(Smoke)));
    }
}
