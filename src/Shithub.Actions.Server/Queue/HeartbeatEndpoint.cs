using System.Globalization;
using Shithub.Actions.Protocol;
using Shithub.Actions.Server.Access;
using Shithub.Actions.Server.Database;
using Shithub.Actions.Server.Http;
using Shithub.Actions.Server.Metrics;
using Shithub.Actions.Server.Runners;

namespace Shithub.Actions.Server.Queue;

/// <summary><c>POST /api/v1/runners/heartbeat</c>: 200 with a job, 204 without, after waiting for one as long as the runner asked.</summary>
public static class HeartbeatEndpoint
{
    /// <summary>How often a waiting heartbeat looks by itself, in case a notification was lost.</summary>
    private static readonly TimeSpan LookAgain = TimeSpan.FromSeconds(5);

    public static void MapHeartbeatEndpoint(this IEndpointRouteBuilder routes) =>
        routes.MapPost("/api/v1/runners/heartbeat", HeartbeatAsync)
            .WithTags("Runners").WithSummary("Heartbeat: claim a job")
            .Accepts<HeartbeatRequest>("application/json").Produces<HeartbeatResponse>().Produces(StatusCodes.Status204NoContent);

    private static async Task<IResult> HeartbeatAsync(
        HttpContext http, ClaimBatches claims, ClaimAnswer answer, LeaseLimits limits, Notifications notifications, ServerMetrics metrics,
        TimeProvider time, IHostApplicationLifetime lifetime, CancellationToken cancellation)
    {
        var token = RunnerToken.FromHeader(http.Request.Headers.Authorization);
        if (token is null)
            return Problems.Unauthorized("Send the runner's token: Authorization: Bearer <token of 'shithubd admin runner register'>.");
        var body = await RequestBody.ReadAsync(
            http.Request, ProtocolJson.Default.HeartbeatRequest, ProtocolLimits.RequestBodyBytes, cancellation);
        if (body.Value is not { } message)
            return body.Problem!;
        if (Check(message) is { } wrong)
            return Problems.Invalid(wrong.Field, wrong.Detail);
        var request = new ClaimRequest(
            OpaqueToken.Hash(token),
            message.Labels is null ? null : RunnerRules.Normalize(message.Labels),
            message.Capacity,
            message.HostName,
            message.Version,
            message.ClaimId ?? Guid.NewGuid().ToString(),
            limits.Shorten(message.LeaseSeconds ?? ProtocolLimits.JobTokenSeconds),
            message.NotClaiming);

        var started = time.GetTimestamp();
        var patience = TimeSpan.FromSeconds(message.WaitSeconds ?? 0);
        using var watch = notifications.Subscribe(Topic.Queue);
        while (true)
        {
            // Taken before the look: what is queued after it wakes this wait.
            var news = watch.Next;
            var outcome = await claims.TryAsync(request, cancellation);
            if (outcome.IgnoredLabels.Length > 0)
                http.Response.Headers["Shithub-Ignored-Labels"] = string.Join(',', outcome.IgnoredLabels);
            switch (outcome.Result)
            {
                case ClaimResult.Claimed:
                    metrics.Heartbeat("claimed");
                    notifications.Broadcast(Topic.Run, outcome.Job!.RunId);
                    return new JsonAnswer<HeartbeatResponse>(
                        await answer.WriteAsync(outcome.Job!, cancellation), ProtocolJson.Default.HeartbeatResponse);
                case ClaimResult.Unauthorized:
                    metrics.Heartbeat("unauthorized");
                    return Problems.Unauthorized(
                        "The runner's token is unknown, expired, replaced or revoked. Make a new one: shithubd admin runner rotate-token.");
                case ClaimResult.ClaimIdUsed:
                    metrics.Heartbeat("repeated");
                    return Problems.Of(
                        StatusCodes.Status409Conflict, "This claim_id has taken a job whose first call was made. Use a new one for every claim.",
                        "claim_id");
                default:
                    break;
            }

            var left = patience - time.GetElapsedTime(started);
            if (left <= TimeSpan.Zero || request.NotClaiming is not null || lifetime.ApplicationStopping.IsCancellationRequested)
            {
                metrics.Heartbeat("empty");
                return TypedResults.NoContent();
            }

            await Waiting.ForAsync(news, left < LookAgain ? left : LookAgain, time, lifetime.ApplicationStopping, cancellation);
        }
    }

    private static (string Field, string Detail)? Check(HeartbeatRequest message)
    {
        if (message.Labels is not null && RunnerRules.CheckLabels(message.Labels) is { } labels)
            return labels;
        if (message.Capacity is { } capacity && RunnerRules.CheckCapacity(capacity) is { } wrong)
            return ("capacity", wrong);
        if (!IsText(message.HostName, ProtocolLimits.HostNameLengthMax))
            return ("host_name", TextRule(ProtocolLimits.HostNameLengthMax));
        if (!IsText(message.Version, ProtocolLimits.VersionLengthMax))
            return ("version", TextRule(ProtocolLimits.VersionLengthMax));
        if (!IsText(message.ClaimId, ProtocolLimits.ClaimIdLengthMax) || message.ClaimId is "")
            return ("claim_id", TextRule(ProtocolLimits.ClaimIdLengthMax));
        if (!IsText(message.NotClaiming, ProtocolLimits.NotClaimingLengthMax) || message.NotClaiming is "")
            return ("not_claiming", TextRule(ProtocolLimits.NotClaimingLengthMax));
        if (message.WaitSeconds is < 0 or > ProtocolLimits.WaitSeconds)
            return ("wait_seconds", string.Create(CultureInfo.InvariantCulture, $"0 to {ProtocolLimits.WaitSeconds} seconds."));
        return message.LeaseSeconds is < ProtocolLimits.LeaseSecondsMin or > ProtocolLimits.LeaseSecondsMax
            ? ("lease_seconds", $"{ProtocolLimits.LeaseSecondsMin} to {ProtocolLimits.LeaseSecondsMax} seconds.")
            : null;
    }

    private static bool IsText(string? text, int length) => text is null || (text.Length <= length && !text.Any(char.IsControl));

    private static string TextRule(int length) => $"At most {length} characters, none of them a control character.";
}
