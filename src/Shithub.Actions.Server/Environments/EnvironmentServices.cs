namespace Shithub.Actions.Server.Environments;

public static class EnvironmentServices
{
    public static IServiceCollection AddEnvironments(this IServiceCollection services) => services
        .AddSingleton<EnvironmentStore>()
        .AddSingleton<ReviewEnvironment>()
        .AddSingleton<EnvironmentKeeper>()
        .AddHostedService(provider => provider.GetRequiredService<EnvironmentKeeper>());
}
