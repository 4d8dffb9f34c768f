namespace Shithub.Actions.Runner.Tests.Fake;

/// <summary>The real clock, but for timers of a minute or more, which end 30 times as soon: what takes minutes takes seconds.</summary>
internal sealed class HastyTime : TimeProvider
{
    private const int Haste = 30;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
        new HastyTimer(base.CreateTimer(callback, state, Hurry(dueTime), Hurry(period)));

    private static TimeSpan Hurry(TimeSpan time) => time >= TimeSpan.FromMinutes(1) ? time / Haste : time;

    private sealed class HastyTimer(ITimer timer) : ITimer
    {
        public bool Change(TimeSpan dueTime, TimeSpan period) => timer.Change(Hurry(dueTime), Hurry(period));

        public void Dispose() => timer.Dispose();

        public ValueTask DisposeAsync() => timer.DisposeAsync();
    }
}
