namespace Shithub.Actions.Server.Secrets;

/// <summary>Which events may bring secrets into a run: the one place that says so.</summary>
public static class EventTrust
{
    /// <summary>
    /// Events that only people with write access cause, or that run the default branch's own files. What is not among them, pull requests
    /// and events yet to come, gives a run no secret and no mask.
    /// </summary>
    private static readonly HashSet<string> Trusted = new(StringComparer.Ordinal)
    {
        "push", "workflow_dispatch", "repository_dispatch", "schedule", "workflow_run",
    };

    /// <param name="eventName">As it is called in <c>github.event_name</c>; case counts.</param>
    public static bool GivesSecrets(string eventName) => Trusted.Contains(eventName);
}
