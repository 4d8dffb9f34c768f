using Microsoft.Extensions.Logging;
using Shithub.Actions.Configuration;
using Shithub.Actions.Runner.Claims;
using Shithub.Actions.Runner.Engine;
using Shithub.Actions.Runner.Jobs;
using Shithub.Actions.Runner.Leases;
using Shithub.Actions.Runner.Network;
using Shithub.Actions.Runner.Sandbox;
using Shithub.Actions.Runner.Server;
using Shithub.Actions.Runner.Warm;

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

        var isReady = false;
        RunnerApi? claims = null;
        try
        {
            using var root = WorkspaceRoot.Open(settings.Runner.WorkspaceRoot);
            claims = new RunnerApi(settings.Server.BaseUrl, settings.Runner.Token);
            using var engine = await EngineStartup.ConnectAsync(settings.Engine, drain);
            var version = await engine.VersionAsync(drain);
            var spec = await LoadSpecAsync(settings.Engine, version.IsPodman, settings.Runner.WorkspaceRoot, drain);
            var fence = settings.Engine.IsFenced ? new NetworkFence(FencePlan.From(settings)) : null;
            await EngineStartup.PrepareAsync(engine, spec, fence, settings.Runner.WorkspaceRoot, logger, drain);
            var limits = await WorkspaceStartup.LimitAsync(engine, spec, settings.Runner.WorkspaceRoot, logger, drain);
            if (settings.Engine is { NetworkFence: NetworkFenceMode.Off, Network: not "none" }) NetworkOpen(logger, settings.Engine.Network);
            await using var guard = await GuardAsync(engine, spec, fence, settings.Runner.WorkspaceRoot, time, loggers, drain);
            await root.RemoveStaleAsync(settings.Runner.WorkspaceTtl, time, logger, drain);

            var checkout = await CheckoutStartup.PrepareAsync(settings, time, loggers, drain);

            using var renewals = new RunnerApi(settings.Server.BaseUrl, settings.Runner.Token);
            using var jobs = ServerHttp.Create(settings.Server.BaseUrl);
            using var leases = new LeaseKeeper(renewals, time, loggers.CreateLogger<LeaseKeeper>());
            using var ended = new CancellationTokenSource();
            var keeping = leases.RunAsync(ended.Token);
            Ready(logger, RunnerVersion.Number, settings.Server.BaseUrl, version.ToString(), string.Join(',', settings.Runner.Labels));
            isReady = true;
            try
            {
                var context = new RunnerContext(
                    settings.Runner.Name, settings.Runner.WorkspaceRoot, engine, version, spec, checkout, time, loggers, guard, limits);
                if (settings.Engine.Warm > 0) context = context with { Warm = new WarmSlots(context) };
                using var loop = new ClaimLoop(settings.Runner, context, new ServerConnections(claims, jobs, leases));
                await loop.RunAsync(drain, now);
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
        catch (RunnerException e) when (!isReady && claims is not null)
        {
            // Who looks at the server, and not at this host, sees why there is no runner.
            await claims.TellNotClaimingAsync(
                RunnerHeartbeat.Of(settings.Runner, Guid.NewGuid().ToString("N")), $"it does not start: {e.Message}", drain);
            throw;
        }
        finally
        {
            claims?.Dispose();
        }
    }

    /// <exception cref="RunnerException">The network's fence was made and does not hold.</exception>
    private static async Task<NetworkGuard?> GuardAsync(
        EngineClient engine, ContainerSpec spec, NetworkFence? fence, string runner, TimeProvider time, ILoggerFactory loggers,
        CancellationToken cancellationToken)
    {
        if (fence is null) return null;
        var guard = new NetworkGuard(
            engine, fence, runner, cancel => FenceTrial.NetworkAsync(engine, spec, fence, runner, cancel), time, loggers.CreateLogger<NetworkGuard>());
        if (await guard.HoldsAsync(cancellationToken) is not { } problem) return guard;
        await guard.DisposeAsync();
        throw new RunnerException($"The network's fence does not hold: {problem}. 'shithubd-runner doctor' says more.", ExitCodes.Refused);
    }

    /// <exception cref="RunnerException">The seccomp profile can't be read.</exception>
    public static async Task<ContainerSpec> LoadSpecAsync(
        EngineSettings settings, bool isPodman, string root, CancellationToken cancellationToken)
    {
        try
        {
            return await ContainerSpec.LoadAsync(settings, isPodman, root, cancellationToken);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new RunnerException($"engine.seccomp_profile can't be read: {e.Message}", ExitCodes.Usage);
        }
    }

    [LoggerMessage(1, LogLevel.Information, "shithubd-runner {Version} claims from {Server} with {Engine}, labels {Labels}.")]
    private static partial void Ready(ILogger logger, string version, Uri server, string engine, string labels);

    [LoggerMessage(
        3,
        LogLevel.Warning,
        "engine.network_fence is off: the steps of jobs reach whatever the network {Network} lets them reach, this host included. Each job's log says so.")]
    private static partial void NetworkOpen(ILogger logger, string network);

    [LoggerMessage(2, LogLevel.Information, "Stopped.")]
    private static partial void Stopped(ILogger logger);
}
