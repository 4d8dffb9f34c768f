namespace Shithub.Actions.Runner.Leases;

/// <summary>Why an attempt is stopped before its steps are done.</summary>
internal enum StopReason
{
    None,
    Cancelled,
    TimedOut,

    /// <summary>The runner itself is stopped.</summary>
    RunnerStopped,

    /// <summary>The network's fence does not hold any more: the containers are dead already.</summary>
    FenceLost,

    /// <summary>Its files take more than they may.</summary>
    WorkspaceFull,

    /// <summary>The attempt is no longer this runner's. Overrides every other reason: nothing is reported any more.</summary>
    Lost,
}

/// <summary>
/// When one attempt of a job has to stop: at its deadline, when somebody asks, or when its lease is about to end without having been
/// renewed. The lease is measured by the monotonic clock from the moment the renewing request was sent, so neither a slow answer nor
/// a changed wall clock makes it seem longer than it is; the attempt is given up 10 s before the end, so that the container is
/// dead when the server may hand the job to somebody else.
/// </summary>
/// <remarks>
/// A job that is cancelled or too late stops its step at <see cref="Stopping"/>; steps that were made for this case (<c>if: always()</c>)
/// may still run until <see cref="Ending"/>.
/// </remarks>
internal sealed class AttemptLifetime : IDisposable
{
    private static readonly TimeSpan Margin = TimeSpan.FromSeconds(10);

    /// <summary>What steps that run after a cancel may take altogether: GitHub's number.</summary>
    private static readonly TimeSpan LastSteps = TimeSpan.FromMinutes(5);

    /// <summary>Less than a millisecond would be none to a timer.</summary>
    private static readonly TimeSpan LeastWait = TimeSpan.FromMilliseconds(1);

    private readonly TimeProvider _time;
    private readonly CancellationTokenSource _stopping = new();
    private readonly CancellationTokenSource _ending = new();
    private readonly CancellationTokenSource _lost = new();
    private readonly Lock _gate = new();
    private readonly ITimer? _leaseTimer;
    private readonly ITimer _deadline;
    private readonly ITimer _lastDeadline;
    private readonly TimeSpan _lease;
    private long _renewedAt;
    private bool _over;

    /// <param name="lease">How long a renewal holds; infinite for a job that nobody else could take.</param>
    /// <param name="timeout">How long the whole attempt may take.</param>
    /// <param name="sentAt"><see cref="TimeProvider.GetTimestamp"/> before the claim was sent.</param>
    public AttemptLifetime(long jobId, int attempt, TimeSpan lease, TimeSpan timeout, long sentAt, TimeProvider time)
    {
        (JobId, Attempt, _lease, _renewedAt, _time) = (jobId, attempt, lease, sentAt, time);
        (Stopping, Ending, Lost) = (_stopping.Token, _ending.Token, _lost.Token);
        _lastDeadline = time.CreateTimer(_ => _ending.Cancel(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        // Under the lock, so that a timer that fires at once finds itself here.
        lock (_gate)
        {
            if (lease != Timeout.InfiniteTimeSpan)
                _leaseTimer = time.CreateTimer(_ => EndLease(), null, Left(), Timeout.InfiniteTimeSpan);
        }

        _deadline = time.CreateTimer(_ => Stop(StopReason.TimedOut), null, timeout, Timeout.InfiniteTimeSpan);
    }

    public long JobId { get; }

    public int Attempt { get; }

    /// <summary>How long a renewal holds.</summary>
    public TimeSpan Lease => _lease;

    public StopReason Reason { get; private set; }

    /// <summary>Cancelled when the attempt's work has to end, for whatever reason.</summary>
    public CancellationToken Stopping { get; }

    /// <summary>Cancelled when not even a step that runs after a cancel may run any longer.</summary>
    public CancellationToken Ending { get; }

    /// <summary>Cancelled when nothing this runner says of the attempt is taken any more.</summary>
    public CancellationToken Lost { get; }

    /// <summary>A renewal or job call that was sent at <paramref name="sentAt"/> succeeded.</summary>
    public void Extend(long sentAt)
    {
        lock (_gate)
        {
            if (_over || _leaseTimer is null || sentAt <= _renewedAt) return;
            _renewedAt = sentAt;
            _leaseTimer.Change(Left(), Timeout.InfiniteTimeSpan);
        }
    }

    /// <summary>Of two reasons the stronger one counts, and of two equally strong ones the first.</summary>
    public void Stop(StopReason reason)
    {
        var hasLastSteps = reason is StopReason.Cancelled or StopReason.TimedOut;
        lock (_gate)
        {
            if (_over || Reason == StopReason.Lost || (Reason != StopReason.None && hasLastSteps)) return;

            // A runner that is stopped while the last steps of a cancelled job run cuts them short; the job stays cancelled.
            if (reason == StopReason.Lost || Reason == StopReason.None) Reason = reason;
            if (hasLastSteps) _lastDeadline.Change(LastSteps, Timeout.InfiniteTimeSpan);
        }

        // Outside the lock: what is registered on the tokens runs here.
        if (!hasLastSteps) _ending.Cancel();
        _stopping.Cancel();
        if (reason == StopReason.Lost) _lost.Cancel();
    }

    public void Dispose()
    {
        lock (_gate) _over = true;
        _leaseTimer?.Dispose();
        _deadline.Dispose();
        _lastDeadline.Dispose();

        // The sources hold nothing that needs disposing, and a late Stop may still be cancelling them.
    }

    private TimeSpan Left()
    {
        var margin = Margin < _lease / 3 ? Margin : _lease / 3;
        var left = _lease - margin - _time.GetElapsedTime(_renewedAt);
        return left > TimeSpan.Zero ? left : TimeSpan.Zero;
    }

    private void EndLease()
    {
        lock (_gate)
        {
            // A renewal may have come between the timer's firing and this line. Or the timer, whose clock is a coarse one, fired a few
            // milliseconds early: it must fire again, or nothing would ever end the attempt.
            var left = Left();
            if (left > TimeSpan.Zero)
            {
                if (!_over) _leaseTimer!.Change(left + LeastWait, Timeout.InfiniteTimeSpan);
                return;
            }
        }

        Stop(StopReason.Lost);
    }
}
