namespace Shithub.Actions.Runner.Leases;

/// <summary>The lease that this runner asks for (docs/protocol.md, 'Leases').</summary>
internal static class RunnerLease
{
    public const int Seconds = 60;
}
