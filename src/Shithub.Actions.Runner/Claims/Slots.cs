namespace Shithub.Actions.Runner.Claims;

/// <summary>How many jobs a runner has, in what state.</summary>
internal sealed class Slots(int capacity) : IDisposable
{
    /// <summary>Jobs that may be claimed: those whose end was reported count no more.</summary>
    public SemaphoreSlim Jobs { get; } = new(capacity);

    /// <summary>Jobs that may have processes.</summary>
    public SemaphoreSlim Machines { get; } = new(capacity);

    /// <summary>Jobs of which anything may be left: the running ones, and as many that are being removed.</summary>
    public SemaphoreSlim Remains { get; } = new(2 * capacity);

    public void Dispose()
    {
        Jobs.Dispose();
        Machines.Dispose();
        Remains.Dispose();
    }
}
