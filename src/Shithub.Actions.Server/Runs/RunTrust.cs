namespace Shithub.Actions.Server.Runs;

/// <summary>
/// Whether a run's cause is trusted, stored with the run when it is made and never changed: not by an approval, not by a rerun.
/// </summary>
public static class RunTrust
{
    public const string Trusted = "trusted";

    /// <summary>No secret and no mask, ever; only public repositories besides its own.</summary>
    public const string Untrusted = "untrusted";

    /// <summary>The trust of an event that brings none of its own: only people with write access, or the default branch's files, cause these.</summary>
    public static string OfEvent(string eventName) =>
        eventName is "push" or "workflow_dispatch" or "repository_dispatch" or "schedule" or "workflow_run" ? Trusted : Untrusted;
}

/// <summary>Why no job of a run may start, besides <see cref="Workflows.HoldReason.Concurrency"/>.</summary>
public static class RunHold
{
    /// <summary>Somebody who may write to the repository has to look at it first.</summary>
    public const string Approval = "approval";
}
