using Microsoft.Extensions.Logging;
using Shithub.Actions.Runner.Engine;
using Shithub.Actions.Runner.Jobs;
using Shithub.Actions.Runner.Network;
using Shithub.Actions.Runner.Sandbox;

namespace Shithub.Actions.Runner.Warm;

/// <summary>
/// Keeps <c>engine.warm</c> containers started for the next jobs. Each is handed out once; another is made in its place a second later, so
/// that the job which took it has the machine for its beginning, or at once when a job ends. While they wait they cost no calls: whether one
/// is still good is looked at when it is taken, and a lost fence takes them all away.
/// </summary>
internal sealed partial class WarmSlots : IAsyncDisposable
{
    private static readonly TimeSpan Headway = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan MakeTime = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan LongestPause = TimeSpan.FromMinutes(5);
    private readonly RunnerContext _runner;
    private readonly int _size;
    private readonly ILogger _logger;
    private readonly Lock _gate = new();
    private readonly Queue<WarmSlot> _ready = [];
    private readonly List<WarmSlot> _spoilt = [];
    private readonly SemaphoreSlim _wanted = new(1, 1);
    private readonly CancellationTokenSource _stopped = new();
    private readonly ITimer _later;
    private readonly Task _filling;
    private Making? _making;

    /// <summary>Begins to make them.</summary>
    public WarmSlots(RunnerContext runner)
    {
        (_runner, _size, _logger) = (runner, runner.Spec.Settings.Warm, runner.Loggers.CreateLogger<WarmSlots>());
        _later = runner.Time.CreateTimer(_ => Wake(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        if (runner.Network is { } guard) guard.FenceLost += Spoil;
        _filling = Task.Run(FillAsync);
    }

    /// <summary>A container for a job that starts now: one that waits, or the one that is being made, which is ahead of any other.</summary>
    /// <returns>The caller's; null: there is none.</returns>
    public async Task<WarmSlot?> TakeAsync(CancellationToken cancellationToken)
    {
        Making? making = null;
        lock (_gate)
        {
            if (_stopped.IsCancellationRequested) return null;
            while (_ready.TryDequeue(out var slot))
            {
                if (slot.IsGood) return Hand(slot);
                _spoilt.Add(slot);
            }

            if (_making is { IsTaken: false } begun)
            {
                making = begun;
                making.IsTaken = true;
            }
        }

        if (making is null) return null;
        try
        {
            return await making.Slot.Task.WaitAsync(cancellationToken);
        }
        catch (OperationCanceledException)
        {
            GiveBack(making);
            throw;
        }
    }

    /// <summary>The machine has time to make what is missing.</summary>
    public void Wake()
    {
        lock (_gate)
        {
            if (_wanted.CurrentCount == 0) _wanted.Release();
        }
    }

    /// <summary>Removes those that wait, and makes no more.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_runner.Network is { } guard) guard.FenceLost -= Spoil;
        lock (_gate) _stopped.Cancel();
        await _later.DisposeAsync();
        await _filling;
        var waiting = _ready.Count;
        _spoilt.AddRange(_ready);
        _ready.Clear();
        await RemoveSpoiltAsync();
        if (waiting > 0) Removed(_logger, waiting);
    }

    private WarmSlot Hand(WarmSlot slot)
    {
        _later.Change(Headway, Timeout.InfiniteTimeSpan);
        return slot;
    }

    private void GiveBack(Making making)
    {
        lock (_gate)
        {
            if (!making.Slot.Task.IsCompleted) making.IsTaken = false;
            else if (making.Slot.Task.Result is { } slot) _spoilt.Add(slot);
        }

        Wake();
    }

    /// <summary>The network's fence is gone: it is made anew without containers from before.</summary>
    private void Spoil()
    {
        lock (_gate)
        {
            _spoilt.AddRange(_ready);
            _ready.Clear();
        }

        Wake();
    }

    private async Task FillAsync()
    {
        var failures = 0;
        try
        {
            while (true)
            {
                await _wanted.WaitAsync(_stopped.Token);
                await RemoveSpoiltAsync();
                while (Begin() is { } making)
                {
                    WarmSlot? slot = null;
                    var goesOn = false;
                    try
                    {
                        slot = await MakeAsync(failures == 0);
                    }
                    finally
                    {
                        goesOn = End(making, slot);
                    }

                    failures = slot is null ? failures + 1 : 0;
                    if (slot is null) _later.Change(Pause(failures), Timeout.InfiniteTimeSpan);
                    if (!goesOn) break;
                }
            }
        }
        catch (OperationCanceledException) when (_stopped.IsCancellationRequested)
        {
            // The runner claims no more.
        }
        catch (Exception e)
        {
            // A bug: jobs go on without.
            Broken(_logger, e);
        }
    }

    /// <returns>Null if nothing is to be made.</returns>
    private Making? Begin()
    {
        lock (_gate) return _stopped.IsCancellationRequested || _ready.Count >= _size ? null : _making = new Making();
    }

    /// <returns>Whether to make the next one at once.</returns>
    private bool End(Making making, WarmSlot? slot)
    {
        lock (_gate)
        {
            _making = null;
            if (slot is { IsGood: false })
            {
                // The fence was lost while it was made.
                _spoilt.Add(slot);
                slot = null;
                _later.Change(FirstPause, Timeout.InfiniteTimeSpan);
            }

            making.Slot.SetResult(slot is not null && making.IsTaken ? Hand(slot) : null);
            if (slot is null || making.IsTaken) return false;
            _ready.Enqueue(slot);
            return true;
        }
    }

    /// <summary>Not cut short when the runner stops: a container whose making nobody waited for would stay.</summary>
    private async Task<WarmSlot?> MakeAsync(bool isNews)
    {
        using var bounded = new CancellationTokenSource(MakeTime);
        try
        {
            if (_runner.Network is { } guard && await guard.HoldsAsync(bounded.Token) is { } problem) throw new NetworkFenceException(problem);
            var slot = await WarmSlot.MakeAsync(_runner, bounded.Token);
            Waits(_logger, slot.Name);
            return slot;
        }
        catch (Exception e) when (e is EngineException or SandboxException or NetworkFenceException or IOException or OperationCanceledException)
        {
            if (isNews) NotMade(_logger, e.Message);
            return null;
        }
    }

    private async Task RemoveSpoiltAsync()
    {
        List<WarmSlot> spoilt;
        lock (_gate)
        {
            spoilt = [.. _spoilt];
            _spoilt.Clear();
        }

        foreach (var slot in spoilt)
        {
            try
            {
                await slot.DisposeAsync();
            }
            catch (Exception e) when (e is EngineException or IOException or OperationCanceledException)
            {
                NotRemoved(_logger, slot.Name, e.Message);
            }
        }
    }

    private static TimeSpan Pause(int failures)
    {
        var pause = FirstPause * Math.Pow(2, Math.Min(failures - 1, 10));
        return pause < LongestPause ? pause : LongestPause;
    }

    [LoggerMessage(1, LogLevel.Information, "The warm container {Name} waits for a job.")]
    private static partial void Waits(ILogger logger, string name);

    [LoggerMessage(2, LogLevel.Warning, "No warm container could be made; jobs start their own meanwhile: {Reason}")]
    private static partial void NotMade(ILogger logger, string reason);

    [LoggerMessage(3, LogLevel.Error, "The warm container {Name} could not be removed; the next start of this runner does it: {Reason}")]
    private static partial void NotRemoved(ILogger logger, string name, string reason);

    [LoggerMessage(4, LogLevel.Information, "Removed {Count} warm containers.")]
    private static partial void Removed(ILogger logger, int count);

    [LoggerMessage(5, LogLevel.Error, "Making warm containers broke this runner's own code; jobs start their own from now on.")]
    private static partial void Broken(ILogger logger, Exception exception);

    private sealed class Making
    {
        public TaskCompletionSource<WarmSlot?> Slot { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        /// <summary>A job waits for it.</summary>
        public bool IsTaken { get; set; }
    }
}
