namespace Shithub.Actions.Protocol;

/// <summary><c>POST /api/v1/jobs/{id}/logs</c>: appends one chunk.</summary>
/// <param name="Seq">Number of the chunk within its step, from 0. The same chunk twice is one chunk.</param>
/// <param name="Chunk">Base64 of at most <see cref="ProtocolLimits.LogChunkBytes"/> bytes.</param>
/// <param name="StepId">The step's numeric id; absent: the log of the job itself.</param>
/// <param name="MaskValues">What steps asked to hide (<c>::add-mask::</c>) since the last call: hidden in this chunk and all that follow.</param>
public sealed record AppendLogRequest(
    int? Seq = null, string? Chunk = null, long? StepId = null, IReadOnlyList<string>? MaskValues = null);

public sealed record AppendLogResponse(bool Accepted, string? NextToken, DateTimeOffset? NextTokenExpiresAt);

/// <summary>
/// <c>POST /api/v1/jobs/{id}/status</c> and <c>…/steps/{step_id}/status</c>: a transition.
/// A terminal status needs a conclusion (<c>cancelled</c> and <c>skipped</c> imply theirs).
/// </summary>
/// <param name="Outputs">The job's outputs, with its terminal status; at most <see cref="ProtocolLimits.OutputBytes"/> altogether.</param>
/// <param name="TaintedOutputs">Names of those that may hold what people outside have chosen.</param>
/// <param name="Annotations">Of a step that ends: at most <see cref="ProtocolLimits.AnnotationsPerLevel"/> of each level.</param>
/// <param name="Summary">Of a step that ends: Markdown of at most <see cref="ProtocolLimits.SummaryBytes"/>.</param>
/// <param name="Images">Of a job that ends: what its containers ran, at most <see cref="ProtocolLimits.ImagesPerJob"/>.</param>
/// <param name="Notes">Of a job that ends: what its runner says about it, at most <see cref="ProtocolLimits.AnnotationsPerLevel"/> of each level.</param>
public sealed record StatusRequest(
    string? Status = null,
    string? Conclusion = null,
    DateTimeOffset? StartedAt = null,
    DateTimeOffset? CompletedAt = null,
    IReadOnlyDictionary<string, string>? Outputs = null,
    IReadOnlyList<string>? TaintedOutputs = null,
    IReadOnlyList<StepAnnotation>? Annotations = null,
    string? Summary = null,
    IReadOnlyList<JobImage>? Images = null,
    IReadOnlyList<StepAnnotation>? Notes = null);

/// <summary>The image of one of a job's containers.</summary>
/// <param name="Image">Its name, of at most <see cref="ProtocolLimits.ImageLength"/> characters.</param>
/// <param name="Digest">What the name stood for: <c>sha256:</c> and 64 digits.</param>
/// <param name="Service">Absent: the container that the steps run in.</param>
public sealed record JobImage(string? Image, string? Digest, string? Service = null);

/// <summary>What a step says about a place in the repository, or about itself.</summary>
/// <param name="Level">One of <see cref="AnnotationLevels"/>.</param>
/// <param name="Line">From 1, as all places.</param>
public sealed record StepAnnotation(
    string? Level,
    string? Message,
    string? Title = null,
    string? File = null,
    int? Line = null,
    int? EndLine = null,
    int? Col = null,
    int? EndCol = null);

public static class AnnotationLevels
{
    public const string Notice = "notice";
    public const string Warning = "warning";
    public const string Error = "error";

    public static IReadOnlyList<string> All { get; } = [Notice, Warning, Error];
}

/// <summary>The state after the call. <paramref name="NextToken"/> is absent once the job is terminal.</summary>
public sealed record StatusResponse(
    string Status,
    string? Conclusion,
    string RunStatus,
    string? RunConclusion,
    string? NextToken,
    DateTimeOffset? NextTokenExpiresAt);

/// <summary>The body of a cancel check: nothing, or <c>{}</c>.</summary>
public sealed record CancelCheckRequest;

/// <summary><c>POST /api/v1/jobs/{id}/cancel-check</c>: also the way to get a fresh token when there is nothing else to say.</summary>
public sealed record CancelCheckResponse(bool Cancelled, string? NextToken, DateTimeOffset? NextTokenExpiresAt);
