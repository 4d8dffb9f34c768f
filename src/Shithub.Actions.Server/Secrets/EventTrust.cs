using Shithub.Actions.Server.Runs;

namespace Shithub.Actions.Server.Secrets;

/// <summary>Which runs get secrets: the one place that says so.</summary>
public static class EventTrust
{
    /// <summary>A run that is not trusted gets no secret and no mask, also when somebody has approved it.</summary>
    /// <param name="eventName">As it is called in <c>github.event_name</c>; case counts.</param>
    /// <param name="trust">What is stored with the run, one of <see cref="RunTrust"/>.</param>
    public static bool GivesSecrets(string eventName, string trust) =>
        trust == RunTrust.Trusted && (eventName == "pull_request" || RunTrust.OfEvent(eventName) == RunTrust.Trusted);
}
