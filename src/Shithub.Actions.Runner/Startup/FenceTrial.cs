using System.Globalization;
using Shithub.Actions.Runner.Engine;
using Shithub.Actions.Runner.Jobs;
using Shithub.Actions.Runner.Network;
using Shithub.Actions.Runner.Sandbox;

namespace Shithub.Actions.Runner.Startup;

/// <summary>Containers made as jobs' are, for no other purpose than to see what holds in them.</summary>
internal static class FenceTrial
{
    /// <summary>What the kernel says in one of them.</summary>
    /// <exception cref="SandboxException">It can't be looked at.</exception>
    /// <exception cref="EngineException">The engine did not start it.</exception>
    public static Task<IReadOnlyList<FenceFact>> ContainerAsync(
        EngineClient engine, ContainerSpec spec, string runner, CancellationToken cancellationToken) =>
        WithFolderAsync<IReadOnlyList<FenceFact>>(runner, async folder =>
        {
            await using var container = await StartAsync(engine, spec, folder, runner, cancellationToken);
            var (exitCode, output) = await container.ExecShortAsync(["/bin/sh", "-c", Fence.Script], cancellationToken);
            if (exitCode != 0) throw new SandboxException($"the container's fence could not be looked at: {output.Trim()}");
            var fence = Fence.Read(output, spec.Settings);
            return fence.Holes.Count == 0
                ? [.. fence.Facts.Select(fact => new FenceFact("container", true, fact)), new FenceFact("engine's socket", true, "not visible")]
                : [.. fence.Holes.Select(hole => new FenceFact("container", false, hole))];
        });

    /// <summary>Whether a container sees the file system of a workspace that has its own, as the engine mounts it.</summary>
    /// <exception cref="SandboxException">It sees something else.</exception>
    /// <exception cref="IOException">This host makes none.</exception>
    /// <exception cref="EngineException">The engine did not start it.</exception>
    public static async Task DiskAsync(EngineClient engine, ContainerSpec spec, WorkspaceDisk disk, string runner, CancellationToken cancellationToken)
    {
        var workspace = await JobWorkspace.CreateAsync(runner, "fence", spec.User, disk);
        try
        {
            await using var container = await StartAsync(engine, spec, workspace.Mount, runner, cancellationToken);
            var (_, output) = await container.ExecShortAsync(["/bin/sh", "-c", Fence.Script], cancellationToken);
            var device = Fence.Read(output, spec.Settings).WorkDevice;
            if (!device.StartsWith("/dev/loop", StringComparison.Ordinal))
                throw new SandboxException($"the engine does not see the workspace's file system but {device}");
        }
        finally
        {
            await workspace.RemoveAsync(CancellationToken.None);
        }
    }

    /// <summary>What two of them reach.</summary>
    /// <exception cref="SandboxException">One ended too early.</exception>
    /// <exception cref="EngineException">The engine did not start them.</exception>
    public static Task<IReadOnlyList<FenceFact>> NetworkAsync(
        EngineClient engine, ContainerSpec spec, NetworkFence fence, string runner, CancellationToken cancellationToken) =>
        WithFolderAsync(runner, async folder =>
        {
            await using var container = await StartAsync(engine, spec, folder, runner, cancellationToken);
            await using var sibling = await StartAsync(engine, spec, folder, runner, cancellationToken);
            await BridgePorts.IsolateAsync(engine, fence.Plan.Network, cancellationToken);
            return await FenceProof.TryAsync(engine, fence, container, sibling, cancellationToken);
        });

    private static Task<JobContainer> StartAsync(
        EngineClient engine, ContainerSpec spec, string folder, string runner, CancellationToken cancellationToken) =>
        JobContainer.StartAsync(engine, spec, ReadyContainer.NewName(0, 0), spec.ToRequest(folder, runner, 0, 0), cancellationToken);

    private static async Task<T> WithFolderAsync<T>(string root, Func<string, Task<T>> run)
    {
        var folder = Path.Combine(root, string.Create(CultureInfo.InvariantCulture, $"fence-{Environment.ProcessId}-{Guid.NewGuid().ToString("N")[..6]}"));
        Directory.CreateDirectory(folder);
        try
        {
            return await run(folder);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
