namespace Shithub.Actions.Server.Audit;

public static class AuditServices
{
    public static IServiceCollection AddAudit(this IServiceCollection services) => services
        .AddHttpContextAccessor()
        .AddSingleton(AuditOrigin.Server)
        .AddSingleton<AuditLog>()
        .AddSingleton<ReadAudit>();
}
