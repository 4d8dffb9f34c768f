using System.Text.Json.Nodes;

namespace Shithub.Actions.Server.Triggers;

/// <summary>A pending event as the database has it.</summary>
public sealed record TriggerEventRow
{
    public Guid Id { get; init; }

    public long RepoId { get; init; }

    public long? ActorId { get; init; }

    public string? Actor { get; init; }

    public string Event { get; init; } = "";

    public string Ref { get; init; } = "";

    /// <summary>Null where the ref is new.</summary>
    public string? BeforeSha { get; init; }

    /// <summary>Null where the ref was deleted.</summary>
    public string? HeadSha { get; init; }

    public string Payload { get; init; } = "{}";

    /// <summary>The one workflow that the event is for; null: all of them.</summary>
    public string? WorkflowFile { get; init; }

    public long? PullRequestId { get; init; }

    /// <summary>The push that moved the pull request.</summary>
    public Guid? PullPushId { get; init; }

    /// <summary>Decided when the event was made: one of <see cref="Runs.RunTrust"/>.</summary>
    public string Trust { get; init; } = "";

    public bool AwaitsApproval { get; init; }

    /// <summary>How many runs in a row led here.</summary>
    public int ChainDepth { get; init; }

    public int Attempts { get; init; }

    public JsonObject PayloadObject => (JsonObject)JsonNode.Parse(Payload)!;
}
