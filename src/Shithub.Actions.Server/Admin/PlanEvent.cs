using System.Text.Json.Nodes;
using Shithub.Actions.Server.Repositories;
using Shithub.Actions.Workflows;

namespace Shithub.Actions.Server.Admin;

/// <summary>An event that somebody imagines.</summary>
/// <param name="ChangedPaths">Null: not known; path filters pass.</param>
internal sealed record PlanEvent(
    string Name, string Ref, JsonObject Payload, string Repository, string Actor, IReadOnlyList<string>? ChangedPaths)
{
    private const string UnknownCommit = "0000000000000000000000000000000000000000";

    public static string FullRef(string reference) =>
        reference.StartsWith("refs/", StringComparison.Ordinal) ? reference : "refs/heads/" + reference;

    public bool Triggers(Workflow workflow) => EventMatcher.Matches(workflow, new TriggerEvent(Name, Ref, ChangedPaths, Deleted: false)
    {
        Type = Text("action") ?? Text("event_type") ?? (Name == "pull_request" ? "opened" : Name == "workflow_run" ? "completed" : null),
        Branch = Text("pull_request", "base", "ref") ?? Text("workflow_run", "head_branch") ?? RefName.WithoutPrefix(Ref),
        WorkflowName = Text("workflow_run", "name") ?? (workflow.On.WorkflowRun is { Workflows: [var first, ..] } ? first : null),
        Cron = Text("schedule") ?? (workflow.On.Schedules is [var schedule, ..] ? schedule.Cron : null),
    });

    /// <summary>Those of a dispatch, or of a call that is tried by itself.</summary>
    public DispatchInputsResult InputsOf(Workflow workflow, Dictionary<string, string> given)
    {
        if (Payload["inputs"] is JsonObject ofPayload)
        {
            foreach (var (name, value) in ofPayload)
                given.TryAdd(name, value?.ToString() ?? "");
        }

        return Name == "workflow_dispatch"
            ? DispatchInputs.Validate(workflow, given)
            : new DispatchInputsResult(
                given.ToDictionary(input => input.Key, input => (JsonNode?)input.Value), given, []);
    }

    public PlanContext Context(Workflow workflow, IReadOnlyDictionary<string, string> vars, IReadOnlyDictionary<string, JsonNode?> inputs)
    {
        var isTag = Ref.StartsWith("refs/tags/", StringComparison.Ordinal);
        var github = new JsonObject
        {
            ["actor"] = Actor,
            ["triggering_actor"] = Actor,
            ["event"] = Payload.DeepClone(),
            ["event_name"] = Name,
            ["ref"] = Ref,
            ["ref_name"] = RefName.WithoutPrefix(Ref),
            ["ref_type"] = isTag ? "tag" : "branch",
            ["repository"] = Repository,
            ["repository_owner"] = Repository.Split('/')[0],
            ["run_id"] = 1,
            ["run_number"] = 1,
            ["run_attempt"] = 1,
            ["sha"] = Text("after") ?? Text("head_commit", "id") ?? Text("pull_request", "head", "sha") ?? UnknownCommit,
            ["head_ref"] = Text("pull_request", "head", "ref") ?? "",
            ["base_ref"] = Text("pull_request", "base", "ref") ?? "",
            ["server_url"] = "http://localhost",
            ["api_url"] = "http://localhost/api/v1",
            ["workflow"] = workflow.DisplayName,
            ["workflow_ref"] = $"{Repository}/{workflow.Path}@{Ref}",
        };
        return new PlanContext(github, vars, inputs);
    }

    private string? Text(params string[] path)
    {
        JsonNode? node = Payload;
        foreach (var name in path)
            node = node is JsonObject map ? map[name] : null;
        return node is JsonValue value && value.TryGetValue<string>(out var text) ? text : null;
    }
}
