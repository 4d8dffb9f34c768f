namespace Shithub.Actions.Server.PullRequests;

public static class PullRequestServices
{
    public static IServiceCollection AddPullRequests(this IServiceCollection services) => services
        .AddSingleton<PullRequestStore>()
        .AddSingleton<PullRequestPayload>()
        .AddSingleton<PullRequestEvents>()
        .AddSingleton<PullRequestRefs>()
        .AddSingleton<FollowPush>()
        .AddSingleton<ReceiveProposal>()
        .AddSingleton<OpenPullRequest>()
        .AddSingleton<ChangePullRequest>()
        .AddSingleton<PreparePullRequest>();
}
