using System.Buffers.Text;
using System.Text;
using Shithub.Actions.Protocol;
using Shithub.Actions.Server.Http;
using Shithub.Actions.Server.Secrets;

namespace Shithub.Actions.Server.Jobs;

/// <summary>Checks the bodies of job calls. What is refused here has consumed nothing.</summary>
public static class JobRequests
{
    /// <summary>Far more chunks than a step can fill, and far from overflowing the column.</summary>
    public const int SeqMax = 9_999_999;

    private const int OutputNameMax = 255;

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

        if (request.CompletedAt < request.StartedAt)
            return (null, Problems.Invalid("completed_at", "'completed_at' is before 'started_at'."));
        return (CheckOutputs(request, isStep || !StatusNames.IsTerminal(status))
            ?? StepNotesRequest.Check(request, !isStep || !StatusNames.IsTerminal(status))
            ?? StepNotesRequest.CheckReport(request, isStep || !StatusNames.IsTerminal(status))) is { } problem
            ? (null, problem)
            : (new StatusChange(status, conclusion, request.StartedAt, request.CompletedAt)
            {
                Outputs = request.Outputs is { Count: > 0 } ? request.Outputs : null,
                TaintedOutputs = request.TaintedOutputs ?? [],
                Annotations = request.Annotations ?? [],
                Summary = string.IsNullOrEmpty(request.Summary) ? null : request.Summary,
                Images = request.Images ?? [],
                Notes = request.Notes ?? [],
            }, null);
    }

    private static IResult? CheckOutputs(StatusRequest request, bool refused)
    {
        var outputs = request.Outputs ?? new Dictionary<string, string>();
        if (outputs.Count > 0 && refused)
            return Problems.Invalid("outputs", "Outputs go with the job's last status: completed or cancelled.");
        var bytes = 0L;
        foreach (var (name, value) in outputs)
        {
            if (name.Length is 0 or > OutputNameMax || value is null || (name + value).Contains('\0', StringComparison.Ordinal))
            {
                return Problems.Invalid(
                    "outputs", $"'outputs' has names of 1 to {OutputNameMax} characters, with strings as values, and NUL in neither.");
            }

            bytes += Encoding.UTF8.GetByteCount(name) + Encoding.UTF8.GetByteCount(value);
        }

        if (bytes > ProtocolLimits.OutputBytes)
        {
            return Problems.Of(
                StatusCodes.Status413PayloadTooLarge, $"'outputs' are {bytes} bytes; a job may have {ProtocolLimits.OutputBytes}.", "outputs");
        }

        return (request.TaintedOutputs ?? []).FirstOrDefault(name => name is null || !outputs.ContainsKey(name)) is { } stray
            ? Problems.Invalid("tainted_outputs", $"'tainted_outputs' names '{stray}', which 'outputs' does not have.")
            : null;
    }

    public static (LogMessage? Message, IResult? Problem) CheckLog(AppendLogRequest request)
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

        // JSON may have half a surrogate pair, which no UTF-8 has: nothing could be hidden by it.
        return (request.MaskValues ?? []).Any(value => value is null || !WorkflowSecrets.IsText(value))
            ? (null, Problems.Invalid("mask_values", "'mask_values' are texts to hide in the log."))
            : (new LogMessage(
                request.Seq.Value, request.StepId, Convert.FromBase64String(request.Chunk),
                [.. (request.MaskValues ?? []).Where(value => !string.IsNullOrWhiteSpace(value)).Distinct(StringComparer.Ordinal)]), null);
    }
}
