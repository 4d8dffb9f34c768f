namespace Shithub.Actions.Workflows;

/// <summary>The values of a job's <c>status</c>.</summary>
public static class JobStatus
{
    public const string Queued = "queued";
    public const string Waiting = "waiting";
    public const string Running = "running";
    public const string Completed = "completed";
    public const string Cancelled = "cancelled";
    public const string Skipped = "skipped";

    /// <summary>Whether a job of this status never changes again.</summary>
    public static bool IsTerminal(string status) => status is Completed or Cancelled or Skipped;
}

/// <summary>The values of a job's or run's <c>conclusion</c>.</summary>
public static class Conclusion
{
    public const string Success = "success";
    public const string Failure = "failure";
    public const string Cancelled = "cancelled";
    public const string Skipped = "skipped";
    public const string TimedOut = "timed_out";
    public const string Neutral = "neutral";
    public const string ActionRequired = "action_required";
    public const string RunnerLost = "runner_lost";
}
