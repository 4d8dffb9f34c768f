namespace Shithub.Actions.Server.Queue;

/// <param name="Max">The longest a claimed job is held for a runner that says nothing (<c>runners.lease_max</c>).</param>
public sealed record LeaseLimits(TimeSpan Max)
{
    /// <summary>What a runner that asked for a lease of so many seconds gets.</summary>
    public int Shorten(int seconds) => (int)Math.Min(seconds, Max.TotalSeconds);
}
