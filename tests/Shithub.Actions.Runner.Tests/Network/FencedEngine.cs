using System.Net;
using Shithub.Actions.Configuration;
using Shithub.Actions.Runner.Engine;
using Shithub.Actions.Runner.Network;
using Shithub.Actions.Runner.Sandbox;
using Shithub.Actions.Runner.Tests.Fake;
using Shithub.Actions.Testing;
using Xunit;

namespace Shithub.Actions.Runner.Tests.Network;

/// <summary>One engine with a fenced network of its own before a world of its own.</summary>
public abstract class FencedEngine(bool docker) : IAsyncLifetime
{
    internal const string List = "allowed.test,other.test,*.wild.test,host.test,loopback.test,private.test,bridge.test,metadata.test,mixed.test,turning.test";

    private readonly string _bridge = $"{TestSubnets.Next("10.213")}.1";
    private readonly List<JobContainer> _containers = [];

    internal bool IsDocker => docker;

    internal Internet Internet { get; private set; } = null!;

    internal RunnerSettings Settings { get; private set; } = null!;

    internal EngineClient Engine { get; private set; } = null!;

    internal NetworkFence Fence { get; private set; } = null!;

    internal IPEndPoint Resolver => new(Fence.Plan.Address, 53);

    /// <summary>The settings of a runner behind this fence.</summary>
    internal IReadOnlyList<(string Path, string Value)> Options =>
    [
        ("engine.kind", IsDocker ? "docker" : "podman"), ("engine.socket", Settings.Engine.Socket!),
        ("runner.workspace_root", Settings.Runner.WorkspaceRoot), ("engine.network", Settings.Engine.Network),
        ("engine.network_fence", "on"), ("engine.dns_servers", Settings.Engine.DnsServers[0]),
        ("runner.network_subnet", Settings.Runner.NetworkSubnet), ("runner.upstream_dns", string.Join(',', Settings.Runner.UpstreamDns!)),
        ("runner.network_allowlist", List), ("runner.network_address_ttl", "4s"),
    ];

    public async ValueTask InitializeAsync()
    {
        var podman = await PodmanFixture.GetAsync();
        Internet = await Internet.StartAsync(_bridge);
        var (socket, root) = (podman.Socket, podman.NewWorkspaceRoot());
        if (docker)
        {
            var daemon = await DockerFixture.GetAsync();
            (socket, root) = (daemon.Socket, daemon.NewWorkspaceRoot());
        }

        Settings = RunningRunner.Settings(podman, new Uri("http://localhost/"),
            ("engine.kind", docker ? "docker" : "podman"), ("engine.socket", socket), ("runner.workspace_root", root),
            ("engine.network", $"st{Guid.NewGuid().ToString("N")[..8]}"), ("engine.network_fence", "on"), ("engine.dns_servers", _bridge),
            ("runner.network_subnet", $"{_bridge}/24"), ("runner.upstream_dns", Internet.Resolver.ToString()),
            ("runner.network_allowlist", List), ("runner.network_address_ttl", "4s"));
        Engine = new EngineClient(socket);
        Fence = new NetworkFence(FencePlan.From(Settings));
        Directory.CreateDirectory(root);
        await Fence.UpAsync(Engine, CancellationToken.None);
    }

    /// <summary>A container as a job's; its network seen from inside.</summary>
    internal async Task<(JobContainer Container, ContainerNetwork Network, string Address)> StartAsync()
    {
        var spec = new ContainerSpec(Settings.Engine, null);
        var root = Settings.Runner.WorkspaceRoot;
        var container = await JobContainer.StartAsync(
            Engine, spec, ReadyContainer.NewName(1, 1), spec.ToRequest(root, root, 1, 1), TestContext.Current.CancellationToken);
        _containers.Add(container);
        await BridgePorts.IsolateAsync(Engine, Fence.Plan.Network, TestContext.Current.CancellationToken);
        var (pid, address, _) = await Engine.ContainerOriginAsync(container.Id, Fence.Plan.Network, TestContext.Current.CancellationToken);
        return (container, ContainerNetwork.Of(pid), address!);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var container in _containers) await container.DisposeAsync();
        await Fence.DownAsync(Engine, CancellationToken.None);
        Engine.Dispose();
        await Internet.DisposeAsync();
        GC.SuppressFinalize(this);
    }
}

public sealed class FencedPodman() : FencedEngine(docker: false);

public sealed class FencedDocker() : FencedEngine(docker: true);
