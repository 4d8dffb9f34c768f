using Microsoft.Extensions.Logging;
using Shithub.Actions.Configuration;
using Shithub.Actions.Runner.Claims;
using Shithub.Actions.Runner.Jobs;
using Shithub.Actions.Runner.Leases;
using Shithub.Actions.Runner.Sandbox;
using Shithub.Actions.Runner.Server;

namespace Shithub.Actions.Runner.Startup;

/// <summary>One runner from its start to its end.</summary>
internal static partial class RunnerHost
{
    /// <param name="drain">Claim no more, end when running jobs have.</param>
    /// <param name="now">Let running jobs go on no longer.</param>
    /// <exception cref="RunnerException">It can't start, or the server refuses it.</exception>
    public static async Task RunAsync(
        RunnerSettings settings, TimeProvider time, ILoggerFactory loggers, CancellationToken drain, CancellationToken now)
    {
        var logger = loggers.CreateLogger("Shithub.Actions.Runner");
        if (!Environment.IsPrivilegedProcess)
        {
            throw new RunnerException(
                $"The runner must be started as root: workspaces belong to {settings.Engine.User}, whom steps run as.", ExitCodes.Usage);
        }

        try
        {
            using var root = WorkspaceRoot.Open(settings.Runner.WorkspaceRoot);
            using var engine = await EngineStartup.ConnectAsync(settings.Engine, drain);
            var version = await engine.VersionAsync(drain);
            var spec = await LoadSpecAsync(settings.Engine, version.IsPodman, drain);
            await EngineStartup.PrepareAsync(engine, spec, settings.Runner.WorkspaceRoot, logger, drain);
            await root.RemoveStaleAsync(settings.Runner.WorkspaceTtl, time, logger, drain);

            var checkout = await CheckoutStartup.PrepareAsync(settings, time, loggers, drain);

            using var claims = new RunnerApi(settings.Server.BaseUrl, settings.Runner.Token);
            using var renewals = new RunnerApi(settings.Server.BaseUrl, settings.Runner.Token);
            using var jobs = ServerHttp.Create(settings.Server.BaseUrl);
            using var leases = new LeaseKeeper(renewals, time, loggers.CreateLogger<LeaseKeeper>());
            using var ended = new CancellationTokenSource();
            var keeping = leases.RunAsync(ended.Token);
            Ready(logger, RunnerVersion.Number, settings.Server.BaseUrl, version.ToString(), string.Join(',', settings.Runner.Labels));
            try
            {
                var context = new RunnerContext(
                    settings.Runner.Name, settings.Runner.WorkspaceRoot, engine, version, spec, checkout, time, loggers);
                await new ClaimLoop(settings.Runner, context, new ServerConnections(claims, jobs, leases)).RunAsync(drain, now);
            }
            finally
            {
                await ended.CancelAsync();
                await Task.WhenAny(keeping);
            }

            Stopped(logger);
        }
        catch (OperationCanceledException) when (drain.IsCancellationRequested)
        {
            Stopped(logger);
        }
    }

    private static async Task<ContainerSpec> LoadSpecAsync(EngineSettings settings, bool isPodman, CancellationToken cancellationToken)
    {
        try
        {
            return await ContainerSpec.LoadAsync(settings, isPodman, cancellationToken);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new RunnerException($"engine.seccomp_profile can't be read: {e.Message}", ExitCodes.Usage);
        }
    }

    [LoggerMessage(1, LogLevel.Information, "shithubd-runner {Version} claims from {Server} with {Engine}, labels {Labels}.")]
    private static partial void Ready(ILogger logger, string version, Uri server, string engine, string labels);

    [LoggerMessage(2, LogLevel.Information, "Stopped.")]
    private static partial void Stopped(ILogger logger);
}
