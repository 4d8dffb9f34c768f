namespace Shithub.Actions.Workflows;

/// <summary>A job as the graph sees it. Status and conclusion are the names of the protocol.</summary>
public sealed record JobNode(string Key, IReadOnlyList<string> Needs, string Status, string? Conclusion);

/// <summary>What waiting jobs become, by key.</summary>
public sealed record GraphDecision(IReadOnlyList<string> Ready, IReadOnlyList<string> Skipped);

/// <summary>The state of a run, from those of its jobs.</summary>
public sealed record RunState(string Status, string? Conclusion);

/// <summary>The rules of <c>needs</c> and of the roll-up: pure, so the server only carries out what they say.</summary>
public static class JobGraph
{
    private const string Waiting = "waiting";
    private const string Success = "success";

    /// <summary>
    /// A waiting job is ready when all its needs ended in success, and skipped as soon as one of them ended otherwise. Skipping one job
    /// may skip those that need it, so this looks until nothing changes.
    /// </summary>
    public static GraphDecision Decide(IReadOnlyList<JobNode> jobs)
    {
        var conclusions = jobs.ToDictionary(job => job.Key, job => job.Conclusion, StringComparer.Ordinal);
        var skipped = new List<string>();
        var waiting = jobs.Where(job => job.Status == Waiting).ToList();
        bool changed;
        do
        {
            changed = false;
            for (var i = waiting.Count - 1; i >= 0; i--)
            {
                var job = waiting[i];
                if (!job.Needs.Any(need => conclusions[need] is { } conclusion && conclusion != Success))
                    continue;
                conclusions[job.Key] = "skipped";
                skipped.Add(job.Key);
                waiting.RemoveAt(i);
                changed = true;
            }
        }
        while (changed);

        var ready = waiting.Where(job => job.Needs.All(need => conclusions[need] == Success)).Select(job => job.Key);
        return new GraphDecision([.. ready], skipped);
    }

    /// <summary>A run is terminal exactly when all its jobs are; until then it is running once any of them has begun or ended.</summary>
    public static RunState RollUp(IReadOnlyList<JobNode> jobs)
    {
        if (jobs.All(job => job.Conclusion is not null))
        {
            var conclusion = Conclude(jobs.Select(job => job.Conclusion!).ToList());
            return new RunState(conclusion is "cancelled" or "skipped" ? conclusion : "completed", conclusion);
        }

        if (jobs.Any(job => job.Status == "running" || job.Conclusion is not null))
            return new RunState("running", null);
        return new RunState(jobs.Any(job => job.Status == "queued") ? "queued" : Waiting, null);
    }

    /// <summary>The gravest of the jobs' conclusions; a lost runner makes a failed run.</summary>
    public static string Conclude(IReadOnlyList<string> conclusions) =>
        conclusions.Any(conclusion => conclusion is "failure" or "runner_lost") ? "failure"
        : conclusions.Contains("timed_out") ? "timed_out"
        : conclusions.Contains("cancelled") ? "cancelled"
        : conclusions.Count > 0 && conclusions.All(conclusion => conclusion == "skipped") ? "skipped"
        : Success;
}
