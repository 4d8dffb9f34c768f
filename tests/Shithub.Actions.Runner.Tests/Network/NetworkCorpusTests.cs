using System.Net;
using System.Net.Sockets;
using Shithub.Actions.Runner.Network;
using Shithub.Actions.Runner.Sandbox;
using Shithub.Actions.Runner.Tests.Fake;
using Xunit;

namespace Shithub.Actions.Runner.Tests.Network;

public sealed class PodmanNetworkCorpusTests(FencedPodman fenced) : NetworkCorpusTests(fenced), IClassFixture<FencedPodman>;

public sealed class DockerNetworkCorpusTests(FencedDocker fenced) : NetworkCorpusTests(fenced), IClassFixture<FencedDocker>;

/// <summary>What a container reaches, tried with sockets of its network.</summary>
public abstract class NetworkCorpusTests(FencedEngine fenced) : IAsyncLifetime
{
    private JobContainer _container = null!;
    private ContainerNetwork _inside = null!;
    private string _address = "";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private Internet Internet => fenced.Internet;

    public async ValueTask InitializeAsync() => (_container, _inside, _address) = await fenced.StartAsync();

    public async ValueTask DisposeAsync()
    {
        _inside.Dispose();
        await _container.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    [Fact]
    public async Task A_name_on_the_list_opens_its_address_over_tcp_and_udp_and_a_direct_address_stays_closed()
    {
        Assert.False(await TcpAsync(Internet.Other, 80));
        Assert.Equal(1, await AskAsync("other.test"));
        Assert.True(await TcpAsync(Internet.Other, 80));
        Assert.True(await TcpAsync(Internet.Other, 443));
        Assert.NotNull(await _inside.AskAsync(new IPEndPoint(Internet.Other, 5300), "allowed.test", ProtocolType.Udp, Cancellation));
        Assert.Equal(1, await AskAsync("a.b.wild.test"));
        Assert.True(await TcpAsync(Internet.Wild, 80));
    }

    [Theory]
    [InlineData("denied.test")]
    [InlineData("sub.allowed.test")]
    [InlineData("wild.test")]
    [InlineData("notwild.test")]
    [InlineData("allowed.test.denied.test")]
    [InlineData("localhost")]
    public async Task A_name_on_no_list_does_not_exist(string name)
    {
        Assert.Equal(3, (await _inside.AskAsync(fenced.Resolver, name, ProtocolType.Udp, Cancellation))?.Code);
        Assert.Equal(3, (await _inside.AskAsync(fenced.Resolver, name, ProtocolType.Tcp, Cancellation))?.Code);
    }

    [Fact]
    public async Task Direct_addresses_other_resolvers_and_dns_over_tls_and_https_are_refused_at_once_and_noted()
    {
        var started = TimeProvider.System.GetTimestamp();
        Assert.False(await TcpAsync(Internet.Denied, 80));
        Assert.False(await TcpAsync(Internet.Resolver, 443));
        Assert.Null(await _inside.AskAsync(new IPEndPoint(Internet.Denied, 5300), "allowed.test", ProtocolType.Udp, Cancellation));
        foreach (var protocol in (ProtocolType[])[ProtocolType.Udp, ProtocolType.Tcp])
            Assert.Null(await _inside.AskAsync(new IPEndPoint(Internet.Resolver, 53), "denied.test", protocol, Cancellation));

        // An address that is open for other things is no resolver either.
        Assert.Equal(1, await AskAsync("allowed.test"));
        Assert.Null(await _inside.AskAsync(new IPEndPoint(Internet.Allowed, 53), "denied.test", ProtocolType.Udp, Cancellation));
        Assert.False(await TcpAsync(Internet.Allowed, 853));
        Assert.DoesNotContain(Internet.Denied, Internet.Arrivals);
        Assert.DoesNotContain(Internet.Resolver, Internet.Arrivals);

        var noted = (await BlockedTraffic.ReadAsync(
                _address, [fenced.Fence.Plan.Table], "/dev/null", 0, TimeProvider.System.GetElapsedTime(started), Cancellation))
            .Select(refusal => refusal.Target).ToList();
        Assert.Contains($"{Internet.Denied}:80", noted);
        Assert.Contains($"{Internet.Denied}:5300/udp", noted);
        Assert.Contains($"{Internet.Resolver}:53", noted);
        Assert.Contains($"{Internet.Resolver}:53/udp", noted);
        Assert.Contains($"{Internet.Resolver}:443", noted);
    }

    [Theory]
    [InlineData("loopback.test", "127.0.0.1")]
    [InlineData("private.test", "10.1.2.3")]
    [InlineData("metadata.test", "169.254.169.254")]
    [InlineData("bridge.test", "")]
    public async Task A_name_on_the_list_that_stands_for_a_private_address_stands_for_nothing(string name, string address)
    {
        Assert.Equal(0, await AskAsync(name));
        Assert.False(await TcpAsync(address.Length == 0 ? fenced.Fence.Plan.Address : IPAddress.Parse(address), 80));
    }

    [Fact]
    public async Task A_name_that_stands_for_a_public_and_a_private_address_opens_neither()
    {
        Assert.Equal(0, await AskAsync("mixed.test"));
        Assert.False(await TcpAsync(Internet.Denied, 80));
        Assert.False(await TcpAsync(IPAddress.Parse("10.1.2.3"), 80));
    }

    [Fact]
    public async Task A_name_that_turns_to_another_address_opens_that_and_one_that_turns_to_this_host_or_a_private_one_opens_nothing()
    {
        Assert.Equal(1, await AskAsync("turning.test"));
        Assert.True(await TcpAsync(Internet.Wild, 80));
        try
        {
            await Internet.TurnAsync(IPAddress.Parse("10.1.2.3"));
            Assert.Equal(0, await AskAsync("turning.test"));
            Assert.False(await TcpAsync(IPAddress.Parse("10.1.2.3"), 80));

            using var host = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            host.Bind(new IPEndPoint(IPAddress.Any, 0));
            host.Listen();
            await Internet.TurnAsync(Internet.Host);
            Assert.Equal(1, await AskAsync("turning.test"));
            Assert.False(await TcpAsync(Internet.Host, Port(host)));

            await Internet.TurnAsync(Internet.Denied);
            Assert.Equal(1, await AskAsync("turning.test"));
            Assert.True(await TcpAsync(Internet.Denied, 80));

            // The old one is no longer anybody's, and closes.
            await Eventually.BecomesAsync(false, () => TcpAsync(Internet.Wild, 80));
        }
        finally
        {
            await Internet.TurnAsync(Internet.Wild);
            await Eventually.BecomesAsync(false, () => TcpAsync(Internet.Denied, 80));
            Internet.Arrivals.Clear();
        }
    }

    [Fact]
    public async Task This_host_and_its_control_server_are_closed_by_every_address_of_theirs()
    {
        using var server = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        server.Bind(new IPEndPoint(IPAddress.Any, 0));
        server.Listen();
        var port = ((IPEndPoint)server.LocalEndPoint!).Port;

        Assert.False(await TcpAsync(fenced.Fence.Plan.Address, port));
        Assert.False(await TcpAsync(Internet.Host, port));

        // A name that stands for this host's address in the world.
        Assert.Equal(1, await AskAsync("host.test"));
        Assert.False(await TcpAsync(Internet.Host, port));
    }

    [Fact]
    public async Task A_container_beside_it_is_out_of_reach_both_ways()
    {
        var (container, beside, address) = await fenced.StartAsync();
        await using (container)
        using (beside)
        {
            using var there = await beside.ListenAsync();
            using var here = await _inside.ListenAsync();
            Assert.False(await _inside.ConnectsAsync(new IPEndPoint(IPAddress.Parse(address), Port(there)), Cancellation));
            Assert.False(await beside.ConnectsAsync(new IPEndPoint(IPAddress.Parse(_address), Port(here)), Cancellation));
        }
    }

    [Fact]
    public async Task Ipv6_leads_nowhere_and_names_have_no_addresses_in_it()
    {
        Assert.False(await _inside.ConnectsAsync(new IPEndPoint(IPAddress.Parse("2001:db8::10"), 80), Cancellation));
        var (_, output) = await _container.ExecShortAsync(["sh", "-c", "getent ahostsv6 allowed.test | grep -v ::ffff: || echo none"], Cancellation);
        Assert.Equal("none", output.Trim());
    }

    [Fact]
    public async Task An_address_that_was_not_resolved_for_its_time_closes_to_new_connections_and_keeps_the_old_one()
    {
        Assert.Equal(1, await AskAsync("allowed.test"));
        using var old = await _inside.ConnectAsync(new IPEndPoint(Internet.Allowed, 80), Cancellation);
        Assert.NotNull(old);
        await Eventually.BecomesAsync(false, () => TcpAsync(Internet.Allowed, 80));

        await old.SendAsync("still here"u8.ToArray(), Cancellation);
        var heard = "";
        var buffer = new byte[100];
        while (!heard.EndsWith("still here", StringComparison.Ordinal))
            heard += System.Text.Encoding.ASCII.GetString(buffer, 0, await old.ReceiveAsync(buffer, Cancellation));
        Assert.Equal(1, await AskAsync("allowed.test"));
        Assert.True(await TcpAsync(Internet.Allowed, 80));
    }

    [Fact]
    public async Task A_changed_list_reaches_a_running_container_and_a_removed_name_closes_at_once()
    {
        Assert.Equal(1, await AskAsync("allowed.test"));
        Assert.True(await TcpAsync(Internet.Allowed, 80));
        var other = new NetworkFence(fenced.Fence.Plan with { Names = ["denied.test"] });
        await other.UpAsync(fenced.Engine, Cancellation);
        try
        {
            Assert.False(await TcpAsync(Internet.Allowed, 80));
            Assert.Equal(1, await AskAsync("denied.test"));
            Assert.True(await TcpAsync(Internet.Denied, 80));
            Assert.Null(await FenceState.ProblemAsync(other, Cancellation));
        }
        finally
        {
            await fenced.Fence.UpAsync(fenced.Engine, Cancellation);
            Internet.Arrivals.Clear();
        }
    }

    [Fact]
    public async Task Making_it_a_second_time_changes_nothing()
    {
        var before = (await RulesAsync(), ResolverProcess());
        await fenced.Fence.UpAsync(fenced.Engine, Cancellation);
        Assert.Equal(before, (await RulesAsync(), ResolverProcess()));
        Assert.Null(await FenceState.ProblemAsync(fenced.Fence, Cancellation));

        int? ResolverProcess() => new Resolver(ResolverConfiguration.OfAll(fenced.Fence.Plan)).FindPid();
    }

    private async Task<string> RulesAsync() =>
        await HostProgram.RunAsync("nft", Cancellation, "--handle", "--terse", "--stateless", "list", "table", "inet", fenced.Fence.Plan.Table)
        + await HostProgram.RunAsync("ip", Cancellation, "rule", "show");

    private static int Port(Socket listener) => ((IPEndPoint)listener.LocalEndPoint!).Port;

    private Task<bool> TcpAsync(IPAddress address, int port) => _inside.ConnectsAsync(new IPEndPoint(address, port), Cancellation);

    /// <returns>How many records the answer has.</returns>
    private async Task<int?> AskAsync(string name) => (await _inside.AskAsync(fenced.Resolver, name, ProtocolType.Udp, Cancellation))?.Records;
}
