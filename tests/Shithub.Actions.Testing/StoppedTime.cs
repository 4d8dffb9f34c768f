namespace Shithub.Actions.Testing;

/// <summary>
/// A clock on which nothing ever falls due: no wait ends by itself and no background round begins a second time. What wakes under it
/// was woken by a signal. The time of day goes on, and <see cref="Ahead"/> moves it.
/// </summary>
public sealed class StoppedTime : TimeProvider
{
    /// <summary>How far the time of day is ahead of the system's.</summary>
    public TimeSpan Ahead { get; set; }

    public override DateTimeOffset GetUtcNow() => System.GetUtcNow() + Ahead;

    public override long GetTimestamp() => Ahead.Ticks;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) => new Never();

    private sealed class Never : ITimer
    {
        public bool Change(TimeSpan dueTime, TimeSpan period) => true;

        public void Dispose()
        {
        }

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
