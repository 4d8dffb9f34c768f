using Shithub.Actions.Workflows.Planning;

namespace Shithub.Actions.Workflows;

/// <summary>Everything a run's decisions depend on.</summary>
/// <param name="Context">What the event brought.</param>
/// <param name="Cancelled">The whole run was cancelled: only jobs whose conditions ask for it still start.</param>
/// <param name="Held">The run waits for its concurrency group (or approval): no job of it starts.</param>
public sealed record RunSituation(
    WorkflowSet Set,
    PlanContext Context,
    IReadOnlyList<JobState> Jobs,
    IReadOnlyList<CallState> Calls,
    bool Cancelled = false,
    bool Held = false);

/// <summary>What a run becomes. The caller makes its rows agree with <see cref="Jobs"/>.</summary>
/// <param name="Jobs">All jobs: rows with other paths are gone, replaced by what they stood for.</param>
/// <param name="Ready">Jobs that have become ready; their states are queued, or waiting with a <see cref="JobState.Hold"/>.</param>
/// <param name="Failures">By path: why a job failed before it could run.</param>
/// <param name="Cancel">Paths of running jobs that are to be stopped, because another leg of their matrix failed.</param>
public sealed record RunDecision(
    IReadOnlyList<JobState> Jobs,
    IReadOnlyList<CallState> Calls,
    IReadOnlyList<ReadyJob> Ready,
    IReadOnlyDictionary<string, IReadOnlyList<Diagnostic>> Failures,
    IReadOnlyList<string> Cancel,
    RunState State);

/// <param name="Needs">Keys of jobs of the same file.</param>
public sealed record PendingJob(string Name, IReadOnlyList<string> Needs);

/// <summary>
/// The rules of a run, as GitHub's documentation of <c>needs</c>, <c>if</c>, <c>strategy</c> and reusable workflows has them: pure, so that the
/// server only carries out what they say, and a local run obeys the same ones.
/// </summary>
public static class RunMachine
{
    /// <summary>One row for each job of the run's own workflow, all waiting.</summary>
    public static IReadOnlyList<JobState> Begin(WorkflowSet set)
    {
        ArgumentNullException.ThrowIfNull(set);
        return [.. set.RootSource.Workflow.Jobs.Select(job => new JobState(job.Key, JobStatus.Waiting))];
    }

    /// <summary>
    /// Decides everything that can be decided now: which jobs become ready, are skipped, expand or fail, until nothing moves. Applied to
    /// its own result it changes nothing.
    /// </summary>
    public static RunDecision Advance(RunSituation situation)
    {
        ArgumentNullException.ThrowIfNull(situation);
        return new RunAdvance(situation).Decide();
    }

    /// <summary>The id that a job has in its file.</summary>
    public static string KeyOf(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        return JobPath.KeyOf(path);
    }

    /// <summary>How people see a job that has not become what it stands for.</summary>
    public static PendingJob Describe(WorkflowSet set, IReadOnlyList<CallState> calls, string path)
    {
        ArgumentNullException.ThrowIfNull(set);
        var tree = new RunTree(set, [], calls);
        var scope = tree.ScopeOf(path);
        var job = scope.Find(JobPath.KeyOf(path));
        var name = job?.Name is { HasExpressions: false } template ? DisplayNames.OneLine(template.Source) : null;
        return new PendingJob(JobNames.Within(scope.Call, string.IsNullOrEmpty(name) ? JobPath.KeyOf(path) : name), job?.Needs ?? []);
    }
}
