using Shithub.Actions.Runner.Engine;
using Shithub.Actions.Runner.Network;
using Shithub.Actions.Runner.Sandbox;
using Shithub.Actions.Runner.Tests.Fake;
using Shithub.Actions.Runner.Tests.Network;
using Xunit;

namespace Shithub.Actions.Runner.Tests.Warm;

public sealed class PodmanWarmFencedTests(FencedPodman fenced) : WarmFencedTests(fenced), IClassFixture<FencedPodman>;

public sealed class DockerWarmFencedTests(FencedDocker fenced) : WarmFencedTests(fenced), IClassFixture<FencedDocker>;

/// <summary>Containers that wait behind the network's fence.</summary>
public abstract class WarmFencedTests(FencedEngine fenced)
{
    private const string Reach = "reach() { timeout 5 bash -c \"exec 3<>/dev/tcp/$1/80 && head -n 1 <&3\" 2>/dev/null || echo refused; }; ";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_job_in_a_container_that_waited_sees_the_list_alone_and_one_from_before_a_loss_is_not_used()
    {
        await using var server = await FakeServer.StartAsync();
        await using var runner = await StartAsync(server);
        var waiting = await WaitingAsync("");
        var job = server.Enqueue($"echo ${{{{ job.container.id }}}}; {Reach} reach allowed.test; reach denied.test");
        Assert.Equal("success", await job.ConclusionAsync());
        Assert.Equal($"{waiting}\nhello\nrefused\n", job.Log(0));
        Assert.Contains("Fence: of the network, the 10 names of the allowlist", job.Log(null), StringComparison.Ordinal);
        Assert.Contains("Blocked: denied.test:*\n", job.Log(null), StringComparison.Ordinal);

        var before = await WaitingAsync(waiting);
        await HostProgram.RunAsync("nft", Cancellation, "delete", "table", "inet", fenced.Fence.Plan.Table);
        await Eventually.BecomesAsync(false, async () => (await NamesAsync()).Contains(before));

        // A new one is made when the fence is, and holds.
        await WaitingAsync(before);
        var next = server.Enqueue($"{Reach} reach allowed.test; reach {fenced.Internet.Denied}");
        Assert.Equal("success", await next.ConclusionAsync());
        Assert.Equal("hello\nrefused\n", next.Log(0));
    }

    private async Task<string> WaitingAsync(string but)
    {
        string? found = null;
        await Eventually.BecomesAsync(true, async () => (found = (await NamesAsync()).FirstOrDefault(name =>
            name.StartsWith("shithub-warm-", StringComparison.Ordinal) && name != but)) is not null);
        return found!;
    }

    private async Task<IReadOnlyList<string>> NamesAsync()
    {
        using var engine = new EngineClient(fenced.Settings.Engine.Socket!);
        var containers = await engine.ListContainersAsync(ContainerSpec.RunnerLabel, fenced.Settings.Runner.WorkspaceRoot, Cancellation);
        return [.. containers.Select(container => container.Names![0].TrimStart('/'))];
    }

    private Task<RunningRunner> StartAsync(FakeServer server) =>
        RunningRunner.StartAsync(server, [("engine.warm", "1"), .. fenced.Options]);
}
