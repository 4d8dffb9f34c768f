namespace Shithub.Actions.Workflows;

/// <summary>A job of a run as the rules see it.</summary>
/// <param name="Status">One of <see cref="JobStatus"/>.</param>
/// <param name="Conclusion">One of <see cref="Workflows.Conclusion"/>, or null while the job has not ended.</param>
public sealed record JobNode(string Key, IReadOnlyList<string> Needs, string Status, string? Conclusion);

/// <summary>What waiting jobs become, by key, in the order in which the jobs were given.</summary>
/// <param name="Ready">To be queued.</param>
/// <param name="Skipped">Never to run.</param>
public sealed record GraphDecision(IReadOnlyList<string> Ready, IReadOnlyList<string> Skipped);

/// <summary>The rules of <c>needs</c>: pure, so that the server only carries out what they say.</summary>
public static class JobGraph
{
    /// <summary>
    /// A waiting job is ready when all its needs ended in success (neutral is one), and skipped as soon as one of them ended
    /// otherwise; then so is whoever needs it. Time is in proportion to jobs and needs.
    /// </summary>
    /// <remarks>
    /// A job that waits for something else (approval, a concurrency group) is the caller's to hold back. A need that the run
    /// does not have counts as one that never succeeds.
    /// </remarks>
    public static GraphDecision Decide(IReadOnlyList<JobNode> jobs)
    {
        ArgumentNullException.ThrowIfNull(jobs);
        var nodes = jobs.ToDictionary(job => job.Key, StringComparer.OrdinalIgnoreCase);
        var dependents = jobs
            .SelectMany(job => job.Needs, (job, need) => (Need: need, Job: job))
            .ToLookup(pair => pair.Need, pair => pair.Job, StringComparer.OrdinalIgnoreCase);

        var skipped = new HashSet<string>();
        var pending = new Queue<JobNode>(jobs);
        while (pending.TryDequeue(out var job))
        {
            if (job.Status != JobStatus.Waiting || !job.Needs.Any(IsBroken) || !skipped.Add(job.Key))
                continue;
            foreach (var dependent in dependents[job.Key])
                pending.Enqueue(dependent);
        }

        bool IsBroken(string need) =>
            !nodes.TryGetValue(need, out var node) || HasFailed(node) || skipped.Contains(node.Key);

        var waiting = jobs.Where(job => job.Status == JobStatus.Waiting).ToList();
        var ready = waiting.Where(job => !skipped.Contains(job.Key) && job.Needs.All(need => HasSucceeded(nodes[need])));
        return new GraphDecision(
            [.. ready.Select(job => job.Key)], [.. waiting.Select(job => job.Key).Where(skipped.Contains)]);
    }

    private static bool HasSucceeded(JobNode job) => job.Conclusion is Conclusion.Success or Conclusion.Neutral;

    private static bool HasFailed(JobNode job) => job.Conclusion is not null && !HasSucceeded(job);
}
