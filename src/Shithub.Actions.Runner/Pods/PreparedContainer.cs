using Shithub.Actions.Runner.Engine;
using Shithub.Actions.Runner.Jobs;
using Shithub.Actions.Runner.Network;
using Shithub.Actions.Runner.Sandbox;

namespace Shithub.Actions.Runner.Pods;

/// <summary>
/// A started container that holds what a job's must, at its place on the network, before anything of a job is in it. Disposing it kills and
/// removes it.
/// </summary>
internal sealed class PreparedContainer : IAsyncDisposable
{
    private PreparedContainer(ReadyContainer ready, NetworkPlace? place, bool isApart) => (Ready, Place, IsApart) = (ready, place, isApart);

    public ReadyContainer Ready { get; }

    /// <summary>Null where the network has no fence.</summary>
    public NetworkPlace? Place { get; }

    /// <summary>On a network without a fence: other containers are out of reach all the same.</summary>
    public bool IsApart { get; }

    /// <exception cref="NetworkFenceException">Its port can't be isolated.</exception>
    /// <exception cref="SandboxException">The fence has holes.</exception>
    /// <exception cref="EngineException">The engine can't be reached, or does not make this container.</exception>
    public static async Task<PreparedContainer> StartAsync(
        RunnerContext runner, string name, JobWorkspace workspace, CreateContainerRequest request, CancellationToken cancellationToken)
    {
        var ready = await ReadyContainer.StartAsync(runner.Engine, runner.Spec, name, workspace.Mount, request, cancellationToken);
        try
        {
            return runner.Network is { } guard
                ? new PreparedContainer(ready, await NetworkPlace.TakeAsync(guard.Plan, ready.Origin, cancellationToken), false)
                : new PreparedContainer(
                    ready, null, await BridgePorts.IsolateAsync(runner.Engine, runner.Spec.Settings.Network, cancellationToken));
        }
        catch
        {
            await ready.Container.DisposeAsync();
            throw;
        }
    }

    public ValueTask DisposeAsync()
    {
        Place?.Dispose();
        return Ready.Container.DisposeAsync();
    }
}
