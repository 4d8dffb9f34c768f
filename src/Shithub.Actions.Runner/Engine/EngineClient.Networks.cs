using System.Net;
using System.Net.Http.Json;

namespace Shithub.Actions.Runner.Engine;

/// <summary>A bridge as the fence wants it.</summary>
/// <param name="Bridge">The interface on this host.</param>
/// <param name="Subnet">With its prefix.</param>
/// <param name="Gateway">The bridge's own address.</param>
internal sealed record BridgeNetwork(
    string Name, string Bridge, string Subnet, string Gateway, IReadOnlyDictionary<string, string> Labels);

/// <summary>The calls about fenced networks.</summary>
internal sealed partial class EngineClient
{
    /// <summary>A network's labels; null if it is not there.</summary>
    public async Task<IReadOnlyDictionary<string, string>?> NetworkLabelsAsync(string name, CancellationToken cancellationToken)
    {
        var path = $"networks/{Uri.EscapeDataString(name)}";
        if (!await _http.ExistsAsync(path, cancellationToken)) return null;
        return (await _http.GetAsync(path, EngineJson.Default.DockerNetwork, cancellationToken)).Labels ?? new Dictionary<string, string>();
    }

    /// <summary>Creates a bridge network with a fixed interface and subnet, without IPv6, a resolver, or a way between containers.</summary>
    public async Task CreateBridgeAsync(BridgeNetwork network, CancellationToken cancellationToken)
    {
        var version = await VersionAsync(cancellationToken);
        var (path, content) = version.IsPodman
            ? ("v4.0.0/libpod/networks/create", JsonContent.Create(
                new CreatePodmanNetworkRequest(network.Name, "bridge", false, network.Labels)
                {
                    Interface = network.Bridge,
                    Subnets = [new PodmanSubnet(network.Subnet, network.Gateway)],
                },
                EngineJson.Default.CreatePodmanNetworkRequest))
            : ("networks/create", JsonContent.Create(
                new CreateNetworkRequest(network.Name, "bridge", true, network.Labels)
                {
                    Options = new Dictionary<string, string>
                    {
                        ["com.docker.network.bridge.name"] = network.Bridge,
                        ["com.docker.network.bridge.enable_icc"] = "false",

                        // The fence does it, and stops doing it when it is gone.
                        ["com.docker.network.bridge.enable_ip_masquerade"] = "false",
                    },
                    Ipam = new DockerIpam([new DockerSubnet(network.Subnet, network.Gateway)]),
                },
                EngineJson.Default.CreateNetworkRequest));
        await _http.SendAsync(HttpMethod.Post, path, content, cancellationToken, HttpStatusCode.Conflict);
    }
}
