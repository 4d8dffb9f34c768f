using Shithub.Actions.Workflows;

namespace Shithub.Actions.Runner.Local;

/// <summary>What becomes of a job that is in a concurrency group.</summary>
internal enum GroupTurn
{
    /// <summary>The group is its own now.</summary>
    Goes,

    /// <summary>A newer one waits in its place.</summary>
    Dropped,

    /// <summary>It runs, and a newer one has cancelled it.</summary>
    Stopped,
}

/// <summary>The concurrency groups of a run's jobs. Other runs on this machine have their own.</summary>
internal sealed class GroupLine
{
    private readonly List<string> _line = [];

    /// <summary>What there is to do now.</summary>
    /// <param name="taken">Groups that called workflows hold.</param>
    public List<(string Path, GroupTurn Turn)> Settle(
        IReadOnlyList<JobState> jobs, IReadOnlyDictionary<string, ReadyJob> ready, IReadOnlySet<string> taken)
    {
        var waiting = jobs.Where(job => job is { Status: JobStatus.Waiting, Hold: HoldReason.Concurrency }).Select(job => job.Path).ToList();
        _line.RemoveAll(path => !waiting.Contains(path));
        _line.AddRange(waiting.Except(_line).ToList());
        var turns = new List<(string, GroupTurn)>();
        foreach (var line in _line.GroupBy(path => ready[path].Concurrency!.Group, StringComparer.OrdinalIgnoreCase))
        {
            var holders = jobs.Where(job => job.Conclusion is null && job.Status is JobStatus.Queued or JobStatus.Running
                && line.Key.Equals(ready.GetValueOrDefault(job.Path)?.Concurrency?.Group, StringComparison.OrdinalIgnoreCase)).ToList();
            var behind = line.ToList();
            if (holders.Count == 0 && !taken.Contains(line.Key))
            {
                turns.Add((behind[0], GroupTurn.Goes));
                behind.RemoveAt(0);
            }

            if (behind.Count == 0) continue;
            var newest = ready[behind[^1]].Concurrency!;
            if (!newest.KeepsAll) turns.AddRange(behind.SkipLast(1).Select(path => (path, GroupTurn.Dropped)));
            if (newest.CancelInProgress)
                turns.AddRange(holders.Select(job => (job.Path, job.Status == JobStatus.Running ? GroupTurn.Stopped : GroupTurn.Dropped)));
        }

        return turns;
    }

    /// <summary>The groups that called workflows hold whose jobs have not all ended.</summary>
    public static HashSet<string> Taken(IReadOnlyList<JobState> jobs, IReadOnlyList<CallState> calls) =>
        calls.Where(call => !call.IsHeld && IsOpen(call, jobs)).SelectMany(call => call.Groups).Select(group => group.Group)
            .ToHashSet(StringComparer.OrdinalIgnoreCase);

    /// <summary>The first called workflow in line that may go. Within one run they all take turns: none replaces another.</summary>
    public static CallState? NextCall(
        IReadOnlyList<JobState> jobs, IReadOnlyList<CallState> calls, IReadOnlyDictionary<string, ReadyJob> ready, HashSet<string> taken)
    {
        var ofJobs = jobs.Where(job => job.Conclusion is null && job.Status is JobStatus.Queued or JobStatus.Running)
            .Select(job => ready.GetValueOrDefault(job.Path)?.Concurrency?.Group).OfType<string>().ToHashSet(StringComparer.OrdinalIgnoreCase);
        return calls.FirstOrDefault(call =>
            call.IsHeld && IsOpen(call, jobs) && !call.Groups.Any(group => taken.Contains(group.Group) || ofJobs.Contains(group.Group)));
    }

    private static bool IsOpen(CallState call, IReadOnlyList<JobState> jobs) =>
        jobs.Any(job => job.Conclusion is null && job.Path.StartsWith(call.Path + "/", StringComparison.OrdinalIgnoreCase));
}
