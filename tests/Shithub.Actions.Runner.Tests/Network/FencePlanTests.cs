using System.Net;
using Shithub.Actions.Runner.Network;
using Xunit;

namespace Shithub.Actions.Runner.Tests.Network;

public sealed class FencePlanTests
{
    private static readonly FencePlan Plan = new(
        "shithub-actions", IPAddress.Parse("172.30.0.1"), 24, ["*.example.org", "example.net", "deep.example.org"], ["192.0.2.53"], [],
        TimeSpan.FromMinutes(10));

    [Theory]
    [InlineData("shithub-actions", "shithub-actions")]
    [InlineData("a-name-that-is-too-long-for-linux", "shb-")]
    [InlineData("with.dot", "shb-")]
    public void The_bridge_has_the_networks_name_where_it_can(string network, string bridge)
    {
        var plan = new FencePlan(network, Plan.Address, 24, [], [], [], Plan.AddressTtl);
        Assert.StartsWith(bridge, plan.Bridge, StringComparison.Ordinal);
        Assert.InRange(plan.Bridge.Length, 1, 15);
        Assert.InRange(plan.Keeper.Length, 1, 15);
    }

    [Theory]
    [InlineData("172.30.0.1", 24, "172.30.0.0/24")]
    [InlineData("10.9.200.129", 26, "10.9.200.128/26")]
    [InlineData("10.9.200.129", 17, "10.9.128.0/17")]
    public void The_subnet_follows_from_the_bridges_address(string address, int prefix, string subnet) =>
        Assert.Equal(subnet, (Plan with { Address = IPAddress.Parse(address), PrefixLength = prefix }).Subnet);

    [Fact]
    public void The_resolver_knows_exact_names_without_what_is_below_them_and_patterns_without_the_name_itself()
    {
        var lines = ResolverConfiguration.OfAll(Plan).Render().Split('\n');

        Assert.Contains("server=/*.example.org/192.0.2.53", lines);
        Assert.Contains("nftset=/example.org/4#inet#shithub_shithub_actions#seen", lines);
        Assert.Contains("server=/example.net/192.0.2.53", lines);
        Assert.Contains("address=/*.example.net/", lines);

        // The pattern of the list covers what is below this one.
        Assert.DoesNotContain("address=/*.deep.example.org/", lines);
        Assert.Contains("address=/#/", lines);
        Assert.Contains("stop-dns-rebind", lines);
    }

    [Fact]
    public void Private_ranges_are_closed_unless_the_operator_names_them()
    {
        Assert.DoesNotContain("ip daddr != {", FirewallRules.Table(Plan), StringComparison.Ordinal);
        Assert.Contains(
            "10.0.0.0/8, 100.64.0.0/10, 127.0.0.0/8", FirewallRules.Table(Plan), StringComparison.Ordinal);
        var open = Plan with { PrivateRanges = ["10.20.0.0/16"] };
        Assert.Contains("} ip daddr != { 10.20.0.0/16 } goto refuse", FirewallRules.Table(open), StringComparison.Ordinal);
        Assert.DoesNotContain("stop-dns-rebind", ResolverConfiguration.OfAll(open).Render(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("delete table inet t", true)]
    [InlineData("delete chain inet t forward", true)]
    [InlineData("delete rule inet t forward handle 8", true)]
    [InlineData("delete element inet t seen { 192.0.2.1 }", false)]
    [InlineData("add element inet t seen { 192.0.2.1 }", false)]
    [InlineData("delete table inet t_10_0_0_5", false)]
    [InlineData("delete table ip t", false)]
    [InlineData("# new generation 3 by process 11551 (nft)", false)]
    public void The_kernels_news_are_read(string line, bool isLoss) => Assert.Equal(isLoss, FenceWatch.IsLoss(line, "t"));
}
