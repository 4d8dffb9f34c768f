using Shithub.Actions.Workflows;

namespace Shithub.Actions.Server.Runs;

/// <summary>What a job waits for, in the words of the runbook.</summary>
public static class WaitingReason
{
    /// <summary>Null for a job that does not wait.</summary>
    public static string? Of(JobRow job) => job switch
    {
        { Status: "waiting", Hold: HoldReason.MaxParallel } => "Waiting for other jobs of its matrix: max-parallel is reached",
        { Status: "waiting", Hold: HoldReason.Concurrency } => "Waiting for its concurrency group",
        { Status: "waiting", Needs.Length: > 0 } => $"Waiting for jobs: {string.Join(", ", job.Needs)}",
        { Status: "queued" } => $"Waiting for runner with labels: {string.Join(", ", job.RunsOn)}",
        _ => null,
    };
}
