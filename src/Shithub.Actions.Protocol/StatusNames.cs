namespace Shithub.Actions.Protocol;

/// <summary>The values of <c>status</c> on the wire and in the database. Terminal ones never change again.</summary>
public static class StatusNames
{
    public const string Queued = "queued";
    public const string Waiting = "waiting";
    public const string Running = "running";
    public const string Completed = "completed";
    public const string Cancelled = "cancelled";
    public const string Skipped = "skipped";

    public static bool IsTerminal(string status) => status is Completed or Cancelled or Skipped;
}

/// <summary>The values of <c>conclusion</c>: GitHub's set and <c>runner_lost</c>.</summary>
public static class ConclusionNames
{
    public const string Success = "success";
    public const string Failure = "failure";
    public const string Cancelled = "cancelled";
    public const string Skipped = "skipped";
    public const string TimedOut = "timed_out";
    public const string Neutral = "neutral";
    public const string ActionRequired = "action_required";
    public const string RunnerLost = "runner_lost";

    /// <summary>Those a runner may report; <c>runner_lost</c> and <c>action_required</c> are the server's own.</summary>
    public static bool IsReportable(string conclusion) =>
        conclusion is Success or Failure or Cancelled or Skipped or TimedOut or Neutral;
}
