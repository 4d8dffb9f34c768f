using System.Text.Json;
using System.Text.Json.Serialization;
using Shithub.Actions.Protocol;
using Shithub.Actions.Server.Runs;
using Shithub.Actions.Workflows;

namespace Shithub.Actions.Server.Queue;

/// <param name="Labels">Lower case; null offers all that the runner was registered for.</param>
/// <param name="NotClaiming">Why it wants no job; null: it does.</param>
public sealed record ClaimRequest(
    byte[] TokenHash, string[]? Labels, int? Capacity, string? HostName, string? Version, string ClaimId, int LeaseSeconds,
    string? NotClaiming = null);

public enum ClaimResult
{
    Claimed,
    Nothing,

    /// <summary>The runner's token is unknown, expired or revoked.</summary>
    Unauthorized,

    /// <summary>The claim_id took a job whose first call has since been made: its answer did arrive.</summary>
    ClaimIdUsed,
}

/// <param name="IgnoredLabels">Offered, but the runner was not registered for them.</param>
public sealed record ClaimOutcome(ClaimResult Result, ClaimedRow? Job, string[] IgnoredLabels);

/// <summary>A claimed job as the database has it.</summary>
public sealed record ClaimedRow
{
    public required long Id { get; init; }

    public required long RunId { get; init; }

    public required long RepoId { get; init; }

    public required int RunIndex { get; init; }

    public required string WorkflowFile { get; init; }

    public required string WorkflowName { get; init; }

    public required string HeadSha { get; init; }

    public required string HeadRef { get; init; }

    public required string Event { get; init; }

    public required JsonElement EventPayload { get; init; }

    public required string JobKey { get; init; }

    public required string JobName { get; init; }

    public required string[] RunsOn { get; init; }

    public required string[] Needs { get; init; }

    public required string? If { get; init; }

    public required int TimeoutMinutes { get; init; }

    public required JsonElement Permissions { get; init; }

    public required Dictionary<string, string> Env { get; init; }

    public required int Attempt { get; init; }

    public required DateTimeOffset LeaseExpiresAt { get; init; }

    public required int LeaseSeconds { get; init; }

    public required Guid ClaimJti { get; init; }

    public required long ClaimExpires { get; init; }

    public required string Repository { get; init; }

    public required string Actor { get; init; }

    public required long RunnerId { get; init; }

    /// <summary>Running, and its first token not yet used.</summary>
    public required bool IsFresh { get; init; }

    public required double SecondsQueued { get; init; }

    public required List<ClaimedStep> Steps { get; init; }

    /// <summary>What the job alone sees, as JSON: <c>needs</c>, <c>strategy</c>, <c>matrix</c> and the inputs of a called workflow.</summary>
    public required string? Contexts { get; init; }

    public required Dictionary<string, string>? Outputs { get; init; }

    public required ClaimedDefaults? Defaults { get; init; }

    public required JsonElement? Container { get; init; }

    public required JsonElement? Services { get; init; }

    /// <summary>The context <c>github</c> without the event.</summary>
    public required string? GitHub { get; init; }

    public required string? Vars { get; init; }

    /// <summary>Those of the run.</summary>
    public required string Inputs { get; init; }

    public required List<ResolvedAction> Actions { get; init; }

    /// <summary>Null: the job reads no secret.</summary>
    public required SecretPlan? SecretPlan { get; init; }

    /// <summary>What <see cref="SecretPlan"/> needs and there is: of one name the nearest, and the one of the job's environment.</summary>
    public required List<SealedSecret> SealedSecrets { get; init; }

    /// <summary>Of its run: one of <see cref="RunTrust"/>.</summary>
    public required string Trust { get; init; }
}

/// <summary>A row of workflow_secrets.</summary>
public sealed record SealedSecret(long? OwnerId, long? RepoId, string? Environment, string Name, byte[] Sealed);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(Dictionary<string, string>))]
[JsonSerializable(typeof(List<ClaimedStep>))]
[JsonSerializable(typeof(ClaimedDefaults))]
[JsonSerializable(typeof(List<ResolvedAction>))]
[JsonSerializable(typeof(List<SealedSecret>))]
internal sealed partial class QueueJson : JsonSerializerContext;
