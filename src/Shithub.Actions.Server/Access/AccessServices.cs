namespace Shithub.Actions.Server.Access;

public static class AccessServices
{
    public static IServiceCollection AddAccess(this IServiceCollection services) => services
        .AddSingleton<AccessTokens>()
        .AddSingleton<Sessions>()
        .AddSingleton<Authenticator>()
        .AddSingleton<Owners>()
        .AddSingleton<Collaborators>()
        .AddSingleton<ActionsPolicy>()
        .AddSingleton<RepositoryAccess>();
}
