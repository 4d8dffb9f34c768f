using System.Text.Json;
using System.Text.Json.Serialization;

namespace Shithub.Actions.Server.Runs;

/// <summary>A run. <c>Jobs</c> is absent in lists.</summary>
/// <param name="CancelReason">Why it was cancelled, where nobody asked for it.</param>
public sealed record RunResponse(
    long Id, long RepoId, string Repository, int RunIndex, string WorkflowFile, string WorkflowName, string Title, string Event,
    string HeadSha, string HeadRef, string? Actor, long? ParentRunId, string Status, string? Conclusion, JsonElement? Diagnostics,
    DateTimeOffset CreatedAt, DateTimeOffset? StartedAt, DateTimeOffset? CompletedAt, IReadOnlyList<JobResponse>? Jobs,
    string? CancelReason)
{
    public static RunResponse Of(RunRow run, IReadOnlyList<JobRow>? jobs) => new(
        run.Id, run.RepoId, run.Repository, run.RunIndex, run.WorkflowFile, run.WorkflowName, run.Title, run.Event, run.HeadSha,
        run.HeadRef, run.Actor, run.ParentRunId, run.Status, run.Conclusion,
        run.Diagnostics is null ? null : JsonDocument.Parse(run.Diagnostics).RootElement,
        run.CreatedAt, run.StartedAt, run.CompletedAt, jobs is null ? null : [.. jobs.Select(JobResponse.Of)],
        run.CancelReason);
}

/// <param name="WaitingFor">Why a job waits, in words.</param>
/// <param name="Diagnostics">Why it failed before it could run.</param>
public sealed record JobResponse(
    long Id, long RunId, string JobKey, string JobName, IReadOnlyList<string> RunsOn, IReadOnlyList<string> Needs, string Status,
    string? Conclusion, int Attempt, string? Runner, bool CancelRequested, DateTimeOffset? QueuedAt, DateTimeOffset? StartedAt,
    DateTimeOffset? CompletedAt, string? WaitingFor, bool ContinueOnError, JsonElement? Outputs, JsonElement? Diagnostics,
    IReadOnlyList<StepResponse> Steps, string? CancelReason)
{
    public static JobResponse Of(JobRow job) => new(
        job.Id, job.RunId, job.JobKey, job.JobName, job.RunsOn, job.Needs, job.Status, job.Conclusion, job.Attempt, job.Runner,
        job.CancelRequested, job.QueuedAt, job.StartedAt, job.CompletedAt, WaitingReason.Of(job), job.ContinueOnError, Json(job.Outputs),
        Json(job.Diagnostics),
        [.. job.Steps.Select(step => new StepResponse(
            step.Id, step.Index, step.Name, step.Status, step.Conclusion, step.StartedAt, step.CompletedAt))],
        job.CancelReason);

    private static JsonElement? Json(string? text) => text is null ? null : JsonDocument.Parse(text).RootElement;
}

public sealed record StepResponse(
    long Id, int Index, string Name, string Status, string? Conclusion, DateTimeOffset? StartedAt, DateTimeOffset? CompletedAt);

public sealed record RunListResponse(IReadOnlyList<RunResponse> Runs);

public sealed record CheckRunListResponse(int TotalCount, IReadOnlyList<CheckRunResponse> CheckRuns);

/// <summary>GitHub's shape: <c>status</c> is queued, in_progress or completed.</summary>
public sealed record CheckRunResponse(
    long Id, string Name, string HeadSha, string Status, string? Conclusion, long RunId, DateTimeOffset? StartedAt, DateTimeOffset? CompletedAt);

public sealed record CancelResponse(
    long RunId, string RunStatus, string? RunConclusion, string? Status, string? Conclusion, bool CancelRequested);

public sealed record RerunResponse(long RunId, int RunIndex, long ParentRunId, string HeadSha, string HeadRef);

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(RunResponse))]
[JsonSerializable(typeof(RunListResponse))]
[JsonSerializable(typeof(JobResponse))]
[JsonSerializable(typeof(CheckRunListResponse))]
[JsonSerializable(typeof(CancelResponse))]
[JsonSerializable(typeof(RerunResponse))]
internal sealed partial class RunApiJson : JsonSerializerContext;
