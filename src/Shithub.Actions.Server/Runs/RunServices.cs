namespace Shithub.Actions.Server.Runs;

public static class RunServices
{
    public static IServiceCollection AddRuns(this IServiceCollection services) => services
        .AddSingleton<ReadRuns>()
        .AddSingleton<ReadCheckRuns>()
        .AddSingleton<CancelJob>()
        .AddSingleton<RerunRun>()
        .AddSingleton<ApproveRun>()
        .AddSingleton<ConcurrencyKeeper>()
        .AddHostedService(provider => provider.GetRequiredService<ConcurrencyKeeper>());
}
