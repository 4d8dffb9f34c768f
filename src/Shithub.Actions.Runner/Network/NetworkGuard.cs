using Microsoft.Extensions.Logging;
using Shithub.Actions.Runner.Engine;
using Shithub.Actions.Runner.Sandbox;

namespace Shithub.Actions.Runner.Network;

/// <summary>
/// Sees to it that jobs run behind a fence that holds, or not at all. It hears of changes at once and looks by itself every second while jobs
/// run. When the fence is lost, every container of this runner is killed; then it makes the fence anew, and jobs are claimed again only after
/// it was proved again.
/// </summary>
internal sealed partial class NetworkGuard : IAsyncDisposable
{
    /// <summary>In looks: how often while no job runs, and how often then after a loss.</summary>
    private const int IdleLooks = 15;
    private const int MendingLooks = 5;
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan KillTime = TimeSpan.FromSeconds(30);
    private readonly EngineClient _engine;
    private readonly string _runner;
    private readonly Func<CancellationToken, Task<IReadOnlyList<FenceFact>>> _prove;
    private readonly ILogger _logger;
    private readonly TimeProvider _time;
    private readonly FenceWatch _watch;
    private readonly Lock _gate = new();
    private readonly HashSet<Registration> _jobs = [];
    private readonly CancellationTokenSource _ended = new();
    private readonly SemaphoreSlim _mending = new(1, 1);
    private readonly Task _looking;
    private NetworkFence _fence;
    private string? _problem;
    private long _lookedAt;
    private bool _killing;
    private int _losses;

    /// <param name="runner">The label of this runner's containers.</param>
    /// <param name="prove">Tries the fence from inside containers.</param>
    public NetworkGuard(
        EngineClient engine, NetworkFence fence, string runner, Func<CancellationToken, Task<IReadOnlyList<FenceFact>>> prove, TimeProvider time,
        ILogger logger)
    {
        (_engine, _fence, _runner, _prove, _time, _logger) = (engine, fence, runner, prove, time, logger);
        _problem = "it was not proved yet";
        _watch = new FenceWatch(fence.Plan, Lose);
        _watch.Ensure();
        _looking = LookAsync();
    }

    public FencePlan Plan => _fence.Plan;

    /// <summary>Why the fence does not hold, as far as that is known by now; null: it holds.</summary>
    public string? Problem => _problem;

    /// <summary>How often the fence was lost: what was made before the last loss is not to be used after it.</summary>
    public int Losses => Volatile.Read(ref _losses);

    /// <summary>Told at each loss, with jobs or without.</summary>
    public event Action? FenceLost;

    /// <summary>The names that are in force.</summary>
    public IReadOnlyList<string> Names => _fence.Names;

    /// <summary>Makes the fence where it is not, and proves it unless that was done since it was last made.</summary>
    /// <returns>Why it does not hold; null: it holds.</returns>
    public async Task<string?> HoldsAsync(CancellationToken cancellationToken)
    {
        // What has just been looked at still holds: the kernel would have said if it did not.
        if (_problem is null && _time.GetElapsedTime(Interlocked.Read(ref _lookedAt)) < LookEvery) return null;
        await _mending.WaitAsync(cancellationToken);
        try
        {
            var found = await FenceState.ProblemAsync(_fence, cancellationToken);
            if (found is null) Interlocked.Exchange(ref _lookedAt, _time.GetTimestamp());
            if (found is null && _problem is null) return null;
            if (found is not null)
            {
                Lose(found);
                _fence = new NetworkFence(_fence.Plan with { Names = _fence.Names });
                await _fence.UpAsync(_engine, cancellationToken);
            }

            _watch.Ensure();
            var holes = (await _prove(cancellationToken)).Where(fact => !fact.Holds).ToList();
            if (holes.Count > 0) return string.Join("; ", holes.Select(hole => $"{hole.What}: {hole.Detail}"));
            lock (_gate) _problem = null;
            return null;
        }
        catch (Exception e) when (e is NetworkFenceException or EngineException or SandboxException or IOException)
        {
            return e.Message;
        }
        finally
        {
            _mending.Release();
        }
    }

    /// <summary>A quick look, for a job that is about to begin.</summary>
    /// <exception cref="NetworkFenceException">The fence does not hold.</exception>
    public async Task RequireAsync(CancellationToken cancellationToken)
    {
        if (_problem is { } known) throw new NetworkFenceException(known);
        if (await FenceState.ProblemAsync(_fence, cancellationToken) is not { } found)
        {
            Interlocked.Exchange(ref _lookedAt, _time.GetTimestamp());
            return;
        }

        Lose(found);
        throw new NetworkFenceException(found);
    }

