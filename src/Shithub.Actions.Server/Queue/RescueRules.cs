namespace Shithub.Actions.Server.Queue;

public enum RescueOutcome
{
    Requeued,
    RunnerLost,
    Cancelled,
}

/// <summary>What becomes of an attempt whose runner is lost. A step that may have begun is not run twice behind its author's back.</summary>
public static class RescueRules
{
    public static RescueOutcome Decide(bool cancelRequested, bool runStepBegan, int rescuesSoFar, int maxRescues) =>
        cancelRequested ? RescueOutcome.Cancelled
        : runStepBegan || rescuesSoFar >= maxRescues ? RescueOutcome.RunnerLost
        : RescueOutcome.Requeued;

    public static string MetricName(RescueOutcome outcome) => outcome switch
    {
        RescueOutcome.Requeued => "requeued",
        RescueOutcome.RunnerLost => "runner_lost",
        _ => "cancelled",
    };
}
