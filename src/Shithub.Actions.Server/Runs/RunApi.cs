using System.Text.Json;
using System.Text.Json.Serialization;
using Shithub.Actions.Protocol;

namespace Shithub.Actions.Server.Runs;

/// <summary>A run. <c>Jobs</c> is absent in lists.</summary>
/// <param name="Trust"><c>untrusted</c>: of a pull request from somebody without write access, or from a fork. It gets no secrets.</param>
/// <param name="Hold">Why none of its jobs may start: <c>approval</c>, <c>concurrency</c> or absent.</param>
/// <param name="CheckoutSha">What jobs check out where it is not the head: the merge of a pull request.</param>
/// <param name="WorkflowSha">The commit of the workflow files where it is not the head.</param>
/// <param name="CancelReason">Why it was cancelled, where nobody asked for it.</param>
public sealed record RunResponse(
    long Id, long RepoId, string Repository, int RunIndex, string WorkflowFile, string WorkflowName, string Title, string Event,
    string HeadSha, string HeadRef, string? Actor, long? ParentRunId, string Status, string? Conclusion, JsonElement? Diagnostics,
    DateTimeOffset CreatedAt, DateTimeOffset? StartedAt, DateTimeOffset? CompletedAt, IReadOnlyList<JobResponse>? Jobs,
    string Trust, string? Hold, int? PullRequest, string? ApprovedBy, DateTimeOffset? ApprovedAt, string? CheckoutSha, string? WorkflowSha,
    string? CancelReason)
{
    public static RunResponse Of(RunRow run, IReadOnlyList<JobRow>? jobs) => new(
        run.Id, run.RepoId, run.Repository, run.RunIndex, run.WorkflowFile, run.WorkflowName, run.Title, run.Event, run.HeadSha,
        run.HeadRef, run.Actor, run.ParentRunId, run.Status, run.Conclusion,
        run.Diagnostics is null ? null : JsonDocument.Parse(run.Diagnostics).RootElement,
        run.CreatedAt, run.StartedAt, run.CompletedAt, jobs is null ? null : [.. jobs.Select(JobResponse.Of)],
        run.Trust, run.Conclusion is null ? run.Hold : null, run.PullRequest, run.ApprovedBy, run.ApprovedAt, run.CheckoutSha, run.WorkflowSha,
        run.CancelReason);
}

/// <param name="WaitingFor">Why a job waits, in words.</param>
/// <param name="Diagnostics">Why it failed before it could run.</param>
/// <param name="Images">What its containers ran, once it has ended.</param>
/// <param name="Annotations">What its runner says about it, such as what the network's fence refused; those of steps are theirs.</param>
public sealed record JobResponse(
    long Id, long RunId, string JobKey, string JobName, IReadOnlyList<string> RunsOn, IReadOnlyList<string> Needs, string Status,
    string? Conclusion, int Attempt, string? Runner, bool CancelRequested, DateTimeOffset? QueuedAt, DateTimeOffset? StartedAt,
    DateTimeOffset? CompletedAt, string? WaitingFor, bool ContinueOnError, JsonElement? Outputs, JsonElement? Diagnostics,
    IReadOnlyList<StepResponse> Steps, string? CancelReason, IReadOnlyList<JobImage>? Images, IReadOnlyList<AnnotationResponse>? Annotations)
{
    public static JobResponse Of(JobRow job) => new(
        job.Id, job.RunId, job.JobKey, job.JobName, job.RunsOn, job.Needs, job.Status, job.Conclusion, job.Attempt, job.Runner,
        job.CancelRequested, job.QueuedAt, job.StartedAt, job.CompletedAt, WaitingReason.Of(job), job.ContinueOnError, Json(job.Outputs),
        Json(job.Diagnostics),
        [.. job.Steps.Select(step => new StepResponse(
            step.Id, step.Index, step.Name, step.Status, step.Conclusion, step.StartedAt, step.CompletedAt,
            step.Annotations.Count == 0 ? null : [.. step.Annotations.Select(AnnotationResponse.Of)],
            step.SummaryBytes == 0 ? null : step.SummaryBytes))],
        job.CancelReason,
        job.Images is null ? null : JobReport.Images(job),
        job.Notes is null ? null : [.. JobReport.Notes(job).Select(AnnotationResponse.Of)]);

    private static JsonElement? Json(string? text) => text is null ? null : JsonDocument.Parse(text).RootElement;
}

/// <param name="SummaryBytes">Of the summary that <c>GET /jobs/{id}/summary</c> has.</param>
public sealed record StepResponse(
    long Id, int Index, string Name, string Status, string? Conclusion, DateTimeOffset? StartedAt, DateTimeOffset? CompletedAt,
    IReadOnlyList<AnnotationResponse>? Annotations, int? SummaryBytes);

/// <param name="Level"><c>notice</c>, <c>warning</c> or <c>error</c>.</param>
public sealed record AnnotationResponse(
    string Level, string Message, string? Title, string? File, int? Line, int? EndLine, int? Col, int? EndCol)
{
    public static AnnotationResponse Of(StepAnnotation note) =>
        new(note.Level!, note.Message!, note.Title, note.File, note.Line, note.EndLine, note.Col, note.EndCol);

    public static AnnotationResponse Of(AnnotationOfStep annotation) => new(
        annotation.Level, annotation.Message, annotation.Title, annotation.File, annotation.Line, annotation.EndLine, annotation.Col,
        annotation.EndCol);
}

public sealed record RunListResponse(IReadOnlyList<RunResponse> Runs);

public sealed record CheckRunListResponse(int TotalCount, IReadOnlyList<CheckRunResponse> CheckRuns);

/// <summary>GitHub's shape: <c>status</c> is queued, in_progress or completed.</summary>
public sealed record CheckRunResponse(
    long Id, string Name, string HeadSha, string Status, string? Conclusion, long RunId, DateTimeOffset? StartedAt, DateTimeOffset? CompletedAt,
    CheckRunOutput Output);

/// <param name="Summary">The beginning of the job's summaries, Markdown of at most 1,024 characters.</param>
public sealed record CheckRunOutput(string? Summary, int AnnotationsCount, string AnnotationsUrl);

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
