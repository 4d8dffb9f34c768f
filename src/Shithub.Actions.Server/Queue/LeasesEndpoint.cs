using Shithub.Actions.Protocol;
using Shithub.Actions.Server.Access;
using Shithub.Actions.Server.Database;
using Shithub.Actions.Server.Http;
using Shithub.Actions.Server.Runners;

namespace Shithub.Actions.Server.Queue;

/// <summary><c>POST /api/v1/runners/leases</c>: a long poll, so that a cancel reaches the runner at once.</summary>
public static class LeasesEndpoint
{
    private static readonly TimeSpan LookAgain = TimeSpan.FromSeconds(5);

    public static void MapLeasesEndpoint(this IEndpointRouteBuilder routes) =>
        routes.MapPost("/api/v1/runners/leases", RenewAsync)
            .WithTags("Runners").WithSummary("Renew the leases of running attempts")
            .Accepts<RenewLeasesRequest>("application/json").Produces<RenewLeasesResponse>();

    private static async Task<IResult> RenewAsync(
        HttpContext http, RenewLeases renew, LeaseLimits limits, Notifications notifications, TimeProvider time,
        IHostApplicationLifetime lifetime, CancellationToken cancellation)
    {
        var token = RunnerToken.FromHeader(http.Request.Headers.Authorization);
        if (token is null)
            return Problems.Unauthorized("Send the runner's token: Authorization: Bearer <token of 'shithubd admin runner register'>.");
        var body = await RequestBody.ReadAsync(
            http.Request, ProtocolJson.Default.RenewLeasesRequest, ProtocolLimits.RequestBodyBytes, cancellation);
        if (body.Value is not { } message)
            return body.Problem!;
        if (Check(message) is { } wrong)
            return Problems.Invalid(wrong.Field, wrong.Detail);

        var hash = OpaqueToken.Hash(token);
        var attempts = message.Leases ?? [];
        int? leaseSeconds = message.LeaseSeconds is { } asked ? limits.Shorten(asked) : null;
        var started = time.GetTimestamp();
        var patience = TimeSpan.FromSeconds(message.WaitSeconds ?? 0);
        var watches = attempts.Select(attempt => notifications.Subscribe(Topic.Lease, attempt.JobId)).ToList();
        try
        {
            while (true)
            {
                var news = Task.WhenAny([.. watches.Select(watch => watch.Next), Task.Delay(Timeout.Infinite, cancellation)]);
                var states = await renew.ExecuteAsync(hash, attempts, leaseSeconds, cancellation);
                if (states is null)
                    return Problems.Unauthorized("The runner's token is unknown or revoked.");
                var left = patience - time.GetElapsedTime(started);
                if (left <= TimeSpan.Zero || lifetime.ApplicationStopping.IsCancellationRequested || HasNews(attempts, states))
                    return TypedResults.Json(new RenewLeasesResponse(states), ProtocolJson.Default.RenewLeasesResponse);
                await Waiting.ForAsync(news, left < LookAgain ? left : LookAgain, time, lifetime.ApplicationStopping, cancellation);
            }
        }
        finally
        {
            watches.ForEach(watch => watch.Dispose());
        }
    }

    private static bool HasNews(IReadOnlyList<LeasedAttempt> attempts, List<LeaseState> states)
    {
        var seen = attempts.Where(attempt => attempt.CancelSeen).Select(attempt => attempt.JobId).ToHashSet();
        return states.Exists(state =>
            state.State == LeaseStanding.Lost || (state.State == LeaseStanding.CancelRequested && !seen.Contains(state.JobId)));
    }

    private static (string Field, string Detail)? Check(RenewLeasesRequest message)
    {
        if (message.Leases?.Count > ProtocolLimits.LeasesPerCallMax)
            return ("leases", $"At most {ProtocolLimits.LeasesPerCallMax} leases a call.");
        var named = new HashSet<long>();
        for (var i = 0; i < message.Leases?.Count; i++)
        {
            if (message.Leases[i] is not { JobId: > 0, Attempt: > 0 } lease)
                return ($"leases[{i}]", "Each lease names a 'job_id' and an 'attempt' as given in the claim.");
            if (!named.Add(lease.JobId))
                return ($"leases[{i}].job_id", $"Job {lease.JobId} is named twice.");
        }

        if (message.WaitSeconds is < 0 or > ProtocolLimits.WaitSeconds)
            return ("wait_seconds", $"0 to {ProtocolLimits.WaitSeconds} seconds.");
        return message.LeaseSeconds is < ProtocolLimits.LeaseSecondsMin or > ProtocolLimits.LeaseSecondsMax
            ? ("lease_seconds", $"{ProtocolLimits.LeaseSecondsMin} to {ProtocolLimits.LeaseSecondsMax} seconds.")
            : null;
    }
}
