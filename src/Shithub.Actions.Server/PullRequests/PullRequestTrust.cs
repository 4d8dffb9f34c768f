using Shithub.Actions.Server.Runs;

namespace Shithub.Actions.Server.PullRequests;

/// <summary>
/// How far an event of a pull request is trusted: the one place that decides it. It goes by permissions of authenticated people on the
/// base repository at the time of the event, and by nothing that a commit, a branch or a repository calls itself.
/// </summary>
public static class PullRequestTrust
{
    /// <param name="isFromFork">The head lies in another repository.</param>
    /// <param name="headVouched">Whoever brought the head commit might write to the base repository then.</param>
    /// <param name="actorMayWrite">Who caused the event may write to the base repository.</param>
    /// <param name="authorMayWrite">Who opened the pull request, and chose its title, may.</param>
    public static EventStanding Decide(bool isFromFork, bool headVouched, bool actorMayWrite, bool authorMayWrite)
    {
        var awaitsApproval = !(headVouched && actorMayWrite && authorMayWrite);
        // As on GitHub, what comes from a fork gets no secrets, whoever opened it: others may push to the fork.
        return new EventStanding(awaitsApproval || isFromFork ? RunTrust.Untrusted : RunTrust.Trusted, awaitsApproval);
    }
}

/// <param name="Trust">One of <see cref="RunTrust"/>.</param>
/// <param name="AwaitsApproval">Its runs wait until somebody who may write lets them go.</param>
public sealed record EventStanding(string Trust, bool AwaitsApproval);
