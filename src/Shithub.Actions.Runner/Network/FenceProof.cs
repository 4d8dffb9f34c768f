using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using Shithub.Actions.Runner.Engine;
using Shithub.Actions.Runner.Sandbox;

namespace Shithub.Actions.Runner.Network;

/// <summary>
/// Tries from inside a container, started as jobs' are, what a job must not be able to do. A refusal counts only if the firewall has noted it:
/// a machine without a way out would pass every other test.
/// </summary>
internal static class FenceProof
{
    // Addresses for documentation (RFC 5737, RFC 3849): nobody is there to be bothered if the fence should be open.
    private static readonly IPAddress Nobody = IPAddress.Parse("203.0.113.1");
    private static readonly IPAddress NobodyOfIpv6 = IPAddress.Parse("2001:db8::1");
    private static readonly IPAddress Metadata = IPAddress.Parse("169.254.169.254");

    /// <param name="container">Its network is on the bridge, and its port is isolated.</param>
    /// <param name="sibling">Another one.</param>
    /// <exception cref="SandboxException">A container ended too early.</exception>
    public static async Task<IReadOnlyList<FenceFact>> TryAsync(
        EngineClient engine, NetworkFence fence, JobContainer container, JobContainer sibling, CancellationToken cancellationToken)
    {
        var plan = fence.Plan;
        var started = TimeProvider.System.GetTimestamp();
        var (pid, address, _) = await engine.ContainerOriginAsync(container.Id, plan.Network, cancellationToken);
        var (siblingPid, siblingAddress, _) = await engine.ContainerOriginAsync(sibling.Id, plan.Network, cancellationToken);
        if (pid == 0 || siblingPid == 0 || address is null || siblingAddress is null)
            throw new SandboxException("the containers for the network's proof ended, or have no address");
        using var inside = ContainerNetwork.Of(pid);
        using var beside = ContainerNetwork.Of(siblingPid);
        using var siblingPort = await beside.ListenAsync();
        using var hostPort = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        hostPort.Bind(new IPEndPoint(IPAddress.Any, 0));
        hostPort.Listen();
        var port = ((IPEndPoint)hostPort.LocalEndPoint!).Port;
        var hosts = HostAddresses(plan).Select(host => new IPEndPoint(host, port)).ToList();
        var resolver = new IPEndPoint(plan.Address, 53);
        var other = new IPEndPoint(Nobody, 53);

        var refusedByUdp = inside.AskAsync(resolver, ResolverConfiguration.NeverAllowed, ProtocolType.Udp, cancellationToken);
        var refusedByTcp = inside.AskAsync(resolver, ResolverConfiguration.NeverAllowed, ProtocolType.Tcp, cancellationToken);
        var otherByUdp = inside.AskAsync(other, ResolverConfiguration.NeverAllowed, ProtocolType.Udp, cancellationToken);
        var otherByTcp = inside.AskAsync(other, ResolverConfiguration.NeverAllowed, ProtocolType.Tcp, cancellationToken);
        var direct = inside.ConnectsAsync(new IPEndPoint(Nobody, 443), cancellationToken);
        var metadata = inside.ConnectsAsync(new IPEndPoint(Metadata, 80), cancellationToken);
        var ipv6 = inside.ConnectsAsync(new IPEndPoint(NobodyOfIpv6, 443), cancellationToken);
        var toHosts = hosts.Select(host => inside.ConnectsAsync(host, cancellationToken)).ToList();
        var toSibling = inside.ConnectsAsync(
            new IPEndPoint(IPAddress.Parse(siblingAddress), ((IPEndPoint)siblingPort.LocalEndPoint!).Port), cancellationToken);
        await Task.WhenAll([refusedByUdp, refusedByTcp, otherByUdp, otherByTcp, direct, metadata, ipv6, toSibling, .. toHosts]);

        var noted = (await BlockedTraffic.ReadAsync(
                address, [plan.Table], "/dev/null", 0, TimeProvider.System.GetElapsedTime(started), cancellationToken))
            .Select(refusal => refusal.Target).ToHashSet();
        return
        [
            Fact("DNS over UDP", await refusedByUdp is { Code: 3 or 5, Records: 0 }, "a name on no list does not exist"),
            Fact("DNS over TCP", await refusedByTcp is { Code: 3 or 5, Records: 0 }, "a name on no list does not exist"),
            Fact(
                "other resolvers", await otherByUdp is null && await otherByTcp is null && noted.Contains($"{other}/udp") && noted.Contains($"{other}"),
                "refused over UDP and TCP"),
            Fact("direct addresses", !await direct && noted.Contains($"{Nobody}:443"), "refused"),
            Fact("metadata address", !await metadata && noted.Contains($"{Metadata}:80"), "refused"),
            Fact("IPv6", !await ipv6, "no way out"),
            Fact(
                "this host", toHosts.All(tried => !tried.Result) && hosts.All(host => noted.Contains(host.ToString())),
                $"ports of {string.Join(", ", hosts.Select(host => host.Address))} refused"),
            Fact("other jobs", !await toSibling, "out of reach"),
        ];

        static FenceFact Fact(string what, bool holds, string detail) => new(what, holds, holds ? detail : $"not {detail}");
    }

    /// <summary>The bridge's, and one more by which the host is known elsewhere.</summary>
    private static IEnumerable<IPAddress> HostAddresses(FencePlan plan)
    {
        yield return plan.Address;
        var others = NetworkInterface.GetAllNetworkInterfaces()
            .Where(face => face.OperationalStatus == OperationalStatus.Up && face.NetworkInterfaceType != NetworkInterfaceType.Loopback)
            .SelectMany(face => face.GetIPProperties().UnicastAddresses)
            .Select(address => address.Address)
            .Where(address => address.AddressFamily == AddressFamily.InterNetwork && !address.Equals(plan.Address));
        if (others.FirstOrDefault() is { } first) yield return first;
    }
}
