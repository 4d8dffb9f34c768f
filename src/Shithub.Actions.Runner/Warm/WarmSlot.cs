using System.Net;
using System.Text.Json;
using Shithub.Actions.Protocol;
using Shithub.Actions.Runner.Engine;
using Shithub.Actions.Runner.Jobs;
using Shithub.Actions.Runner.Network;
using Shithub.Actions.Runner.Pods;
using Shithub.Actions.Runner.Sandbox;

namespace Shithub.Actions.Runner.Warm;

/// <summary>
/// A container of the default image that was started before its job was there, with an empty workspace: made as every job's, looked at as
/// every job's, and nothing was ever run in it but that look. Whoever takes it owns <see cref="Workspace"/> and <see cref="Container"/>;
/// disposing a slot that nobody took removes both.
/// </summary>
internal sealed class WarmSlot : IAsyncDisposable
{
    private static readonly TimeSpan CleanupTime = TimeSpan.FromSeconds(60);
    private readonly RunnerContext _runner;
    private readonly int _losses;

    private WarmSlot(RunnerContext runner, string name, JobWorkspace workspace, PreparedContainer container, int losses) =>
        (_runner, Name, Workspace, Container, _losses) = (runner, name, workspace, container, losses);

    /// <summary>The container's.</summary>
    public string Name { get; }

    public JobWorkspace Workspace { get; }

    public PreparedContainer Container { get; }

    /// <summary>Its container runs, and the network's fence was not lost since it was made: no call to the engine.</summary>
    public bool IsGood => Container.Ready.Container.IsSeenAlive && _losses == (_runner.Network?.Losses ?? 0);

    /// <summary>Whether the job needs nothing that has to be known when its container is made.</summary>
    public static bool Fits(ClaimedJob job) =>
        IsAbsent(job.Container) && IsAbsent(job.Services)
        && !(job.Permissions.ValueKind == JsonValueKind.Object && job.Permissions.TryGetProperty("network", out _));

    /// <exception cref="NetworkFenceException">Its place on the network can't be had.</exception>
    /// <exception cref="SandboxException">The fence has holes, or the container ended.</exception>
    /// <exception cref="EngineException">The engine can't be reached, or does not make this container.</exception>
    /// <exception cref="IOException">The host can't make the workspace.</exception>
    public static async Task<WarmSlot> MakeAsync(RunnerContext runner, CancellationToken cancellationToken)
    {
        var losses = runner.Network?.Losses ?? 0;
        var workspace = await JobWorkspace.CreateAsync(runner.WorkspaceRoot, WorkspacePrefix, runner.Spec.User, runner.Workspaces?.Disk);
        PreparedContainer? container = null;
        try
        {
            var name = ReadyContainer.NewName("warm");
            var request = runner.Spec.ToRequest(workspace.Mount, ContainerSpec.WarmLabels(runner.WorkspaceRoot), ContainerExtras.None);
            container = await PreparedContainer.StartAsync(runner, name, workspace, request, cancellationToken);
            return container.Ready.Container.IsSeenAlive
                ? new WarmSlot(runner, name, workspace, container, losses)
                : throw new SandboxException("the container ended, or this runner does not see its host's processes");
        }
        catch
        {
            if (container is not null) await container.DisposeAsync();
            await RemoveAsync(workspace);
            throw;
        }
    }

    /// <summary>What the folders of such workspaces begin with.</summary>
    public const string WorkspacePrefix = "warm";

    /// <summary>Whether a container of the default image that is made now would have the same image.</summary>
    /// <param name="current">What its name stands for now.</param>
    /// <exception cref="EngineException">The engine can't be reached.</exception>
    public async Task<bool> HasImageAsync(Task<EngineImage> current)
    {
        try
        {
            return (await current).Id == Container.Ready.Origin.ImageId;
        }
        catch (EngineException e) when (e.Status == HttpStatusCode.NotFound)
        {
            return false;
        }
    }

    public async ValueTask DisposeAsync()
    {
        try
        {
            await Container.DisposeAsync();
        }
        finally
        {
            await RemoveAsync(Workspace);
        }
    }

    private static async Task RemoveAsync(JobWorkspace workspace)
    {
        using var bounded = new CancellationTokenSource(CleanupTime);
        await workspace.RemoveAsync(bounded.Token);
    }

    private static bool IsAbsent(JsonElement? element) => element is null or { ValueKind: JsonValueKind.Null or JsonValueKind.Undefined };
}
