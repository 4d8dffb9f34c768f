using System.Globalization;
using Shithub.Actions.Runner.Engine;

namespace Shithub.Actions.Runner.Sandbox;

/// <summary>A container whose fence was looked at from inside and holds.</summary>
internal sealed record ReadyContainer(JobContainer Container, ContainerOrigin Origin, Fence Fence)
{
    /// <summary>A container with nothing but the default image.</summary>
    public static Task<ReadyContainer> StartAsync(
        EngineClient engine, ContainerSpec spec, string mountSource, string runner, long jobId, int attempt, CancellationToken cancellationToken) =>
        StartAsync(engine, spec, NewName(jobId, attempt), mountSource, spec.ToRequest(mountSource, runner, jobId, attempt), cancellationToken);

    /// <param name="mountSource">The request's, on the host.</param>
    /// <exception cref="SandboxException">The fence has holes, or the container ended.</exception>
    /// <exception cref="EngineException">The engine did not start the container.</exception>
    public static async Task<ReadyContainer> StartAsync(
        EngineClient engine, ContainerSpec spec, string name, string mountSource, CreateContainerRequest request, CancellationToken cancellationToken)
    {
        using var look = FirstLook.Prepare(mountSource);
        var first = FirstScript.Prepare(mountSource);
        JobContainer? container = null;
        try
        {
            container = await JobContainer.StartAsync(engine, spec, name, request, cancellationToken);
            var origin = await container.FindAsync(cancellationToken);
            var fence = Fence.Read(await look.ReadAsync(cancellationToken), spec.Settings);
            if (fence.Holes.Count > 0) throw new SandboxException($"the container's fence does not hold: {string.Join("; ", fence.Holes)}.");
            if (fence.StartsFirstScript) container.Connect(first);
            else await first.DisposeAsync();
            return new ReadyContainer(container, origin, fence);
        }
        catch
        {
            if (container is not null) await container.DisposeAsync();
            await first.DisposeAsync();
            throw;
        }
    }

    /// <summary>A name that no other container has, for people who look at the engine.</summary>
    public static string NewName(long jobId, int attempt) => NewName(string.Create(CultureInfo.InvariantCulture, $"{jobId}-{attempt}"));

    /// <param name="what">Whom it is for.</param>
    public static string NewName(string what) => $"shithub-{what}-{Guid.NewGuid().ToString("N")[..8]}";
}
