using Shithub.Actions.Runner.Leases;

namespace Shithub.Actions.Runner.Steps;

/// <summary>
/// When one step has to stop: when the job does, at its own <c>timeout-minutes</c>, or at that of the step whose action it is part of. A
/// step that begins after the job was cancelled is not stopped by that, but when even such steps may run no longer.
/// </summary>
internal sealed class StepLimit : IDisposable
{
    private readonly AttemptLifetime _lifetime;
    private readonly StepLimit? _outer;
    private readonly CancellationTokenSource? _deadline;
    private readonly CancellationTokenSource _all;

    public StepLimit(AttemptLifetime lifetime, StepLimit? outer, int? timeoutMinutes, TimeProvider time)
    {
        (_lifetime, _outer) = (lifetime, outer);
        _deadline = timeoutMinutes is { } minutes ? new CancellationTokenSource(TimeSpan.FromMinutes(minutes), time) : null;
        var job = lifetime.Reason == StopReason.None ? lifetime.Stopping : lifetime.Ending;
        _all = CancellationTokenSource.CreateLinkedTokenSource([job, .. Deadlines()]);
        Reached = _all.Token;
    }

    public CancellationToken Reached { get; }

    /// <summary>A deadline has passed: this step's or that of one it is part of.</summary>
    public bool TimedOut => _deadline?.IsCancellationRequested == true || _outer?.TimedOut == true;

    /// <summary>The job as a whole has to stop.</summary>
    public bool JobStops => _lifetime.Reason != StopReason.None;

    public void Dispose()
    {
        _all.Dispose();
        _deadline?.Dispose();
    }

    private IEnumerable<CancellationToken> Deadlines() =>
        [.. _deadline is null ? [] : new[] { _deadline.Token }, .. _outer?.Deadlines() ?? []];
}
