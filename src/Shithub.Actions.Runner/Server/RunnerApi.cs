using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Shithub.Actions.Configuration;
using Shithub.Actions.Protocol;

namespace Shithub.Actions.Runner.Server;

internal enum HeartbeatResult
{
    Claimed,
    NoJob,

    /// <summary>The claim id took a job whose first call was made: the next claim needs a new one.</summary>
    ClaimIdUsed,

    /// <summary>The token is unknown, expired, replaced or revoked.</summary>
    Refused,

    /// <summary>The server does not take what this runner says of itself.</summary>
    Invalid,

    /// <summary>Whatever answers there, it is no server of this protocol.</summary>
    NoServer,
}

/// <param name="Detail">The server's words, where it refused.</param>
/// <param name="IgnoredLabels">Labels that were offered but not registered.</param>
internal sealed record HeartbeatAnswer(HeartbeatResult Result, HeartbeatResponse? Claim, string? Detail, string? IgnoredLabels);

/// <summary>The calls that carry the runner's own token. Each instance has connections of its own.</summary>
internal sealed class RunnerApi(Uri baseUrl, Secret token) : IDisposable
{
    /// <summary>What a call may take beyond the time that the server was asked to wait for news.</summary>
    private static readonly TimeSpan AnswerTime = TimeSpan.FromSeconds(10);

    private readonly HttpClient _http = ServerHttp.Create(baseUrl);

    /// <exception cref="ServerUnavailableException">Try again later.</exception>
    public async Task<HeartbeatAnswer> HeartbeatAsync(HeartbeatRequest request, CancellationToken cancellationToken)
    {
        var patience = AnswerTime + TimeSpan.FromSeconds(request.WaitSeconds ?? 0);
        using var response = await PostAsync(
            "api/v1/runners/heartbeat", request, ProtocolJson.Default.HeartbeatRequest, patience, cancellationToken);
        var ignored = response.Headers.TryGetValues("Shithub-Ignored-Labels", out var labels) ? string.Join(", ", labels) : null;
        return response.StatusCode switch
        {
            HttpStatusCode.OK => new HeartbeatAnswer(
                HeartbeatResult.Claimed,
                await ReadAsync(response, ProtocolJson.Default.HeartbeatResponse, cancellationToken),
                null,
                ignored),
            HttpStatusCode.NoContent => new HeartbeatAnswer(HeartbeatResult.NoJob, null, null, ignored),
            HttpStatusCode.Conflict => await WithDetailAsync(HeartbeatResult.ClaimIdUsed),
            HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden => await WithDetailAsync(HeartbeatResult.Refused),
            HttpStatusCode.BadRequest or HttpStatusCode.UnprocessableEntity => await WithDetailAsync(HeartbeatResult.Invalid),
            _ => new HeartbeatAnswer(
                HeartbeatResult.NoServer,
                null,
                $"{_http.BaseAddress}: it answers a heartbeat with {await DetailAsync(response, cancellationToken)}",
                ignored),
        };

        async Task<HeartbeatAnswer> WithDetailAsync(HeartbeatResult result) =>
            new(result, null, await DetailAsync(response, cancellationToken), ignored);
    }

    /// <summary>Tells the server that this runner lives, takes nothing, and why. That nobody hears it changes nothing.</summary>
    /// <param name="reason">Cut to one line of <see cref="ProtocolLimits.NotClaimingLengthMax"/> characters.</param>
    public async Task TellNotClaimingAsync(HeartbeatRequest request, string reason, CancellationToken cancellationToken)
    {
        var line = string.Concat(reason.Select(character => char.IsControl(character) ? ' ' : character));
        if (line.Length > ProtocolLimits.NotClaimingLengthMax) line = line[..(ProtocolLimits.NotClaimingLengthMax - 1)] + "…";
        try
        {
            await HeartbeatAsync(request with { NotClaiming = line, WaitSeconds = 0 }, cancellationToken);
        }
        catch (ServerUnavailableException)
        {
            // It does not give this runner a job either.
        }
    }

    /// <returns>How each lease stands, or null when the token may no longer renew.</returns>
    /// <exception cref="ServerUnavailableException">Try again later.</exception>
    public async Task<RenewLeasesResponse?> RenewLeasesAsync(RenewLeasesRequest request, CancellationToken cancellationToken)
    {
        var patience = AnswerTime + TimeSpan.FromSeconds(request.WaitSeconds ?? 0);
        using var response = await PostAsync(
            "api/v1/runners/leases", request, ProtocolJson.Default.RenewLeasesRequest, patience, cancellationToken);
        if (response.IsSuccessStatusCode)
            return await ReadAsync(response, ProtocolJson.Default.RenewLeasesResponse, cancellationToken);
        if (response.StatusCode is HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden) return null;
        throw new ServerUnavailableException(
            $"The server answered {(int)response.StatusCode} to a lease renewal: {await DetailAsync(response, cancellationToken)}");
    }

    public void Dispose() => _http.Dispose();

    /// <summary>The problem's own words, or the status where the answer is no problem document.</summary>
    public static async Task<string> DetailAsync(HttpResponseMessage response, CancellationToken cancellationToken) =>
        (await ProblemAsync(response, cancellationToken))?.Detail ?? $"{(int)response.StatusCode} {response.ReasonPhrase}";

    public static async Task<Problem?> ProblemAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        try
        {
            return await response.Content.ReadFromJsonAsync(ProtocolJson.Default.Problem, cancellationToken);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static async Task<T> ReadAsync<T>(HttpResponseMessage response, JsonTypeInfo<T> type, CancellationToken cancellationToken)
    {
        try
        {
            return await response.Content.ReadFromJsonAsync(type, cancellationToken)
                ?? throw new ServerUnavailableException("The server answered with an empty document.");
        }
        catch (JsonException e)
        {
            throw new ServerUnavailableException($"The server's answer is not what this protocol has: {e.Message}", e);
        }
    }

    private async Task<HttpResponseMessage> PostAsync<T>(
        string path, T body, JsonTypeInfo<T> type, TimeSpan patience, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = JsonContent.Create(body, type) };
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token.Reveal());
        using var bounded = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        bounded.CancelAfter(patience);
        try
        {
            var response = await _http.SendAsync(request, bounded.Token);
            if (!ServerHttp.IsTransient(response.StatusCode)) return response;
            using (response) throw new ServerUnavailableException($"The server answered {(int)response.StatusCode} {response.ReasonPhrase}.");
        }
        catch (HttpRequestException e)
        {
            throw new ServerUnavailableException($"{_http.BaseAddress} can't be reached: {e.Message}", e);
        }
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            throw new ServerUnavailableException($"{_http.BaseAddress} did not answer within {patience.TotalSeconds:0} s.", e);
        }
    }
}
