using Shithub.Actions.Runner.Network;
using Xunit;

namespace Shithub.Actions.Runner.Tests.Network;

public sealed class BlockedTrafficTests
{
    [Fact]
    public void Names_that_a_container_was_refused_are_read_from_the_resolvers_log()
    {
        string[] log =
        [
            "Nov 26 00:17:10 dnsmasq[1]: 5 10.0.0.5/54149 query[A] evil.com from 10.0.0.5",
            "Nov 26 00:17:10 dnsmasq[1]: 5 10.0.0.5/54149 config Evil.com is NXDOMAIN",
            "Nov 26 00:17:10 dnsmasq[1]: 6 10.0.0.50/54149 config others.com is NXDOMAIN",
            "Nov 26 00:17:10 dnsmasq[1]: 7 10.0.0.5/54149 config a\\b;c is NXDOMAIN",
            "Nov 26 00:17:10 dnsmasq[1]: 8 10.0.0.5/54149 reply allowed.com is 192.0.2.1",
            $"Nov 26 00:17:10 dnsmasq[1]: 9 10.0.0.5/54149 config {ResolverConfiguration.NeverAllowed} is NXDOMAIN",
        ];

        Assert.Equal([new Refusal("evil.com:*", "evil.com")], BlockedTraffic.Names("10.0.0.5", log));
    }

    [Fact]
    public void Addresses_are_those_of_this_container_in_its_own_time()
    {
        const string Listing = """
            {"nftables": [{"metainfo": {"version": "1.0.6"}}, {"set": {"family": "inet", "name": "blocked", "elem": [
              {"elem": {"val": {"concat": ["10.0.0.5", "192.0.2.1", "tcp", 443]}, "timeout": 21600, "expires": 21595}},
              {"elem": {"val": {"concat": ["10.0.0.5", "192.0.2.2", "udp", 53]}, "timeout": 21600, "expires": 21595}},
              {"elem": {"val": {"concat": ["10.0.0.5", "192.0.2.3", "tcp", 80]}, "timeout": 21600, "expires": 20000}},
              {"elem": {"val": {"concat": ["10.0.0.6", "192.0.2.4", "tcp", 80]}, "timeout": 21600, "expires": 21595}}]}}]}
            """;

        var found = BlockedTraffic.Addresses("10.0.0.5", Listing, TimeSpan.FromSeconds(10));
        Assert.Equal(["192.0.2.1:443", "192.0.2.2:53/udp"], found.Select(refusal => refusal.Target));
    }

    [Fact]
    public void The_log_says_where_a_refused_name_would_have_to_stand()
    {
        Refusal[] refusals = [new("a.test:*", "a.test"), new("b.test:*", "b.test"), new("192.0.2.1:80", null)];

        Assert.Equal(
            [
                "Blocked: a.test:*",
                "Blocked: b.test:*",
                "Blocked: 192.0.2.1:80",
                "To allow it, in the workflow: permissions: { network: [ …, \"b.test\" ] }",
                "To allow it, in this runner's settings: network_allowlist = [ …, \"a.test\" ]",
                "Addresses can't be allowed: use a name of the allowlist, and the addresses that the job's resolver gives for it.",
            ],
            JobNetwork.Lines(refusals, ["b.test"]));
        Assert.Empty(JobNetwork.Lines([], ["b.test"]));
    }
}
