using System.Text.Json.Serialization;

namespace Shithub.Actions.Protocol;

/// <summary>
/// <c>POST /api/v1/runners/leases</c>: renews the leases of the listed attempts. It answers at once when an attempt is lost or has a
/// cancel request that the caller does not know of yet, else after <paramref name="WaitSeconds"/>.
/// </summary>
public sealed record RenewLeasesRequest(
    IReadOnlyList<LeasedAttempt>? Leases = null,
    int? WaitSeconds = null,
    int? LeaseSeconds = null);

/// <param name="CancelSeen">The caller already knows that this attempt is to be cancelled: no need to answer early for it.</param>
public sealed record LeasedAttempt(long JobId, int Attempt, bool CancelSeen = false);

public sealed record RenewLeasesResponse(IReadOnlyList<LeaseState> Leases);

/// <param name="ExpiresAt">When a held lease ends; absent for a lost one.</param>
public sealed record LeaseState(long JobId, int Attempt, LeaseStanding State, DateTimeOffset? ExpiresAt, int? LeaseSeconds);

[JsonConverter(typeof(JsonStringEnumConverter<LeaseStanding>))]
public enum LeaseStanding
{
    /// <summary>The attempt goes on.</summary>
    [JsonStringEnumMemberName("held")] Held,

    /// <summary>Held, and somebody asked for the job to be cancelled: kill it and report <c>cancelled</c>.</summary>
    [JsonStringEnumMemberName("cancel_requested")] CancelRequested,

    /// <summary>The attempt is over for the server: stop it; nothing it reports is taken.</summary>
    [JsonStringEnumMemberName("lost")] Lost,
}
