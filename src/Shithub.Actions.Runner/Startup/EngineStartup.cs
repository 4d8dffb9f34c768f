using Microsoft.Extensions.Logging;
using Shithub.Actions.Configuration;
using Shithub.Actions.Runner.Engine;
using Shithub.Actions.Runner.Jobs;
using Shithub.Actions.Runner.Network;
using Shithub.Actions.Runner.Pods;
using Shithub.Actions.Runner.Sandbox;

namespace Shithub.Actions.Runner.Startup;

/// <summary>Finds the engine, and makes sure before the first claim that it can do what jobs need.</summary>
internal static partial class EngineStartup
{
    /// <exception cref="RunnerException">No engine answers.</exception>
    public static async Task<EngineClient> ConnectAsync(EngineSettings settings, CancellationToken cancellationToken)
    {
        string[] sockets = settings.Socket is { } socket
            ? [socket]
            : [EngineSettings.DefaultSocket(EngineKind.Docker)!, EngineSettings.DefaultSocket(EngineKind.Podman)!];
        var reasons = new List<string>();
        foreach (var candidate in sockets)
        {
            var engine = new EngineClient(candidate);
            try
            {
                await engine.VersionAsync(cancellationToken);
                return engine;
            }
            catch (EngineException e)
            {
                reasons.Add(e.Message);
                engine.Dispose();
            }
        }

        throw new RunnerException(
            string.Join(' ', reasons) + " Start it (systemctl start docker, systemctl start podman.socket) or set engine.socket.",
            ExitCodes.Refused);
    }

    /// <summary>Image, network, containers of dead attempts, and a container made like a job's to see that the fence holds.</summary>
    /// <param name="fence">Of a network that must be fenced.</param>
    /// <exception cref="RunnerException">The engine can't give what jobs need.</exception>
    public static async Task PrepareAsync(
        EngineClient engine, ContainerSpec spec, NetworkFence? fence, string workspaceRoot, ILogger logger, CancellationToken cancellationToken)
    {
        var settings = spec.Settings;
        try
        {
            var version = await engine.VersionAsync(cancellationToken);
            if ((await engine.InfoAsync(cancellationToken)).Refusal(version.ToString(), settings.IsFenced) is { } refusal)
                throw new SandboxException(refusal);
            if (version.Runtime?.Warning() is { } warning) KnownHoles(logger, warning);
            await RemoveLeftoversAsync(engine, workspaceRoot, logger, cancellationToken);
            await WorkspaceDisk.RemoveLeftoversAsync(workspaceRoot);
            if (!await engine.ImageExistsAsync(settings.DefaultImage, cancellationToken))
            {
                Pulling(logger, settings.DefaultImage);
                await PullDefaultAsync(engine, settings.DefaultImage, cancellationToken);
            }

            if (settings.IsFenced)
            {
                await fence!.UpAsync(engine, cancellationToken);
                await NarrowedView.RemoveLeftoversAsync(fence.Plan, cancellationToken);
            }
            else if (settings.Network != "none")
            {
                var labels = new Dictionary<string, string> { [BridgePorts.NetworkLabel] = "steps" };
                await engine.EnsureNetworkAsync(settings.Network, labels, cancellationToken);
            }

            await TryFenceAsync(engine, spec, workspaceRoot, logger, cancellationToken);
        }
        catch (Exception e) when (e is EngineException or SandboxException or NetworkFenceException or IOException)
        {
            throw new RunnerException($"Jobs can't run with this engine: {e.Message}", ExitCodes.Refused);
        }
    }

    /// <summary>Kills and removes the containers of a runner that is not there any more.</summary>
    public static async Task RemoveLeftoversAsync(EngineClient engine, string workspaceRoot, ILogger logger, CancellationToken cancellationToken)
    {
        var left = await engine.ListContainersAsync(ContainerSpec.RunnerLabel, workspaceRoot, cancellationToken);

        // Services first: a job's container can't go while they use its network.
        foreach (var container in left.OrderBy(container => container.Labels?.ContainsKey(ServiceSpec.ServiceLabel) == true ? 0 : 1))
        {
            var job = container.Labels?.GetValueOrDefault(ContainerSpec.JobLabel) ?? "?";
            var attempt = container.Labels?.GetValueOrDefault(ContainerSpec.AttemptLabel) ?? "?";
            await engine.KillContainerAsync(container.Id, "SIGKILL", cancellationToken);
            await engine.RemoveContainerAsync(container.Id, cancellationToken);
            if (container.Labels?.ContainsKey(ContainerSpec.WarmLabel) == true) RemovedWarm(logger);
            else RemovedContainer(logger, job, attempt);
        }
    }

    private static async Task PullDefaultAsync(EngineClient engine, string image, CancellationToken cancellationToken)
    {
        try
        {
            await engine.PullImageAsync(image, null, _ => ValueTask.CompletedTask, cancellationToken);
        }
        catch (EngineException e)
        {
            throw new EngineException(
                $"{e.Message} Build one with deploy/runner-image/build.sh, or name another in engine.default_image.", e.Status, e);
        }
    }

    private static async Task TryFenceAsync(
        EngineClient engine, ContainerSpec spec, string workspaceRoot, ILogger logger, CancellationToken cancellationToken)
    {
        var facts = await FenceTrial.ContainerAsync(engine, spec, workspaceRoot, cancellationToken);
        var holes = facts.Where(fact => !fact.Holds).Select(fact => fact.Detail).ToList();
        if (holes.Count > 0) throw new SandboxException($"the container's fence does not hold: {string.Join("; ", holes)}.");
        FenceHolds(logger, string.Join("; ", facts.Select(fact => fact.Detail)));
    }

    [LoggerMessage(1, LogLevel.Information, "Pulling image {Image}.")]
    private static partial void Pulling(ILogger logger, string image);

    [LoggerMessage(2, LogLevel.Warning, "Removed the container of job {JobId}, attempt {Attempt}, which an earlier run of this runner left behind.")]
    private static partial void RemovedContainer(ILogger logger, string jobId, string attempt);

    [LoggerMessage(5, LogLevel.Information, "Removed a warm container that an earlier run of this runner left behind.")]
    private static partial void RemovedWarm(ILogger logger);

    [LoggerMessage(4, LogLevel.Warning, "{Warning}.")]
    private static partial void KnownHoles(ILogger logger, string warning);

    [LoggerMessage(3, LogLevel.Information, "The fence holds: {Facts}.")]
    private static partial void FenceHolds(ILogger logger, string facts);
}
