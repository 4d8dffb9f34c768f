using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.Http.HttpResults;
using Shithub.Actions.Protocol;
using Shithub.Actions.Server.Http;
using Shithub.Actions.Server.Metrics;
using Shithub.Actions.Server.Runners;

namespace Shithub.Actions.Server.Jobs;

/// <summary>What every job endpoint does first and last: check the token against the path, and turn an outcome into an answer.</summary>
public sealed class JobCallFilter(JobTokens tokens, ServerMetrics metrics)
{
    /// <summary>The call and its body, or the problem to answer with. Nothing is consumed yet.</summary>
    public async Task<(JobCall? Call, T? Message, IResult? Problem)> OpenAsync<T>(
        HttpRequest request, long jobId, JsonTypeInfo<T> type, CancellationToken cancellation,
        int bodyMax = ProtocolLimits.RequestBodyBytes)
        where T : class
    {
        var (claims, key, problem) = Check(request, jobId);
        if (claims is null)
            return (null, null, problem);
        var body = await RequestBody.ReadAsync(request, type, bodyMax, cancellation);
        return body.Value is { } message
            ? (new JobCall(claims, key, JobCall.Hash(request.Path, body.Bytes.Span)), message, null)
            : (null, null, body.Problem);
    }

    /// <summary>The same for a log chunk, checked.</summary>
    public async Task<(JobCall? Call, LogMessage? Message, IResult? Problem)> OpenLogAsync(
        HttpRequest request, long jobId, CancellationToken cancellation)
    {
        var (claims, key, problem) = Check(request, jobId);
        if (claims is null)
            return (null, null, problem);
        using var hash = JobCall.BeginHash(request.Path);
        var (body, unread) = await PooledBody.ReadAsync(request, ProtocolLimits.RequestBodyBytes, hash, cancellation);
        if (body is null)
            return (null, null, unread);
        using (body)
        {
            if (ReadLogRequest.TryRead(body.Bytes) is not { } message)
            {
                var parsed = RequestBody.Parse(body.Bytes.ToArray(), ProtocolJson.Default.AppendLogRequest);
                if (parsed.Value is null)
                    return (null, null, parsed.Problem);
                (var read, problem) = JobRequests.CheckLog(parsed.Value);
                if (read is null)
                    return (null, null, problem);
                message = read;
            }

            return (new JobCall(claims, key, hash.GetHashAndReset()), message, null);
        }
    }

    private (JobTokenClaims? Claims, string? Key, IResult? Problem) Check(HttpRequest request, long jobId)
    {
        var token = RunnerToken.FromHeader(request.Headers.Authorization);
        if (token is null)
            return (null, null, Refuse("Send the job token: Authorization: Bearer <token of the claim, or the last next_token>."));
        if (tokens.Verify(token, JobTokens.ApiPurpose) is not { } claims)
            return (null, null, Refuse("The job token is not valid here: it was not issued by this server for API calls, or it has expired."));
        if (claims.JobId != jobId)
            return (null, null, Refuse("The job token is for another job."));
        var key = request.Headers["Idempotency-Key"].ToString();
        if (key.Length > ProtocolLimits.IdempotencyKeyLengthMax || key.Any(c => c is < ' ' or > '~'))
        {
            return (null, null, Problems.Invalid(
                "Idempotency-Key", $"The header Idempotency-Key is at most {ProtocolLimits.IdempotencyKeyLengthMax} printable ASCII characters."));
        }

        return (claims, key.Length == 0 ? null : key, null);
    }

    /// <summary>Answers with <paramref name="respond"/> when the call was done now or before.</summary>
    public IResult Answer(JobCallOutcome outcome, Func<string?, DateTimeOffset?, IResult> respond)
    {
        metrics.TokenCall(outcome.Result switch
        {
            JobCallResult.Done => "accepted",
            JobCallResult.Repeated => "repeated",
            JobCallResult.Refused => "replayed",
            JobCallResult.Conflict => "conflict",
            _ => "invalid",
        });
        switch (outcome.Result)
        {
            case JobCallResult.Done or JobCallResult.Repeated:
                if (outcome.Next is not { } next)
                    return respond(null, null);
                metrics.TokenIssued(JobTokens.ApiPurpose);
                return respond(tokens.Issue(next), next.ExpiresAt);
            case JobCallResult.Refused:
                return Problems.Unauthorized(outcome.Detail!);
            case JobCallResult.Conflict:
                return Problems.Of(StatusCodes.Status409Conflict, outcome.Detail!, outcome.Field);
            case JobCallResult.NotFound:
                return Problems.Of(StatusCodes.Status404NotFound, outcome.Detail!, outcome.Field);
            default:
                return Problems.Invalid(outcome.Field!, outcome.Detail!);
        }
    }

    private ProblemHttpResult Refuse(string detail)
    {
        metrics.TokenCall("invalid");
        return Problems.Unauthorized(detail);
    }
}
