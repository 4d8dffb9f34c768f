using System.Net;
using System.Net.Sockets;
using Shithub.Actions.Runner.Engine;
using Shithub.Actions.Runner.Sandbox;

namespace Shithub.Actions.Runner.Network;

/// <summary>
/// A container's place on the fenced network: an address on the bridge and a port that reaches no other container. It is taken before a job
/// is in the container, and what an earlier container with the address was narrowed to is forgotten.
/// </summary>
internal sealed class NetworkPlace : IDisposable
{
    private readonly ContainerNetwork _inside;

    private NetworkPlace(string address, ContainerNetwork inside) => (Address, _inside) = (address, inside);

    public string Address { get; }

    /// <param name="origin">The container's, on the plan's network.</param>
    /// <exception cref="NetworkFenceException">Its port can't be isolated.</exception>
    /// <exception cref="SandboxException">The container has ended.</exception>
    public static async Task<NetworkPlace> TakeAsync(FencePlan plan, ContainerOrigin origin, CancellationToken cancellationToken)
    {
        if (origin.Address is not { } address) throw new SandboxException("the job's container has no address on the network");
        var place = new NetworkPlace(address, ContainerNetwork.Of(origin.Pid));
        try
        {
            await IsolateAsync(plan.Bridge, cancellationToken);
            await NarrowedView.RemoveAsync(plan, address, cancellationToken);
            return place;
        }
        catch
        {
            place.Dispose();
            throw;
        }
    }

    /// <summary>Whether the resolver, asked from inside the container, says of a name that is on no list that it does not exist.</summary>
    public async Task<bool> AnswersAsync(FencePlan plan, CancellationToken cancellationToken)
    {
        var answer = await _inside.AskAsync(
            new IPEndPoint(plan.Address, 53), ResolverConfiguration.NeverAllowed, ProtocolType.Udp, cancellationToken);
        return answer is { Code: 3 or 5, Records: 0 };
    }

    public void Dispose() => _inside.Dispose();

    private static async Task IsolateAsync(string bridge, CancellationToken cancellationToken)
    {
        try
        {
            if (await BridgePorts.IsolateAsync(bridge, cancellationToken)) return;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new NetworkFenceException($"the ports of the bridge {bridge} can't be isolated, and jobs would reach each other: {e.Message}");
        }

        throw new NetworkFenceException($"the bridge {bridge} has no ports: the job's container is somewhere else");
    }
}
