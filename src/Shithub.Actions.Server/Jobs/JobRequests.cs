using System.Buffers.Text;
using Shithub.Actions.Protocol;
using Shithub.Actions.Server.Http;

namespace Shithub.Actions.Server.Jobs;

/// <summary>Checks the bodies of job calls. What is refused here has consumed nothing.</summary>
public static class JobRequests
{
    /// <summary>Far more chunks than a step can fill, and far from overflowing the column.</summary>
    public const int SeqMax = 9_999_999;

    public static (StatusChange? Change, IResult? Problem) CheckStatus(StatusRequest request, bool isStep)
    {
        string[] allowed = isStep
            ? [StatusNames.Running, StatusNames.Completed, StatusNames.Cancelled, StatusNames.Skipped]
            : [StatusNames.Running, StatusNames.Completed, StatusNames.Cancelled];
        if (request.Status is null || !allowed.Contains(request.Status))
            return (null, Problems.Invalid("status", $"'status' must be one of {string.Join(", ", allowed)}."));
        if (request.Conclusion is { } given && !ConclusionNames.IsReportable(given))
        {
            return (null, Problems.Invalid(
                "conclusion", "'conclusion' must be one of success, failure, cancelled, skipped, timed_out, neutral."));
        }

        var status = request.Status;
        var conclusion = request.Conclusion;
        switch (status)
        {
            case StatusNames.Running when conclusion is not null:
                return (null, Problems.Invalid("conclusion", "A running job or step has no conclusion yet: leave 'conclusion' out."));
            case StatusNames.Completed when conclusion is null:
                return (null, Problems.Invalid("conclusion", "A completed job or step needs a 'conclusion'."));
            case StatusNames.Cancelled or StatusNames.Skipped when (conclusion ?? status) != status:
                return (null, Problems.Invalid("conclusion", $"Status {status} goes with conclusion {status} only."));
            // completed/cancelled is what GitHub's clients say; the stored form names it in the status.
            case StatusNames.Completed when conclusion is ConclusionNames.Cancelled:
                status = StatusNames.Cancelled;
                break;
            case StatusNames.Completed when conclusion is ConclusionNames.Skipped && isStep:
                status = StatusNames.Skipped;
                break;
            case StatusNames.Cancelled or StatusNames.Skipped:
                conclusion = status;
                break;
            default:
                break;
        }

        return request.CompletedAt < request.StartedAt
            ? (null, Problems.Invalid("completed_at", "'completed_at' is before 'started_at'."))
            : (new StatusChange(status, conclusion, request.StartedAt, request.CompletedAt), null);
    }

    public static (byte[]? Chunk, IResult? Problem) CheckLog(AppendLogRequest request)
    {
        if (request.Seq is not (>= 0 and <= SeqMax))
            return (null, Problems.Invalid("seq", $"'seq' numbers the chunk: a whole number from 0 to {SeqMax}."));
        if (request.StepId is <= 0)
            return (null, Problems.Invalid("step_id", "'step_id' is the numeric id of a step as given in the claim."));
        if (request.Chunk is null)
            return (null, Problems.Invalid("chunk", "'chunk' is missing: send the bytes in base64."));
        if (!Base64.IsValid(request.Chunk, out var length))
            return (null, Problems.Invalid("chunk", "'chunk' is not valid base64."));
        if (length > ProtocolLimits.LogChunkBytes)
        {
            return (null, Problems.Of(
                StatusCodes.Status413PayloadTooLarge,
                $"'chunk' is {length} bytes; at most {ProtocolLimits.LogChunkBytes} are taken at once. Send it in parts.",
                "chunk"));
        }

        return (Convert.FromBase64String(request.Chunk), null);
    }
}
