namespace Shithub.Actions.Server.Queue;

/// <summary>Why a job does not run yet.</summary>
/// <param name="Obstacles">What holds it back whatever the runner. Empty for one that is queued and only waits for its turn.</param>
/// <param name="IsCut">There are more runners than are told of.</param>
public sealed record JobExplanation(
    long JobId, string Status, IReadOnlyList<string> RunsOn, IReadOnlyList<Obstacle> Obstacles, IReadOnlyList<RunnerExplanation> Runners,
    bool IsCut)
{
    /// <summary>As those see it who do not administer the site: runners that have nothing to do with the job are not named.</summary>
    public JobExplanation ForReaders() => this with
    {
        Runners =
        [
            .. Runners
                .Where(runner => !runner.Obstacles.Any(obstacle => obstacle.Reason is ObstacleReason.Label or ObstacleReason.Revoked))
                .Select(runner => runner with
                {
                    Obstacles = [.. runner.Obstacles.Select(obstacle => obstacle with { Private = null })],
                }),
        ],
    };
}

/// <param name="TakesIt">The runner's next claim gives it this job (if it asks: see <see cref="ObstacleReason.Offline"/>).</param>
public sealed record RunnerExplanation(long Id, string Name, bool TakesIt, IReadOnlyList<Obstacle> Obstacles);

/// <param name="Reason">One of <see cref="ObstacleReason"/>.</param>
/// <param name="Detail">The fact, as a sentence.</param>
/// <param name="Remedy">What would change it.</param>
/// <param name="Private">What only operators may know of it.</param>
public sealed record Obstacle(string Reason, string Detail, string Remedy, string? Private = null);

public static class ObstacleReason
{
    public const string Label = "label";
    public const string Capacity = "capacity";
    public const string Draining = "draining";
    public const string Revoked = "revoked";
    public const string Offline = "offline";
    public const string NotClaiming = "not-claiming";
    public const string Ahead = "ahead";
    public const string Policy = "policy";
    public const string OwnerCap = "owner-cap";
    public const string RepositoryCap = "repository-cap";
    public const string Concurrency = "concurrency";
    public const string MaxParallel = "max-parallel";
    public const string Needs = "needs";
    public const string Running = "running";
    public const string Ended = "ended";
}
