using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Shithub.Actions.Workflows;

namespace Shithub.Actions.Server.Runs;

/// <summary>A run to be enqueued: planned, or refused with diagnostics, in which case it ends at once as a failure that shows them.</summary>
public sealed record NewRun
{
    /// <summary>Its id, where one was taken before it was planned so that its expressions could name it.</summary>
    public long? RunId { get; init; }

    public required long RepoId { get; init; }

    /// <summary>The file's path in the repository.</summary>
    public required string WorkflowFile { get; init; }

    public required string WorkflowName { get; init; }

    /// <summary>The commit's subject, or what else names the run for people.</summary>
    public required string Title { get; init; }

    public required string Event { get; init; }

    public required JsonObject EventPayload { get; init; }

    public required JsonObject Inputs { get; init; }

    public required string HeadSha { get; init; }

    /// <summary>In full: <c>refs/heads/trunk</c>.</summary>
    public required string HeadRef { get; init; }

    public required long? ActorId { get; init; }

    /// <summary>Unique per repository, file and event.</summary>
    public required string TriggerEventId { get; init; }

    public long? ParentRunId { get; init; }

    /// <inheritdoc cref="Triggers.RunTrigger.CheckoutSha"/>
    public string? CheckoutSha { get; init; }

    /// <inheritdoc cref="Triggers.RunTrigger.WorkflowSha"/>
    public string? WorkflowSha { get; init; }

    /// <inheritdoc cref="Triggers.RunTrigger.Trust"/>
    public string? Trust { get; init; }

    /// <inheritdoc cref="Triggers.RunTrigger.AwaitsApproval"/>
    public bool AwaitsApproval { get; init; }

    public long? PullRequestId { get; init; }

    /// <inheritdoc cref="Triggers.RunTrigger.ChainDepth"/>
    public int ChainDepth { get; init; }

    /// <summary>Higher is claimed first.</summary>
    public int Priority { get; init; }

    /// <summary>Null for a run that is refused.</summary>
    public PlannedRun? Plan { get; init; }

    public IReadOnlyList<Diagnostic>? Diagnostics { get; init; }
}

/// <summary>A run as its workflow and its event make it begin.</summary>
/// <param name="Concurrency">The group that the run as a whole is in; its jobs wait until it holds it.</param>
/// <param name="Describe">What a job that is not ready looks like, by its path.</param>
public sealed record PlannedRun(
    RunDefinition Definition, RunDecision Decision, ReadyConcurrency? Concurrency, Func<string, PendingJob> Describe);

/// <param name="Created">False when the trigger had made this run before.</param>
public sealed record EnqueuedRun(long RunId, int RunIndex, bool Created);

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    UseStringEnumConverter = true,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(IReadOnlyList<Diagnostic>))]
internal sealed partial class RunJson : JsonSerializerContext;
