using Shithub.Actions.Runner.Engine;
using Shithub.Actions.Runner.Network;
using Shithub.Actions.Testing;
using Xunit;

namespace Shithub.Actions.Runner.Tests.Engine;

public sealed class NetworkNameTests
{
    [Fact]
    public async Task Runners_that_start_at_once_make_one_network_of_a_name()
    {
        var cancellation = TestContext.Current.CancellationToken;
        var docker = await DockerFixture.GetAsync(cancellation);
        var name = $"st{Guid.NewGuid().ToString("N")[..8]}";
        var clients = Enumerable.Range(0, 8).Select(_ => new EngineClient(docker.Socket)).ToList();
        foreach (var client in clients) await client.VersionAsync(cancellation);

        await Task.WhenAll(clients.Select(client => Task.Run(
            () => client.EnsureNetworkAsync(name, new Dictionary<string, string> { ["shithub.network"] = "steps" }, cancellation), cancellation)));

        var listed = await HostProgram.RunAsync(
            "curl", cancellation, "--silent", "--unix-socket", docker.Socket, $"http://docker/networks?filters=%7B%22name%22%3A%5B%22{name}%22%5D%7D");
        Assert.Equal(2, listed.Split($"\"Name\":\"{name}\"").Length);
        await clients[0].RemoveNetworkAsync(name, cancellation);
        clients.ForEach(client => client.Dispose());
    }
}
