namespace Shithub.Actions.Server.Secrets;

public static class SecretServices
{
    public static IServiceCollection AddSecrets(this IServiceCollection services) => services
        .AddSingleton<Variables>()
        .AddSingleton<WorkflowSecrets>()
        .AddSingleton<SecretMasks>();
}
