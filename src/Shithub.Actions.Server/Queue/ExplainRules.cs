using System.Globalization;
using Shithub.Actions.Workflows;

namespace Shithub.Actions.Server.Queue;

/// <summary>Puts into words what the database found.</summary>
internal static class ExplainRules
{
    public static List<Obstacle> OfJob(ExplainedJob job, List<OpenNeed> open, ConcurrencyPlace? group)
    {
        if (job.Conclusion is { } conclusion)
            return [new(ObstacleReason.Ended, $"The job has ended: {conclusion}.", "Run it again.")];
        if (job.Status == "running")
            return [new(ObstacleReason.Running, "A runner has the job.", "Nothing is needed.")];
        var obstacles = new List<Obstacle>();
        if (job.RunHold is { } runHold)
            obstacles.Add(OfHold(runHold, "run", group));
        if (job.Hold == HoldReason.Environment)
            obstacles.Add(OfEnvironment(job));
        else if (job.Hold is { } hold)
            obstacles.Add(OfHold(hold, "job", group));
        if (job is { CallWaits: true, Hold: null })
            obstacles.Add(OfHold(HoldReason.Concurrency, "called workflow that the job is part of", group));
        if (job.Status == "waiting" && obstacles.Count == 0)
            obstacles.Add(OfNeeds(job, open));
        if (OfPolicy(job) is { } policy)
            obstacles.Add(policy);
        return obstacles;
    }

    public static List<Obstacle> OfRunner(ExplainedRunner runner, ExplainedJob job)
    {
        var obstacles = new List<Obstacle>();
        switch (runner.Stop)
        {
            case "revoked":
                return [new(ObstacleReason.Revoked, "The runner is revoked.", "Register another: shithubd admin runner register.")];
            case "draining":
                obstacles.Add(new(
                    ObstacleReason.Draining, "The runner is drained: it finishes what it has and claims no more.",
                    "An operator lets it claim again: shithubd admin runner undrain.", runner.DrainReason));
                break;
            case "full":
                obstacles.Add(new(
                    ObstacleReason.Capacity, Text($"The runner has {runner.Running} of at most {runner.Capacity} jobs."),
                    "One of them ends, or an operator starts the runner with a higher capacity."));
                break;
            case { } other:
                obstacles.Add(new(other, $"The runner claims nothing: {other}.", "An operator sees why: shithubd admin runner list."));
                break;
            default:
                break;
        }

        if (runner.NotClaiming is { } why)
            obstacles.Add(new(ObstacleReason.NotClaiming, $"The runner claims nothing now: {why}.", "On its host, 'shithubd-runner doctor' says more."));
        var lacking = (job.Labels ?? []).Except(runner.OfferedLabels, StringComparer.Ordinal).ToList();
        if (lacking.Count > 0)
        {
            var unoffered = lacking.Intersect(runner.Labels, StringComparer.Ordinal).ToList();
            obstacles.Add(new(
                ObstacleReason.Label, $"The runner does not offer {string.Join(", ", lacking)}.",
                unoffered.Count == lacking.Count
                    ? "It is registered for it; its own configuration leaves it out."
                    : "Change 'runs-on', or an operator registers a runner that has the labels."));
        }

        if (runner.IsOffline)
        {
            obstacles.Add(new(
                ObstacleReason.Offline,
                runner.LastHeartbeatAt is { } last
                    ? Text($"The runner was last heard of at {last:yyyy-MM-dd HH:mm:ss}Z.")
                    : "The runner was never heard of.",
                "An operator looks after its host; its next heartbeat may claim the job."));
        }

        return obstacles;
    }

    /// <param name="ahead">Of the same repository and labels.</param>
    public static Obstacle Ahead(int ahead) => new(
        ObstacleReason.Ahead,
        ahead > 0
            ? Text($"{ahead} jobs of the same repository and labels are ahead.")
            : "1 job is ahead: other owners and repositories have their turn.",
        "They start. An operator can send a job ahead of all: shithubd admin job prioritize.");

