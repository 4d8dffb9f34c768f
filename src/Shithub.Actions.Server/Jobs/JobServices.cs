using Shithub.Actions.Configuration;
using Shithub.Actions.Server.Logs;

namespace Shithub.Actions.Server.Jobs;

public static class JobServices
{
    public static IServiceCollection AddJobs(this IServiceCollection services, ServerSettings settings) => services
        .AddSingleton<JobTokens>()
        .AddSingleton<CheckoutTokens>()
        .AddSingleton<JobCallFilter>()
        .AddSingleton<JobCallDiagnosis>()
        .AddSingleton<EndJobs>()
        .AddSingleton<EndBatches>()
        .AddSingleton<ReportJobStatus>()
        .AddSingleton<ReportStepStatus>()
        .AddSingleton<CheckCancel>()
        .AddSingleton(new LogLimits(settings.Logs.MaxBytesPerJob))
        .AddSingleton<TokenMasks>()
        .AddSingleton<AttemptMasks>()
        .AddSingleton<WithheldLog>()
        .AddSingleton<AppendStatement>()
        .AddSingleton<AppendBatches>()
        .AddSingleton<AppendLog>()
        .AddSingleton<ReadLog>();
}
