using System.Text.Json.Nodes;
using Shithub.Actions.Runner.Jobs;
using Shithub.Actions.Workflows;

namespace Shithub.Actions.Runner.Local;

/// <summary>An event that would have happened on a server, made from a working tree.</summary>
/// <param name="Ref">In full.</param>
/// <param name="Payload">As given, or of the shape that the server's events have.</param>
internal sealed record LocalEvent(string Name, string Ref, JsonObject Payload, WorkingTree Tree, string Actor)
{
    public const string ServerUrl = "http://localhost";
    private const string Push = "push";
    private const string PullRequest = "pull_request";
    private const string Dispatch = "workflow_dispatch";
    private const string Schedule = "schedule";

    /// <summary>The event that a workflow is run for when nobody says which: the first of these that starts it.</summary>
    public static string Usual(Workflow workflow) => workflow.On switch
    {
        { Push: not null } => Push,
        { PullRequest: not null } => PullRequest,
        { WorkflowDispatch: not null } => Dispatch,
        { Schedules.Count: > 0 } => Schedule,
        { RepositoryDispatch: not null } => "repository_dispatch",
        { WorkflowRun: not null } => "workflow_run",
        _ => Push,
    };

    /// <param name="reference">A branch, or a ref in full; null: what is checked out.</param>
    /// <param name="payload">Null: it is made.</param>
    public static LocalEvent Create(string name, string? reference, JsonObject? payload, WorkingTree tree, Workflow workflow, string actor)
    {
        var fullRef = reference is null ? tree.Ref
            : reference.StartsWith("refs/", StringComparison.Ordinal) ? reference : GitRef.Heads + reference;
        return new LocalEvent(name, fullRef, payload ?? Make(name, fullRef, tree, workflow, actor), tree, actor);
    }

    /// <summary>Whether the workflow is started by events of this name at all.</summary>
    public bool IsNamedIn(Workflow workflow) => Name switch
    {
        Push => workflow.On.Push is not null,
        PullRequest => workflow.On.PullRequest is not null,
        Dispatch => workflow.On.WorkflowDispatch is not null,
        Schedule => workflow.On.Schedules.Count > 0,
        "repository_dispatch" => workflow.On.RepositoryDispatch is not null,
        "workflow_run" => workflow.On.WorkflowRun is not null,
        _ => false,
    };

    /// <summary>Whether a server would start the workflow for it; which paths changed is not known here.</summary>
    public bool Starts(Workflow workflow) => EventMatcher.Matches(workflow, new TriggerEvent(Name, Ref, null, Deleted: false)
    {
        Type = Text("action") ?? Text("event_type"),
        Branch = Text("pull_request", "base", "ref") ?? Text("workflow_run", "head_branch"),
        WorkflowName = Text("workflow_run", "name"),
        Cron = Text("schedule"),
    });

    /// <summary>The context <c>github</c>, as a server would make it.</summary>
    public JsonObject Context(Workflow workflow) => new()
    {
        ["actor"] = Actor,
        ["triggering_actor"] = Actor,
        ["event"] = Payload.DeepClone(),
        ["event_name"] = Name,
        ["ref"] = Ref,
        ["ref_name"] = GitRef.ShortName(Ref),
        ["ref_type"] = GitRef.Type(Ref),
        ["head_ref"] = Text("pull_request", "head", "ref") ?? "",
        ["base_ref"] = Text("pull_request", "base", "ref") ?? "",
        ["repository"] = Tree.Repository,
        ["repository_id"] = 1,
        ["repository_owner"] = Tree.Owner,
        ["repository_owner_id"] = 1,
        ["run_id"] = 1,
        ["run_number"] = 1,
        ["run_attempt"] = 1,
        ["server_url"] = ServerUrl,
        ["api_url"] = ServerUrl + "/api/v1",
        ["sha"] = Tree.Sha,
        ["workflow"] = workflow.DisplayName,
        ["workflow_ref"] = $"{Tree.Repository}/{workflow.Path}@{Ref}",
        ["workflow_sha"] = Tree.Sha,
    };

    private static JsonObject Make(string name, string fullRef, WorkingTree tree, Workflow workflow, string actor)
    {
        var payload = new JsonObject();
        switch (name)
        {
            case Push:
                payload["ref"] = fullRef;
                payload["before"] = tree.BeforeSha;
                payload["after"] = tree.Sha;
                payload["created"] = false;
                payload["deleted"] = false;
                payload["forced"] = false;
                payload["base_ref"] = null;
                payload["commits"] = tree.Head is null ? new JsonArray() : new JsonArray(tree.Head.DeepClone());
                payload["head_commit"] = tree.Head?.DeepClone();
                payload["pusher"] = new JsonObject { ["name"] = actor };
                break;
            case PullRequest:
                var branch = new JsonObject { ["ref"] = GitRef.ShortName(fullRef), ["sha"] = tree.Sha };
                payload["action"] = workflow.On.PullRequest?.Types is [var type, ..] types && !types.Contains("opened") ? type : "opened";
                payload["number"] = 1;
                payload["pull_request"] = new JsonObject
                {
                    ["number"] = 1,
                    ["title"] = ((string?)tree.Head?["message"])?.Split('\n')[0] ?? "",
                    ["head"] = branch,
                    ["base"] = branch.DeepClone(),
                };
                break;
            case Dispatch:
                payload["ref"] = fullRef;
                payload["workflow"] = workflow.Path;
                break;
            case Schedule:
                payload["schedule"] = workflow.On.Schedules is [var first, ..] ? first.Cron : null;
                break;
        }

        payload["repository"] = new JsonObject
        {
            ["id"] = 1,
            ["name"] = tree.Name,
            ["full_name"] = tree.Repository,
            ["private"] = true,
            ["owner"] = new JsonObject { ["id"] = 1, ["name"] = tree.Owner, ["login"] = tree.Owner, ["type"] = "User" },
            ["html_url"] = $"{ServerUrl}/{tree.Repository}",
            ["default_branch"] = GitRef.ShortName(fullRef),
        };
        payload["sender"] = new JsonObject { ["login"] = actor, ["type"] = "User" };
        return payload;
    }

    private string? Text(params string[] path)
    {
        JsonNode? node = Payload;
        foreach (var name in path) node = node is JsonObject map ? map[name] : null;
        return node is JsonValue value && value.TryGetValue<string>(out var text) ? text : null;
    }
}
