using System.Text;
using System.Text.Json.Nodes;
using Shithub.Actions.Server.Runs;
using Shithub.Actions.Workflows;
using Xunit;

namespace Shithub.Actions.Server.Tests;

/// <summary>A job of a workflow that a test writes in C#.</summary>
public sealed record TestJob(string Key, string Name, string[] Labels, string[] Needs, params TestStep[] Steps)
{
    public int TimeoutMinutes { get; init; } = 360;

    public Dictionary<string, string> Env { get; init; } = [];
}

public sealed record TestStep(string Name, string? Run, string? Uses = null)
{
    public string? Id { get; init; }

    public string? Shell { get; init; }

    public string? WorkingDirectory { get; init; }

    public bool ContinueOnError { get; init; }

    public Dictionary<string, string> Env { get; init; } = [];
}

/// <summary>Plans of workflows without a repository: what a run begins with.</summary>
internal static class TestPlan
{
    /// <summary>YAML takes JSON, so no text of a job needs other escapes than JSON's.</summary>
    public static PlannedRun Of(string name, IEnumerable<TestJob> jobs) => OfYaml(new JsonObject
    {
        ["name"] = name,
        ["on"] = "push",
        ["jobs"] = new JsonObject(jobs.Select(job => KeyValuePair.Create(job.Key, (JsonNode?)Describe(job)))),
    }.ToJsonString());

    public static PlannedRun OfYaml(string yaml, JsonObject? github = null, Dictionary<string, string>? vars = null)
    {
        var parsed = WorkflowReader.Parse(".shithub/workflows/test.yml", Encoding.UTF8.GetBytes(yaml));
        Assert.True(parsed.Workflow is not null, string.Join('\n', parsed.Diagnostics));
        var set = WorkflowSet.Of(parsed.Workflow);
        var planned = RunPlanner.Plan(set, new PlanContext(github ?? [], vars ?? [], new Dictionary<string, JsonNode?>()));
        Assert.True(planned.Decision is not null, string.Join('\n', planned.Diagnostics));
        var source = new SourceText(set.Root, parsed.Workflow.Path, null, null, yaml, new Dictionary<string, string>());
        return new PlannedRun(
            new RunDefinition([source], github ?? [], vars ?? [], []), planned.Decision, planned.Concurrency,
            path => RunMachine.Describe(set, planned.Decision.Calls, path));
    }

    private static JsonObject Describe(TestJob job)
    {
        var json = new JsonObject
        {
            ["name"] = job.Name,
            ["runs-on"] = Array(job.Labels),
            ["timeout-minutes"] = job.TimeoutMinutes,
            ["env"] = Map(job.Env),
            ["steps"] = new JsonArray([.. job.Steps.Select(Describe)]),
        };
        if (job.Needs.Length > 0)
            json["needs"] = Array(job.Needs);
        return json;
    }

    private static JsonObject Describe(TestStep step)
    {
        var json = new JsonObject { ["name"] = step.Name, ["env"] = Map(step.Env), ["continue-on-error"] = step.ContinueOnError };
        foreach (var (name, value) in new[]
        {
            ("id", step.Id), ("run", step.Run), ("uses", step.Uses), ("shell", step.Shell), ("working-directory", step.WorkingDirectory),
        })
        {
            if (value is not null)
                json[name] = value;
        }

        return json;
    }

    private static JsonArray Array(IEnumerable<string> values) => new([.. values.Select(value => (JsonNode)value)]);

    private static JsonObject Map(Dictionary<string, string> values) =>
        new(values.Select(pair => KeyValuePair.Create(pair.Key, (JsonNode?)pair.Value)));
}
