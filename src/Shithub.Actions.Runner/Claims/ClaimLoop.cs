using Microsoft.Extensions.Logging;
using Shithub.Actions.Configuration;
using Shithub.Actions.Protocol;
using Shithub.Actions.Runner.Jobs;
using Shithub.Actions.Runner.Server;

namespace Shithub.Actions.Runner.Claims;

/// <summary>
/// Asks for jobs while there are free slots, one at a time, each claim under an id of its own that is kept until an answer arrives.
/// A claim whose answer gets lost because the runner stops is queued again by the server when its lease ends.
/// A slot is free as soon as its job's end is reported: the next claim is asked for while what the job left is removed. The job that comes of
/// it begins when the processes of the last one are dead, and there are never more than two jobs for each slot that are not removed whole.
/// </summary>
internal sealed partial class ClaimLoop(RunnerHostSettings settings, RunnerContext runner, ServerConnections server) : IDisposable
{
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(30);
    private readonly ILogger _logger = runner.Loggers.CreateLogger<ClaimLoop>();
    private readonly Lock _gate = new();
    private readonly HashSet<ClaimedAttempt> _jobs = [];
    private readonly HashSet<Task> _remains = [];
    private readonly IdleMemory _memory = new(runner.Time);
    private string? _ignoredLabels;

    /// <param name="drain">Claim no more and let running jobs end.</param>
    /// <param name="now">Let them end no longer.</param>
    /// <exception cref="RunnerException">The server refuses this runner.</exception>
    public async Task RunAsync(CancellationToken drain, CancellationToken now)
    {
        using var slots = new Slots(settings.Capacity);
        try
        {
            await ClaimAsync(slots, drain);
        }
        catch (OperationCanceledException) when (drain.IsCancellationRequested)
        {
            // Told to stop claiming.
        }
        finally
        {
            await Task.WhenAll(EndAsync(now), runner.Warm?.DisposeAsync().AsTask() ?? Task.CompletedTask);
        }
    }

    public void Dispose() => _memory.Dispose();

    private async Task ClaimAsync(Slots slots, CancellationToken drain)
    {
        while (true)
        {
            await slots.Jobs.WaitAsync(drain);
            await slots.Remains.WaitAsync(drain);
            await EngineAnswersAsync(drain);
            await FenceHoldsAsync(drain);
            var (claim, sentAt) = await ClaimOneAsync(drain);
            Start(claim, sentAt, slots);
        }
    }

    /// <summary>A runner without an engine would take one job after the other and fail them all.</summary>
    private async Task EngineAnswersAsync(CancellationToken drain)
    {
        if (await runner.Engine.IsReachableAsync(drain)) return;
        EngineAway(_logger);
        do
        {
            await server.Claims.TellNotClaimingAsync(Heartbeat(Guid.NewGuid().ToString("N")), "its container engine does not answer", drain);
            await Task.Delay(settings.PollInterval, runner.Time, drain);
        }
        while (!await runner.Engine.IsReachableAsync(drain));
        EngineBack(_logger);
    }

    /// <summary>A runner whose network is open, or whose fence can't be seen to hold, takes nothing.</summary>
    private async Task FenceHoldsAsync(CancellationToken drain)
    {
        if (runner.Network is not { } guard) return;
        string? told = null;
        while (await guard.HoldsAsync(drain) is { } problem)
        {
            if (problem != told) FenceOpen(_logger, problem);
            told = problem;
            await server.Claims.TellNotClaimingAsync(
                Heartbeat(Guid.NewGuid().ToString("N")), $"its network's fence does not hold ({problem})", drain);
            await Task.Delay(settings.PollInterval, runner.Time, drain);
        }

        if (told is not null) FenceBack(_logger);
    }

    /// <summary>Asks until there is a job.</summary>
    /// <returns>The job, and when the heartbeat that got it was sent.</returns>
    private async Task<(HeartbeatResponse Claim, long SentAt)> ClaimOneAsync(CancellationToken drain)
    {
        var failures = 0;
        var claimId = Guid.NewGuid().ToString("N");
        while (true)
        {
            var sentAt = runner.Time.GetTimestamp();
            HeartbeatAnswer answer;
            try
            {
                answer = await server.Claims.HeartbeatAsync(Heartbeat(claimId), drain);
            }
            catch (ServerUnavailableException e)
            {
                if (failures++ == 0) Unavailable(_logger, e.Message);
                await Task.Delay(Pause(failures), runner.Time, drain);
                continue;
            }

            if (failures > 0) AvailableAgain(_logger);
            failures = 0;
            if (answer.IgnoredLabels != _ignoredLabels && answer.IgnoredLabels is not null) LabelsIgnored(_logger, answer.IgnoredLabels);
            _ignoredLabels = answer.IgnoredLabels;
            switch (answer.Result)
            {
                case HeartbeatResult.Claimed:
                    return (answer.Claim!, sentAt);
                case HeartbeatResult.ClaimIdUsed:
                    claimId = Guid.NewGuid().ToString("N");
                    break;
                case HeartbeatResult.Refused:
                    throw new RunnerException($"The server refuses this runner's token: {answer.Detail}", ExitCodes.Refused);
                case HeartbeatResult.Invalid:
                    throw new RunnerException($"The server refuses what this runner says of itself: {answer.Detail}", ExitCodes.Usage);
                case HeartbeatResult.NoServer:
                    throw new RunnerException($"There is no Shithub Actions server at {answer.Detail}. Check server.base_url.", ExitCodes.Usage);
                default:
                    // A long poll that ends early (the server stops, or does not wait) must not make this loop spin.
                    var left = settings.PollInterval - runner.Time.GetElapsedTime(sentAt);
                    if (left > TimeSpan.Zero) await Task.Delay(left, runner.Time, drain);
                    break;
            }
        }
    }

