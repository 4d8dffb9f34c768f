using Shithub.Actions.Configuration;
using Shithub.Actions.Server.Runners;

namespace Shithub.Actions.Server.Queue;

public static class QueueServices
{
    public static IServiceCollection AddQueue(this IServiceCollection services, ServerSettings settings) => services
        .AddSingleton<ClaimJob>()
        .AddSingleton<ClaimBatches>()
        .AddSingleton<PrioritizeJob>()
        .AddSingleton<ExplainJob>()
        .AddSingleton<ClaimAnswer>()
        .AddSingleton<ClaimSecrets>()
        .AddSingleton<RenewLeases>()
        .AddSingleton(new LeaseLimits(settings.Runners.LeaseMax))
        .AddSingleton(new RescueLimits(settings.Runners.MaxRetries))
        .AddSingleton<RescueJob>()
        .AddSingleton<RunnerPool>()
        .AddSingleton<RunnerList>()
        .AddSingleton<JobRescuer>()
        .AddHostedService(provider => provider.GetRequiredService<JobRescuer>());
}
