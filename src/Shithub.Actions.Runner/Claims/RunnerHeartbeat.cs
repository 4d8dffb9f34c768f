using Shithub.Actions.Configuration;
using Shithub.Actions.Protocol;
using Shithub.Actions.Runner.Leases;

namespace Shithub.Actions.Runner.Claims;

/// <summary>What this runner says of itself.</summary>
internal static class RunnerHeartbeat
{
    public static HeartbeatRequest Of(RunnerHostSettings settings, string claimId) => new(
        settings.Labels,
        settings.Capacity,
        settings.HostName,
        RunnerVersion.Number,
        claimId,
        ProtocolLimits.WaitSeconds,
        RunnerLease.Seconds);
}
