using Shithub.Actions.Runner.Engine;
using Shithub.Actions.Runner.Sandbox;
using Shithub.Actions.Runner.Startup;
using Shithub.Actions.Runner.Tests.Fake;
using Shithub.Actions.Testing;
using Xunit;

namespace Shithub.Actions.Runner.Tests.Startup;

/// <summary>A real Podman without root: refused where it can't limit containers, and where its network can't be fenced.</summary>
public sealed class RootlessPodmanTests
{
    /// <summary>As on a host that mounts the controllers in the old way, beside the new hierarchy or without it.</summary>
    private static readonly bool HasLimits = File.Exists("/sys/fs/cgroup/cgroup.controllers");

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("on")]
    [InlineData("off")]
    public async Task It_is_refused_with_a_clear_word_that_the_server_hears_too(string fence)
    {
        // With limits and nothing to fence it would do.
        if (HasLimits) fence = "on";
        await using var podman = await RootlessPodman.StartAsync();
        await using var server = await FakeServer.StartAsync();
        await using var runner = await RunningRunner.StartAsync(server, Options(podman, fence));

        var refusal = await Assert.ThrowsAsync<RunnerException>(() => runner.Ended.WaitAsync(TimeSpan.FromSeconds(60), Cancellation));
        Assert.Equal(ExitCodes.Refused, refusal.ExitCode);
        Assert.Contains("runs without root", refusal.Message, StringComparison.Ordinal);
        Assert.Contains(
            HasLimits ? "where this runner's fence does not reach" : "can't limit memory, processes, processors (cgroup v1): it needs cgroup v2",
            refusal.Message, StringComparison.Ordinal);
        Assert.StartsWith("it does not start: Jobs can't run with this engine: Podman", Assert.Single(server.Heartbeats).NotClaiming, StringComparison.Ordinal);
        using var engine = new EngineClient(podman.Socket);
        Assert.Empty(await engine.ListContainersAsync(ContainerSpec.RunnerLabel, runner.WorkspaceRoot, Cancellation));
    }

    [Fact]
    public async Task The_doctor_says_it_too()
    {
        await using var podman = await RootlessPodman.StartAsync();
        var settings = RunningRunner.Settings(
            await PodmanFixture.GetAsync(Cancellation), new Uri("http://localhost/"), Options(podman, "on"));

        var facts = await Doctor.ExamineAsync(settings, Cancellation);
        var fact = Assert.Single(facts, fact => fact.What == "engine's limits");
        Assert.False(fact.Holds);
        Assert.Contains("runs without root", fact.Detail, StringComparison.Ordinal);
    }

    private static (string, string)[] Options(RootlessPodman podman, string fence) =>
    [
        ("engine.socket", podman.Socket), ("engine.kind", "podman"), ("engine.network_fence", fence), ("engine.network", fence == "on" ? "rootless" : "none"),
        ("engine.dns_servers", "172.30.0.1"),
    ];
}
