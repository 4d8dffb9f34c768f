using System.CommandLine;
using System.Text.Json;
using Shithub.Actions.Runner.Commands;
using Shithub.Actions.Runner.Network;
using Shithub.Actions.Testing;
using Xunit;

namespace Shithub.Actions.Runner.Tests.Network;

public sealed class NetworkCommandTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_operator_makes_the_fence_looks_at_it_proves_it_and_removes_it_without_a_trace()
    {
        var podman = await PodmanFixture.GetAsync(Cancellation);
        var network = $"sn{Guid.NewGuid().ToString("N")[..8]}";
        var config = Path.Combine(podman.Folder, $"{network}.toml");
        await File.WriteAllTextAsync(
            config,
            $"""
            [runner]
            workspace_root = "{podman.NewWorkspaceRoot()}"
            network_allowlist = ["github.com"]
            network_subnet = "{TestSubnets.Next("10.214")}.1/24"
            upstream_dns = ["127.0.0.1#5399"]
            [engine]
            kind = "podman"
            socket = "{podman.Socket}"
            default_image = "{PodmanFixture.Image}"
            network = "{network}"
            memory = "256m"
            """,
            Cancellation);
        try
        {
            var (code, text, _) = await RunAsync("network", "render", "--config", config);
            Assert.Equal(0, code);
            Assert.Contains($"table inet shithub_{network} {{", text, StringComparison.Ordinal);
            Assert.Contains("server=/github.com/127.0.0.1#5399", text, StringComparison.Ordinal);
            (code, text, _) = await RunAsync("network", "status", "--config", config);
            Assert.Equal(2, code);
            Assert.Contains("FAILS  firewall", text, StringComparison.Ordinal);
            (code, text, _) = await RunAsync("doctor", "--config", config);
            Assert.Equal(2, code);
            Assert.Contains("'shithubd-runner network up' makes", text, StringComparison.Ordinal);

            for (var times = 0; times < 2; times++)
            {
                (code, text, var error) = await RunAsync("network", "up", "--config", config);
                Assert.Equal((0, ""), (code, error));
                Assert.Contains($"The network {network} is fenced", text, StringComparison.Ordinal);
            }

            (code, text, _) = await RunAsync("network", "status", "--config", config, "--output", "json");
            Assert.Equal(0, code);
            Assert.True(JsonDocument.Parse(text).RootElement.GetProperty("holds").GetBoolean());
            (code, text, _) = await RunAsync("doctor", "--config", config);
            Assert.True(code == 0, text);
            foreach (var what in (string[])["other resolvers", "metadata address", "IPv6", "this host", "other jobs", "no-new-privileges"])
                Assert.Contains(what, text, StringComparison.Ordinal);
        }
        finally
        {
            var (code, _, error) = await RunAsync("network", "down", "--config", config);
            Assert.Equal((0, ""), (code, error));
        }

        Assert.DoesNotContain(network, await HostProgram.RunAsync("nft", Cancellation, "list", "tables"), StringComparison.Ordinal);
        Assert.DoesNotContain(network, await HostProgram.RunAsync("ip", Cancellation, "rule", "show"), StringComparison.Ordinal);
        Assert.DoesNotContain(network, await HostProgram.RunAsync("ip", Cancellation, "link", "show"), StringComparison.Ordinal);
        Assert.DoesNotContain(network, await podman.PodmanAsync("network", "ls"), StringComparison.Ordinal);
        Assert.False(Directory.Exists($"/run/shithubd-runner/{network}"));
    }

    [Fact]
    public async Task Settings_without_a_fence_have_nothing_to_make()
    {
        var (code, _, error) = await RunAsync("network", "up", "--config", "/dev/null", "--network", "none");
        Assert.Equal(1, code);
        Assert.Contains("want no fence", error, StringComparison.Ordinal);
    }

    private static async Task<(int Code, string Output, string Error)> RunAsync(params string[] arguments)
    {
        var (output, error) = (new StringWriter(), new StringWriter());
        var root = new RootCommand { NetworkCommand.Create(), DoctorCommand.Create() };
        var code = await root.Parse(arguments).InvokeAsync(new InvocationConfiguration { Output = output, Error = error }, Cancellation);
        return (code, output.ToString(), error.ToString());
    }
}
