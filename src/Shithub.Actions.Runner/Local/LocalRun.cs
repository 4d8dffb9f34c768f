using Shithub.Actions.Runner.Jobs;
using Shithub.Actions.Runner.Leases;
using Shithub.Actions.Workflows;

namespace Shithub.Actions.Runner.Local;

/// <summary>
/// Runs all jobs of a run on this machine: the rules decide (<see cref="RunMachine"/>), as on a server; this starts what is queued, tells
/// the rules what has ended, and stops what has to be.
/// </summary>
/// <param name="parallel">How many jobs run at once.</param>
/// <param name="output">Gets the logs.</param>
internal sealed class LocalRun(
    RunnerContext runner, WorkflowSet set, PlanContext context, LocalClaims claims, TreeCopy tree, int parallel, TextWriter output)
{
    private readonly Dictionary<string, ReadyJob> _ready = new(StringComparer.OrdinalIgnoreCase);
    private readonly Dictionary<string, LocalJob> _started = new(StringComparer.OrdinalIgnoreCase);
    private readonly GroupLine _groups = new();
    private List<JobState> _jobs = [];
    private IReadOnlyList<CallState> _calls = [];
    private bool _cancelled;
    private bool _ending;

    /// <param name="first">What the plan decided.</param>
    /// <param name="cancel">Ends what runs, as a cancel on a server does: steps and jobs made for it may still run.</param>
    /// <param name="now">Ends these, too.</param>
    /// <returns>The run's conclusion, and its jobs.</returns>
    public async Task<(string Conclusion, IReadOnlyList<JobResult> Jobs)> RunAsync(
        RunDecision first, CancellationToken cancel, CancellationToken now)
    {
        var (cancelling, ending) = (Signal(cancel), Signal(now));
        var state = Take(first);
        while (true)
        {
            // What a group lets go or drops may let others go.
            while (Settle()) state = Advance();
            var running = _started.Values.Where(job => !job.IsOver).ToList();
            if (state.Conclusion is { } conclusion && running.Count == 0) return (conclusion, Results());
            foreach (var job in _jobs.Where(job => job.Status == JobStatus.Queued).Take(parallel - running.Count).ToList())
                running.Add(Start(_ready[job.Path]));
            if (running.Count == 0) throw new InvalidOperationException("The run's rules leave it waiting for nothing.");
            await Task.WhenAny([.. running.Select(job => job.Ended), .. _cancelled ? [] : new[] { cancelling }, .. _ending ? [] : new[] { ending }]);
            if (!_cancelled && cancelling.IsCompleted) Cancel();
            if (!_ending && ending.IsCompleted) End();
            foreach (var job in running.Where(job => job.Ended.IsCompleted)) await EndAsync(job);
            state = Advance();
        }
    }

    /// <returns>Whether a job's state has changed.</returns>
    private bool Settle()
    {
        var changed = false;
        while (GroupLine.NextCall(_jobs, _calls, _ready, GroupLine.Taken(_jobs, _calls)) is { } next)
        {
            _calls = [.. _calls.Select(call => call == next ? call with { IsHeld = false } : call)];
            changed = true;
        }

        foreach (var (path, turn) in _groups.Settle(_jobs, _ready, GroupLine.Taken(_jobs, _calls)))
        {
            changed |= turn != GroupTurn.Stopped;
            if (turn == GroupTurn.Goes) Change(path, job => job with { Status = JobStatus.Queued, Hold = null });
            else if (turn == GroupTurn.Dropped) Change(path, job => End(job, Conclusion.Cancelled, JobOutputs.None));
            else _started[path].Stop(StopReason.Cancelled);
        }

        return changed;
    }

    private RunState Advance() => Take(RunMachine.Advance(new RunSituation(set, context, _jobs, _calls, _cancelled)));

    private RunState Take(RunDecision decision)
    {
        (_jobs, _calls) = ([.. decision.Jobs], decision.Calls);
        foreach (var job in decision.Ready) _ready[job.Path] = job;
        foreach (var (path, problems) in decision.Failures)
        {
            foreach (var problem in problems) Say($"{NameOf(path)} | {problem}");
        }

        foreach (var path in decision.Cancel)
        {
            if (_started.TryGetValue(path, out var job)) job.Stop(StopReason.Cancelled);
            Change(path, state => state with { CancelRequested = true });
        }

        return decision.State;
    }

    private LocalJob Start(ReadyJob job)
    {
        var started = new LocalJob(runner, claims.Create(job, _started.Count + 1), tree, output);
        _started[job.Path] = started;
        Change(job.Path, state => state with { Status = JobStatus.Running });
        started.Start();
        return started;
    }

    private async Task EndAsync(LocalJob job)
    {
        var path = _started.First(entry => entry.Value == job).Key;
        await job.Ended;
        job.IsOver = true;
        job.Dispose();
        Change(path, state => End(state, job.Conclusion, job.Outputs));
    }

    private void Cancel()
    {
        _cancelled = true;
        Say("Cancelling. Press Ctrl-C again to end at once.");
        StopAll(StopReason.Cancelled);
        foreach (var job in _jobs.Where(job => job.IsReady && job.Status is JobStatus.Queued or JobStatus.Waiting).ToList())
            Change(job.Path, state => End(state, Conclusion.Cancelled, JobOutputs.None));
    }

    /// <summary>Nobody waits any longer for what runs after a cancel.</summary>
    private void End()
    {
        _ending = true;
        StopAll(StopReason.RunnerStopped);
    }

    private void StopAll(StopReason reason)
    {
        foreach (var job in _started.Values) job.Stop(reason);
    }

    private void Change(string path, Func<JobState, JobState> change)
    {
        var index = _jobs.FindIndex(job => job.Path == path);
        if (index >= 0) _jobs[index] = change(_jobs[index]);
    }

    private JobState End(JobState state, string conclusion, JobOutputs outputs) => state with
    {
        Status = conclusion == Conclusion.Cancelled ? JobStatus.Cancelled : JobStatus.Completed,
        Conclusion = conclusion,
        Outputs = outputs,
        Hold = null,
        CompletedAt = runner.Time.GetUtcNow(),
    };

    private string NameOf(string path) => _ready.TryGetValue(path, out var ready) ? ready.Name : RunMachine.Describe(set, _calls, path).Name;

    private List<JobResult> Results() => _jobs.ConvertAll(job =>
    {
        var started = _started.GetValueOrDefault(job.Path);
        return new JobResult(
            job.Path, NameOf(job.Path), job.Conclusion!, started?.Seconds, job.Outputs.Values, started?.Steps() ?? []);
    });

    private void Say(string line)
    {
        lock (output) output.WriteLine(line);
    }

    private static Task Signal(CancellationToken token)
    {
        var signal = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        token.Register(signal.SetResult);
        return signal.Task;
    }
}
