namespace Shithub.Actions.Server.Repositories;

public static class RepositoryServices
{
    public static IServiceCollection AddRepositories(this IServiceCollection services) => services
        .AddSingleton<GitProcess>()
        .AddSingleton<RepositoryStore>()
        .AddSingleton<GitAccess>()
        .AddSingleton<AdvertiseRefs>()
        .AddSingleton<UploadPack>()
        .AddSingleton<ReceivePack>()
        .AddSingleton<RecordPush>()
        .AddSingleton<PushPayload>()
        .AddSingleton<SettlePush>()
        .AddSingleton<PushSweeper>()
        .AddHostedService(provider => provider.GetRequiredService<PushSweeper>());
}