    private static Obstacle OfHold(string hold, string what, ConcurrencyPlace? group) => hold switch
    {
        HoldReason.Concurrency => new(
            ObstacleReason.Concurrency,
            group switch
            {
                { HolderIndex: { } index } => Text($"The {what} waits for the concurrency group '{group.GroupName}', which run #{index} holds."),
                not null => $"The {what} waits for the concurrency group '{group.GroupName}'.",
                null => $"The {what} waits for its concurrency group.",
            },
            "The one that holds the group ends or is cancelled."),
        HoldReason.MaxParallel => new(
            ObstacleReason.MaxParallel, "As many jobs of its matrix run as 'max-parallel' allows.", "One of them ends, or 'max-parallel' is raised."),
        "approval" => new(hold, $"The {what} waits for approval.", "Somebody with write access approves the run."),
        _ => new(hold, $"The {what} is held: {hold}.", "What holds it is settled."),
    };

    private static Obstacle OfEnvironment(ExplainedJob job)
    {
        if (job.WaitsForReview)
        {
            return string.IsNullOrEmpty(job.Reviewers)
                ? new(HoldReason.Environment, $"The job waits for a review of the environment '{job.Environment}', whose reviewers are gone.", "Cancel it.")
                : new(
                    HoldReason.Environment, $"The job waits for a review of the environment '{job.Environment}'.",
                    $"One of its reviewers approves or rejects it on the page of the run: {job.Reviewers}.");
        }

        return job.WaitsUntil is { } until
            ? new(HoldReason.Environment, Text($"The job waits until {until:yyyy-MM-dd HH:mm:ss}Z, as the environment '{job.Environment}' asks."), "The time passes.")
            : new(HoldReason.Environment, $"The job waits for the environment '{job.Environment}'.", "A server looks at its rules in a moment.");
    }

    private static Obstacle OfNeeds(ExplainedJob job, List<OpenNeed> open)
    {
        var needed = open
            .Where(other => job.Needs.Any(need => IsPartOf(other.Key, Sibling(job.JobKey, need))))
            .Select(other => $"{other.Name} ({other.Status})")
            .Take(20)
            .ToList();
        return new(
            ObstacleReason.Needs,
            needed.Count > 0 ? $"It needs jobs that have not ended: {string.Join(", ", needed)}." : "It waits for other jobs of its run.",
            "They end.");
    }

    /// <summary>Needs name jobs of the same file: those of a called workflow have its path before them.</summary>
    private static string Sibling(string path, string need) =>
        path.LastIndexOf('/') is >= 0 and var slash ? string.Concat(path.AsSpan(0, slash + 1), need) : need;

    private static bool IsPartOf(string path, string of) =>
        path.StartsWith(of, StringComparison.OrdinalIgnoreCase) && (path.Length == of.Length || path[of.Length] is '[' or '/');

    private static Obstacle? OfPolicy(ExplainedJob job) => job.Stop switch
    {
        null => null,
        "site_off" => new(
            ObstacleReason.Policy, "Actions are switched off for the whole site.", "An operator switches them on: shithubd admin actions enable --site."),
        "owner_off" => new(
            ObstacleReason.Policy, $"Actions are switched off for {job.Owner}.",
            $"An operator switches them on: shithubd admin actions enable --owner {job.Owner}."),
        "repository_off" => new(
            ObstacleReason.Policy, $"Actions are switched off for {job.Repository}.",
            $"An operator switches them on: shithubd admin repo enable-actions {job.Repository}."),
        "owner_cap" => new(
            ObstacleReason.OwnerCap, Text($"{job.Owner} has {job.OwnerRunning} of at most {job.OwnerMaxRunning} jobs running."),
            $"One of them ends, or an operator raises the cap: shithubd admin policy set --owner {job.Owner} --max-running."),
        "repository_cap" => new(
            ObstacleReason.RepositoryCap, Text($"{job.Repository} has {job.RepoRunning} of at most {job.RepoMaxRunning} jobs running."),
            $"One of them ends, or an operator raises the cap: shithubd admin policy set --repo {job.Repository} --max-running."),
        _ => new(ObstacleReason.Policy, $"The queue holds it back: {job.Stop}.", "An operator sees the policy: shithubd admin policy show."),
    };

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
