using Shithub.Actions.Runner.Leases;
using Xunit;

namespace Shithub.Actions.Runner.Tests.Leases;

public sealed class AttemptLifetimeTests
{
    private readonly ManualTime _time = new();

    [Fact]
    public void A_lease_of_a_minute_that_nobody_renews_is_given_up_ten_seconds_before_its_end()
    {
        using var lifetime = Start(60);
        _time.Advance(49.9);
        Assert.Equal(StopReason.None, lifetime.Reason);
        _time.Advance(0.1);
        Assert.Equal(StopReason.Lost, lifetime.Reason);
        Assert.True(lifetime.Lost.IsCancellationRequested);
    }

    [Fact]
    public void A_timer_that_fires_a_little_early_fires_again()
    {
        _time.Early = TimeSpan.FromMilliseconds(4);
        using var lifetime = Start(60);
        _time.Advance(49.997);
        Assert.Equal(StopReason.None, lifetime.Reason);
        _time.Advance(0.004);
        Assert.Equal(StopReason.Lost, lifetime.Reason);
    }

    [Fact]
    public void A_renewal_counts_from_when_it_was_sent_however_late_its_answer_came()
    {
        using var lifetime = Start(60);
        _time.Advance(15);
        var sentAt = _time.GetTimestamp();
        _time.Advance(15);
        lifetime.Extend(sentAt);
        _time.Advance(34.9);
        Assert.Equal(StopReason.None, lifetime.Reason);
        _time.Advance(0.1);
        Assert.Equal(StopReason.Lost, lifetime.Reason);
    }

    [Fact]
    public void An_older_renewal_whose_answer_comes_last_does_not_shorten_the_lease()
    {
        using var lifetime = Start(60);
        var older = _time.GetTimestamp() + 1;
        _time.Advance(10);
        lifetime.Extend(_time.GetTimestamp());
        lifetime.Extend(older);
        _time.Advance(45);
        Assert.Equal(StopReason.None, lifetime.Reason);
    }

    [Fact]
    public void A_short_lease_keeps_a_third_of_itself_as_margin()
    {
        using var lifetime = Start(12);
        _time.Advance(7.9);
        Assert.Equal(StopReason.None, lifetime.Reason);
        _time.Advance(0.1);
        Assert.Equal(StopReason.Lost, lifetime.Reason);
    }

    [Fact]
    public void A_cancelled_job_has_five_minutes_for_its_last_steps()
    {
        using var lifetime = Start(9000);
        lifetime.Stop(StopReason.Cancelled);
        Assert.True(lifetime.Stopping.IsCancellationRequested);
        _time.Advance(299.9);
        lifetime.Stop(StopReason.Cancelled);
        Assert.False(lifetime.Ending.IsCancellationRequested);
        _time.Advance(0.1);
        Assert.True(lifetime.Ending.IsCancellationRequested);
        Assert.Equal(StopReason.Cancelled, lifetime.Reason);
    }

    [Fact]
    public void A_runner_that_is_stopped_cuts_the_last_steps_short_and_the_job_stays_cancelled()
    {
        using var lifetime = Start(9000);
        lifetime.Stop(StopReason.Cancelled);
        lifetime.Stop(StopReason.RunnerStopped);
        Assert.True(lifetime.Ending.IsCancellationRequested);
        Assert.Equal(StopReason.Cancelled, lifetime.Reason);
    }

    [Fact]
    public void A_job_that_nobody_else_could_take_has_no_lease_to_lose()
    {
        using var lifetime = new AttemptLifetime(1, 1, Timeout.InfiniteTimeSpan, TimeSpan.FromDays(1), _time.GetTimestamp(), _time);
        lifetime.Extend(_time.GetTimestamp());
        _time.Advance(80_000);
        Assert.Equal(StopReason.None, lifetime.Reason);
    }

    [Fact]
    public void A_job_that_takes_longer_than_it_may_is_stopped_and_can_still_report()
    {
        using var lifetime = Start(9000, timeoutMinutes: 1);
        _time.Advance(60);
        Assert.Equal(StopReason.TimedOut, lifetime.Reason);
        Assert.True(lifetime.Stopping.IsCancellationRequested);
        Assert.False(lifetime.Lost.IsCancellationRequested);
    }

    [Fact]
    public void The_first_reason_counts_except_that_a_lost_attempt_is_lost_whatever_was_before()
    {
        using var lifetime = Start(60);
        lifetime.Stop(StopReason.Cancelled);
        lifetime.Stop(StopReason.TimedOut);
        Assert.Equal(StopReason.Cancelled, lifetime.Reason);
        lifetime.Stop(StopReason.Lost);
        Assert.Equal(StopReason.Lost, lifetime.Reason);
        lifetime.Stop(StopReason.Cancelled);
        Assert.Equal(StopReason.Lost, lifetime.Reason);
    }

    [Fact]
    public void Nothing_happens_to_an_attempt_that_is_over()
    {
        var lifetime = Start(60);
        lifetime.Dispose();
        _time.Advance(100_000);
        lifetime.Stop(StopReason.Cancelled);
        lifetime.Extend(_time.GetTimestamp());
        Assert.Equal(StopReason.None, lifetime.Reason);
    }

    private AttemptLifetime Start(int leaseSeconds, int timeoutMinutes = 60) => new(
        1, 1, TimeSpan.FromSeconds(leaseSeconds), TimeSpan.FromMinutes(timeoutMinutes), _time.GetTimestamp(), _time);
}
