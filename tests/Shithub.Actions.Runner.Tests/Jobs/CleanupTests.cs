using System.Text.Json;
using Shithub.Actions.Runner.Tests.Fake;
using Shithub.Actions.Testing;
using Xunit;

namespace Shithub.Actions.Runner.Tests.Jobs;

/// <summary>What goes on between two jobs of one slot.</summary>
public sealed class CleanupTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_next_job_runs_while_the_last_ones_container_is_removed_and_removals_do_not_pile_up()
    {
        var podman = await PodmanFixture.GetAsync(Cancellation);
        using var engine = new SlowEngine(podman.Socket, Path.Combine(podman.Folder, "slow.sock"), "DELETE /containers/");
        await using var server = await FakeServer.StartAsync();

        // Its own start removes containers of trials.
        engine.LetPass();
        await using var runner = await RunningRunner.StartAsync(server, ("engine.socket", engine.Socket), ("engine.kind", "podman"));
        Assert.Equal("success", await server.Enqueue("echo first").ConclusionAsync());
        await Eventually.BecomesAsync("", runner.ContainersAsync);
        engine.KeepBack();

        var (one, two) = (server.Enqueue("echo one"), server.Enqueue("echo two"));
        Assert.Equal("success", await one.ConclusionAsync());
        Assert.Equal("success", await two.ConclusionAsync());
        await Eventually.BecomesAsync(2, () => Task.FromResult(engine.Kept));
        var three = server.Enqueue("echo three");
        Assert.Null(three.ClaimId);
        Assert.Equal(2, (await runner.ContainersAsync()).Split(' ').Length);

        engine.LetPass();
        Assert.Equal("success", await three.ConclusionAsync());
        await Eventually.BecomesAsync("", runner.ContainersAsync);
    }

    [Fact]
    public async Task A_job_begins_when_no_process_of_the_last_one_is_left()
    {
        var podman = await PodmanFixture.GetAsync(Cancellation);
        using var engine = new SlowEngine(podman.Socket, Path.Combine(podman.Folder, "kill.sock"), "POST /containers/", "/kill");
        await using var server = await FakeServer.StartAsync();
        engine.LetPass();
        await using var runner = await RunningRunner.StartAsync(server, ("engine.socket", engine.Socket), ("engine.kind", "podman"));
        Assert.Equal("success", await server.Enqueue("echo first").ConclusionAsync());
        await Eventually.BecomesAsync("", runner.ContainersAsync);
        engine.KeepBack();

        // Its own container is killed without the engine; its service's is not.
        var one = server.Enqueue(
            job => job with { Services = JsonDocument.Parse($$$"""{"left":{"image":"{{{PodmanFixture.Image}}}","entrypoint":"sleep","command":"1000"}}""").RootElement },
            FakeServer.Script("echo one"));
        Assert.Equal("success", await one.ConclusionAsync());
        await Eventually.BecomesAsync(1, () => Task.FromResult(engine.Kept));
        var two = server.Enqueue("echo two");
        await Eventually.BecomesAsync(true, () => Task.FromResult(two.ClaimId is not null));
        Assert.Equal(2, (await runner.ContainersAsync()).Split(' ').Length);
        Assert.Equal("queued", two.Step(0));

        engine.LetPass();
        Assert.Equal("success", await two.ConclusionAsync());
    }
}
