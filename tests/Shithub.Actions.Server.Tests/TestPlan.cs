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

    /// <param name="called">The text of the workflows that it calls, by their paths.</param>
    public static PlannedRun OfYaml(
        string yaml, JsonObject? github = null, Dictionary<string, string>? vars = null, Dictionary<string, string>? called = null)
    {
        var builder = new WorkflowSetBuilder(Parse(".shithub/workflows/test.yml", yaml));
        while (builder.Next is var (_, call))
            builder.Add(new WorkflowSource(call.Uses.Path, Parse(call.Uses.Path, called![call.Uses.Path]), new Dictionary<string, string>()));
        var set = builder.Build()!;
        var planned = RunPlanner.Plan(set, new PlanContext(github ?? [], vars ?? [], new Dictionary<string, JsonNode?>()));
        Assert.True(planned.Decision is not null, string.Join('\n', planned.Diagnostics));
        var sources = set.Sources.Values.OrderByDescending(source => source.Id == set.Root).Select(source => new SourceText(
            source.Id, source.Workflow.Path, null, null, source.Id == set.Root ? yaml : called![source.Id], source.Calls));
        return new PlannedRun(
            new RunDefinition([.. sources], github ?? [], vars ?? [], []), planned.Decision, planned.Concurrency,
            path => RunMachine.Describe(set, planned.Decision.Calls, path));
    }

    private static Workflow Parse(string path, string yaml)
    {
        var parsed = WorkflowReader.Parse(path, Encoding.UTF8.GetBytes(yaml));
        Assert.True(parsed.Workflow is not null, string.Join('\n', parsed.Diagnostics));
        return parsed.Workflow;
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
