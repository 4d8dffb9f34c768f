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

    public int Attempts { get; init; }

    public JsonObject PayloadObject => (JsonObject)JsonNode.Parse(Payload)!;
}