    /// <summary>Tells a job, until it disposes what it gets, that the fence is lost, and why.</summary>
    /// <param name="look">What of this job alone must hold; returns what does not.</param>
    public IDisposable Watch(Action<string> lost, Func<CancellationToken, Task<string?>>? look = null)
    {
        var registration = new Registration(this, lost, look);
        string? problem;
        lock (_gate)
        {
            _jobs.Add(registration);
            problem = _problem;
        }

        if (problem is not null) lost(problem);
        return registration;
    }

    public async ValueTask DisposeAsync()
    {
        await _ended.CancelAsync();
        await _looking;
        _watch.Dispose();
        _mending.Dispose();
        _ended.Dispose();
    }

    private void Lose(string reason)
    {
        List<Registration> jobs;
        bool kill;
        var isNew = false;
        lock (_gate)
        {
            isNew = _problem is null;
            if (isNew) Lost(_logger, reason);
            _problem ??= reason;
            _losses++;
            jobs = [.. _jobs];

            // Of one table the kernel tells each rule that goes.
            kill = jobs.Count > 0 && !_killing;
            _killing |= kill;
        }

        if (isNew) FenceLost?.Invoke();
        foreach (var job in jobs) job.Tell(reason);
        if (kill) _ = Task.Run(KillAllAsync);
    }

    /// <summary>At once and without a word: each job's own clean-up asks first, and an open network gives no such time.</summary>
    private async Task KillAllAsync()
    {
        using var bounded = new CancellationTokenSource(KillTime);
        try
        {
            var containers = await _engine.ListContainersAsync(ContainerSpec.RunnerLabel, _runner, bounded.Token);
            await Task.WhenAll(containers.Select(container => _engine.KillContainerAsync(container.Id, "SIGKILL", bounded.Token)));
        }
        catch (Exception e) when (e is EngineException or OperationCanceledException)
        {
            NotKilled(_logger, e.Message);
        }
        finally
        {
            lock (_gate) _killing = false;
        }
    }

    private async Task LookAsync()
    {
        using var timer = new PeriodicTimer(LookEvery, _time);
        try
        {
            for (var looks = 1; await timer.WaitForNextTickAsync(_ended.Token); looks++)
            {
                List<Registration> jobs;
                lock (_gate) jobs = [.. _jobs];
                if (jobs.Count == 0)
                {
                    // A job that arrives should find the fence mended.
                    if (looks % (_problem is null ? IdleLooks : MendingLooks) == 0) await HoldsAsync(_ended.Token);
                    continue;
                }

                BoundLog();
                _watch.Ensure();
                if (_problem is null && await FenceState.ProblemAsync(_fence, _ended.Token) is { } problem) Lose(problem);
                foreach (var job in jobs)
                {
                    if (job.Look is not null && await job.Look(_ended.Token) is { } own && job.IsWatched) job.Tell(own);
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The runner ends.
        }
        catch (Exception e) when (e is NetworkFenceException or IOException)
        {
            Lose(e.Message);
        }
    }

    /// <summary>dnsmasq appends, so it goes on at the new end.</summary>
    private void BoundLog()
    {
        const long BytesMax = 32 * 1024 * 1024;
        var log = new FileInfo(ResolverConfiguration.OfAll(_fence.Plan).LogFile);
        if (!log.Exists || log.Length <= BytesMax) return;
        using var file = log.Open(FileMode.Open, FileAccess.Write, FileShare.ReadWrite);
        file.SetLength(0);
    }

    [LoggerMessage(1, LogLevel.Error, "The network's fence is lost: {Reason}. Running jobs are stopped; no job is claimed until it holds again.")]
    private static partial void Lost(ILogger logger, string reason);

    [LoggerMessage(2, LogLevel.Error, "Containers could not be killed after the network's fence was lost: {Reason}")]
    private static partial void NotKilled(ILogger logger, string reason);

    private sealed class Registration(NetworkGuard guard, Action<string> lost, Func<CancellationToken, Task<string?>>? look) : IDisposable
    {
        public Func<CancellationToken, Task<string?>>? Look => look;

        public bool IsWatched
        {
            get
            {
                lock (guard._gate) return guard._jobs.Contains(this);
            }
        }

        public void Tell(string reason) => lost(reason);

        public void Dispose()
        {
            lock (guard._gate) guard._jobs.Remove(this);
        }
    }
}
