namespace Shithub.Actions.Workflows;

/// <param name="Status">One of <see cref="JobStatus"/>.</param>
/// <param name="Conclusion">One of <see cref="Workflows.Conclusion"/>, or null while the run has not ended.</param>
public sealed record RunState(string Status, string? Conclusion);

/// <summary>What a run has come to, from the states of its jobs.</summary>
public static class RunRollup
{
    /// <summary>A run is terminal exactly when all its jobs are; until then it is running once any of them has begun or ended.</summary>
    public static RunState RollUp(IReadOnlyList<JobState> jobs)
    {
        ArgumentNullException.ThrowIfNull(jobs);
        if (jobs.All(job => job.Conclusion is not null))
        {
            var conclusion = Conclude(jobs.Select(Counted));
            return new RunState(
                conclusion switch
                {
                    Conclusion.Cancelled => JobStatus.Cancelled,
                    Conclusion.Skipped => JobStatus.Skipped,
                    _ => JobStatus.Completed,
                },
                conclusion);
        }

        if (jobs.Any(job => job.Status == JobStatus.Running || job.Conclusion is not null))
            return new RunState(JobStatus.Running, null);
        return new RunState(jobs.Any(job => job.Status == JobStatus.Queued) ? JobStatus.Queued : JobStatus.Waiting, null);
    }

    /// <summary>The conclusion as it counts for the run: a job may be allowed to fail.</summary>
    private static string Counted(JobState job) =>
        job.ContinueOnError && job.Conclusion is (Conclusion.Failure or Conclusion.TimedOut or Conclusion.RunnerLost)
            ? Conclusion.Success
            : job.Conclusion!;

    /// <summary>
    /// The gravest of the jobs' conclusions: failure (a lost runner is one), timed out, cancelled. It is skipped only if every
    /// job is, and a success else.
    /// </summary>
    public static string Conclude(IEnumerable<string> conclusions)
    {
        ArgumentNullException.ThrowIfNull(conclusions);
        var all = conclusions.ToHashSet(StringComparer.Ordinal);
        if (all.Contains(Conclusion.Failure) || all.Contains(Conclusion.RunnerLost))
            return Conclusion.Failure;
        if (all.Contains(Conclusion.TimedOut))
            return Conclusion.TimedOut;
        if (all.Contains(Conclusion.Cancelled))
            return Conclusion.Cancelled;
        return all.Count == 1 && all.Contains(Conclusion.Skipped) ? Conclusion.Skipped : Conclusion.Success;
    }
}
