using System.Globalization;
using Shithub.Actions.Workflows;

namespace Shithub.Actions.Server.Runs;

/// <summary>What a job waits for, in the words of the runbook.</summary>
public static class WaitingReason
{
    /// <summary>Null for a job that does not wait.</summary>
    public static string? Of(JobRow job) => job switch
    {
        { Status: "waiting", RunHold: RunHold.Approval } => "Waiting for approval by somebody who may write to the repository",
        { Status: "waiting", RunHold: HoldReason.Concurrency } => "Waiting for the concurrency group of its run",
        { Status: "waiting", Hold: HoldReason.Environment, WaitsForReview: true } =>
            $"Waiting for a review of the environment {job.Environment} by {(string.IsNullOrEmpty(job.Reviewers) ? "a reviewer who is gone; cancel the job" : job.Reviewers)}",
        { Status: "waiting", Hold: HoldReason.Environment, WaitsUntil: { } until } => string.Create(
            CultureInfo.InvariantCulture, $"Waiting until {until:yyyy-MM-dd HH:mm} UTC, as the environment {job.Environment} asks"),
        { Status: "waiting", Hold: HoldReason.Environment } => $"Waiting for the environment {job.Environment}",
        { Status: "waiting", Hold: HoldReason.MaxParallel } => "Waiting for other jobs of its matrix: max-parallel is reached",
        { Status: "waiting", Hold: HoldReason.Concurrency } => "Waiting for its concurrency group",
        { Status: "waiting", Needs.Length: > 0 } => $"Waiting for jobs: {string.Join(", ", job.Needs)}",
        { Status: "queued" } => $"Waiting for runner with labels: {string.Join(", ", job.RunsOn)}",
        _ => null,
    };
}
