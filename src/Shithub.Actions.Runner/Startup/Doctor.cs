using Shithub.Actions.Configuration;
using Shithub.Actions.Runner.Engine;
using Shithub.Actions.Runner.Network;
using Shithub.Actions.Runner.Sandbox;

namespace Shithub.Actions.Runner.Startup;

/// <summary>Everything that must hold before a runner may take jobs, looked at one by one.</summary>
internal static class Doctor
{
    /// <exception cref="RunnerException">No engine answers.</exception>
    public static async Task<IReadOnlyList<FenceFact>> ExamineAsync(RunnerSettings settings, CancellationToken cancellationToken)
    {
        if (!Environment.IsPrivilegedProcess) throw new RunnerException("The doctor must be started as root, as the runner is.", ExitCodes.Usage);
        using var engine = await EngineStartup.ConnectAsync(settings.Engine, cancellationToken);
        var version = await engine.VersionAsync(cancellationToken);
        var facts = new List<FenceFact> { new("engine", true, version.ToString()) };
        try
        {
            var spec = await RunnerHost.LoadSpecAsync(settings.Engine, version.IsPodman, settings.Runner.WorkspaceRoot, cancellationToken);
            if (version.Runtime is { } runtime)
                facts.Add(new FenceFact("runtime", true, runtime.Warning() is { } warning ? $"WARNING: {warning}" : $"{runtime.Name} {runtime.Version}"));
            if ((await engine.InfoAsync(cancellationToken)).Refusal(version.ToString(), settings.Engine.IsFenced) is { } refusal)
                facts.Add(new FenceFact("engine's limits", false, refusal));
            var image = settings.Engine.DefaultImage;
            var hasImage = await engine.ImageExistsAsync(image, cancellationToken);
            if (settings.Engine.Warm > 0) facts.Add(new FenceFact("warm", true, $"{settings.Engine.Warm} of {image} will wait for jobs, started (engine.warm)"));
            facts.Add(new FenceFact("image", hasImage, hasImage ? image : $"{image} is not there; the runner would pull it"));
            var hasNetwork = true;
            if (settings.Engine.IsFenced)
            {
                var looked = await FenceState.LookAsync(new NetworkFence(FencePlan.From(settings)), cancellationToken);
                hasNetwork = looked.All(fact => fact.Holds);
                facts.AddRange(looked);
            }
            else if (settings.Engine.Network == "none")
            {
                facts.Add(new FenceFact("network", true, "none"));
            }
            else
            {
                facts.Add(new FenceFact("network fence", false, "engine.network_fence is \"off\": steps reach whatever this host reaches"));
                hasNetwork = await engine.NetworkLabelsAsync(settings.Engine.Network, cancellationToken) is not null;
            }

            if (!hasImage || !hasNetwork)
            {
                facts.Add(new FenceFact("container", false, "not started: see above ('shithubd-runner network up' makes the network and its fence)"));
                return facts;
            }

            facts.AddRange(await FenceTrial.ContainerAsync(engine, spec, settings.Runner.WorkspaceRoot, cancellationToken));
            if (settings.Engine.IsFenced)
            {
                facts.AddRange(await FenceTrial.NetworkAsync(
                    engine, spec, new NetworkFence(FencePlan.From(settings)), settings.Runner.WorkspaceRoot, cancellationToken));
            }
        }
        catch (Exception e) when (e is EngineException or SandboxException or NetworkFenceException or IOException)
        {
            facts.Add(new FenceFact("container", false, e.Message));
        }

        return facts;
    }
}
