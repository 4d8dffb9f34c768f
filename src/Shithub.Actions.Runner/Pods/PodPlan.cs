using Shithub.Actions.Runner.Sandbox;
using Shithub.Actions.Workflows;

namespace Shithub.Actions.Runner.Pods;

/// <summary>
/// The containers of a job, checked before one is made: its own, and its services, which share its network address
/// (docs/decisions/0007-one-network-address-for-a-job.md).
/// </summary>
/// <param name="Job">Null: the runner's default image.</param>
internal sealed record PodPlan(PlannedContainer? Job, IReadOnlyList<PlannedContainer> Services)
{
    /// <summary>Each may use as much memory and as many processors as the job itself.</summary>
    private const int ServicesMax = 10;

    public IEnumerable<PlannedContainer> All => Job is null ? Services : [Job, .. Services];

    public static PodPlan Plain { get; } = new(null, []);

    /// <exception cref="SandboxException">They can't be had; the message is for the author.</exception>
    public static PodPlan Create(RequestedContainers request, ImagePolicy policy)
    {
        if (request.Services.Count > ServicesMax)
            throw new SandboxException($"The job asks for {request.Services.Count} services; it may have {ServicesMax}.");
        var plan = new PodPlan(
            request.Job is { } job ? PlannedContainer.Create(job, policy) : null,
            [.. request.Services.Select(service => PlannedContainer.Create(service, policy))]);
        plan.RefuseSharedPorts();
        return plan;
    }

    private void RefuseSharedPorts()
    {
        var listeners = new Dictionary<(int, string), string>();
        foreach (var service in Services)
        {
            foreach (var port in service.Ports)
            {
                if (!listeners.TryAdd((port.Container, port.Protocol), service.Name!) && listeners[(port.Container, port.Protocol)] is var other && other != service.Name)
                    throw Shared(port.Container, other, service.Name!);
            }
        }

        foreach (var service in Services)
        {
            foreach (var port in service.Ports.Where(port => port.Host != port.Container))
            {
                if (!listeners.TryAdd((port.Host, port.Protocol), service.Name!)) throw Shared(port.Host, listeners[(port.Host, port.Protocol)], service.Name!);
            }
        }

        static SandboxException Shared(int port, string one, string other) => new(
            $"The services '{one}' and '{other}' both use port {port}. All containers of a job share one network address here: let one of them "
            + "listen on another port, as its image's documentation says how.");
    }
}