    private HeartbeatRequest Heartbeat(string claimId) => RunnerHeartbeat.Of(settings, claimId);

    private void Start(HeartbeatResponse claim, long sentAt, Slots slots)
    {
        var job = new ClaimedAttempt(runner, server, claim, sentAt);
        lock (_gate) _jobs.Add(job);

        // Off this loop: the first steps of a job must not delay the next claim, nor the reverse.
        var run = new Task<Task>(() => RunToEndAsync(job, claim.Job.Id, slots));
        var whole = run.Unwrap();
        lock (_gate)
        {
            _remains.Add(whole);
            _memory.Keep();
        }

        _ = whole.ContinueWith(
            _ =>
            {
                lock (_gate)
                {
                    _remains.Remove(whole);
                    if (_remains.Count == 0) _memory.Wait();
                }
            },
            CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        run.Start(TaskScheduler.Default);
    }

    private async Task RunToEndAsync(ClaimedAttempt job, long jobId, Slots slots)
    {
        try
        {
            await RunAsync(job, slots);
        }
        catch (Exception e)
        {
            // A bug: this attempt's lease runs out and the server decides; other jobs go on.
            Broken(_logger, jobId, e);
        }
        finally
        {
            slots.Remains.Release();
        }
    }

    private async Task RunAsync(ClaimedAttempt job, Slots slots)
    {
        await using (job)
        {
            // It ends in a bounded time: see JobRunner.KillAsync.
            await slots.Machines.WaitAsync();
            try
            {
                try
                {
                    await job.RunAsync();
                }
                finally
                {
                    lock (_gate) _jobs.Remove(job);
                    slots.Jobs.Release();
                    runner.Warm?.Wake();
                }

                await job.KillAsync();
            }
            finally
            {
                slots.Machines.Release();
            }
        }
    }

    /// <summary>Waits for running jobs; when that takes too long they are stopped, which takes seconds.</summary>
    private async Task EndAsync(CancellationToken now)
    {
        int running;
        lock (_gate) running = _jobs.Count;
        if (running > 0) Draining(_logger, running, settings.DrainTimeout);
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(now);
        patience.CancelAfter(settings.DrainTimeout);
        await using var stopping = patience.Token.Register(() =>
        {
            lock (_gate)
            {
                foreach (var job in _jobs) job.Stop();
            }
        });
        Task[] remains;
        lock (_gate) remains = [.. _remains];
        await Task.WhenAll(remains);
    }

    /// <summary>Longer each time, up to 30 s, and a little different for each runner.</summary>
    private TimeSpan Pause(int failures)
    {
        var interval = settings.PollInterval * Math.Pow(2, Math.Min(failures - 1, 10));
        var longest = LongestPause > settings.PollInterval ? LongestPause : settings.PollInterval;
        return (interval < longest ? interval : longest) * (0.5 + (Random.Shared.NextDouble() / 2));
    }

    [LoggerMessage(1, LogLevel.Warning, "No claim: {Reason} Trying on.")]
    private static partial void Unavailable(ILogger logger, string reason);

    [LoggerMessage(2, LogLevel.Information, "The server answers again.")]
    private static partial void AvailableAgain(ILogger logger);

    [LoggerMessage(3, LogLevel.Warning, "These labels are ignored, since the runner was not registered with them: {Labels}.")]
    private static partial void LabelsIgnored(ILogger logger, string labels);

    [LoggerMessage(4, LogLevel.Information, "Claiming no more; waiting up to {Timeout} for {Running} running jobs.")]
    private static partial void Draining(ILogger logger, int running, TimeSpan timeout);

    [LoggerMessage(6, LogLevel.Error, "The container engine does not answer; claiming no jobs until it does.")]
    private static partial void EngineAway(ILogger logger);

    [LoggerMessage(7, LogLevel.Information, "The container engine answers again.")]
    private static partial void EngineBack(ILogger logger);

    [LoggerMessage(8, LogLevel.Error, "The network's fence does not hold; claiming no jobs until it does: {Problem}.")]
    private static partial void FenceOpen(ILogger logger, string problem);

    [LoggerMessage(9, LogLevel.Information, "The network's fence holds again.")]
    private static partial void FenceBack(ILogger logger);

    [LoggerMessage(5, LogLevel.Error, "Job {JobId} broke this runner's own code; the server will notice when the lease ends.")]
    private static partial void Broken(ILogger logger, long jobId, Exception exception);
}
