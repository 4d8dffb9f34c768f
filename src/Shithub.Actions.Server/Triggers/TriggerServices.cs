namespace Shithub.Actions.Server.Triggers;

public static class TriggerServices
{
    public static IServiceCollection AddTriggers(this IServiceCollection services) => services
        .AddSingleton<PlanRun>()
        .AddSingleton<LoadWorkflows>()
        .AddSingleton<ProcessEvent>()
        .AddSingleton<FindEventSource>()
        .AddSingleton<RefreshSchedules>()
        .AddSingleton<FindSchedules>()
        .AddSingleton<ScheduleKeeper>()
        .AddHostedService(provider => provider.GetRequiredService<ScheduleKeeper>())
        .AddSingleton<DispatchWorkflow>()
        .AddHostedService<TriggerProcessor>();
}
