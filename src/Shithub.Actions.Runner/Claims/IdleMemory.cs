namespace Shithub.Actions.Runner.Claims;

/// <summary>
/// Gives the memory of jobs back to the host once none has been there for a while. By itself the collector looks only when something is
/// allocated, and a runner that waits allocates next to nothing: what the last job left would stay as long as no other one comes.
/// </summary>
internal sealed class IdleMemory : IDisposable
{
    /// <summary>Longer than from one job of a queue to the next: who has work is not held up.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    /// <summary><c>ArrayPool</c> lets go of what it finds unused in two collections that are more than 30 s apart.</summary>
    private static readonly TimeSpan Again = TimeSpan.FromSeconds(35);
    private const int Collections = 3;

    private readonly Lock _gate = new();
    private readonly ITimer _timer;
    private int _left = Collections;

    public IdleMemory(TimeProvider time) => _timer = time.CreateTimer(_ => Release(), null, Patience, Again);

    /// <summary>There is a job.</summary>
    public void Keep()
    {
        lock (_gate) _left = 0;
    }

    /// <summary>Nothing is left of any job.</summary>
    public void Wait()
    {
        lock (_gate)
        {
            _left = Collections;
            _timer.Change(Patience, Again);
        }
    }

    public void Dispose() => _timer.Dispose();

    private void Release()
    {
        lock (_gate)
        {
            if (_left > 0) GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
            if (_left <= 1) _timer.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
            _left--;
        }
    }
}
