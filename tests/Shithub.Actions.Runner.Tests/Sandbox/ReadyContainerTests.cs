using Shithub.Actions.Runner.Engine;
using Shithub.Actions.Runner.Sandbox;
using Shithub.Actions.Runner.Tests.Fake;
using Shithub.Actions.Testing;
using Xunit;

namespace Shithub.Actions.Runner.Tests.Sandbox;

public sealed class ReadyContainerTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_container_whose_fence_has_a_hole_is_refused_and_removed()
    {
        var podman = await PodmanFixture.GetAsync(Cancellation);
        using var engine = new EngineClient(podman.Socket);
        var spec = Spec(podman) with { SeccompOption = "unconfined" };
        var root = podman.NewWorkspaceRoot();
        var mount = Directory.CreateDirectory(root).FullName;

        var refusal = await Assert.ThrowsAsync<SandboxException>(
            () => ReadyContainer.StartAsync(engine, spec, mount, root, 1, 1, Cancellation));
        Assert.Contains("no seccomp filter is in force", refusal.Message, StringComparison.Ordinal);
        Assert.Empty(await engine.ListContainersAsync(ContainerSpec.RunnerLabel, root, Cancellation));
    }

    [Theory]
    [InlineData("touch /etc/passwd", "cannot touch")]
    [InlineData("touch /new", "Read-only file system")]
    [InlineData("touch /github/new", "Permission denied")]
    [InlineData("mount -t tmpfs tmpfs /mnt", "must be superuser")]
    [InlineData("su -c true", "")]
    [InlineData("kill -9 1; sleep 0.2; exit 9", "")]
    [InlineData("cat /proc/1/root/etc/shadow", "Permission denied")]
    [InlineData("head -c 600m /dev/zero > /tmp/full", "")]
    public async Task What_a_step_may_not_do_fails(string command, string reason)
    {
        var podman = await PodmanFixture.GetAsync(Cancellation);
        using var engine = new EngineClient(podman.Socket);
        var root = podman.NewWorkspaceRoot();
        var mount = Directory.CreateDirectory(root).FullName;
        var ready = await ReadyContainer.StartAsync(engine, Spec(podman), mount, root, 1, 1, Cancellation);
        await using var container = ready.Container;

        var (exitCode, output) = await container.ExecShortAsync(["sh", "-c", $"({command}) 2>&1"], Cancellation);
        Assert.NotEqual(0, exitCode);
        Assert.Contains(reason, output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_fork_bomb_and_a_memory_hog_hit_their_limits_and_the_container_lives()
    {
        var podman = await PodmanFixture.GetAsync(Cancellation);
        using var engine = new EngineClient(podman.Socket);
        var root = podman.NewWorkspaceRoot();
        var mount = Directory.CreateDirectory(root).FullName;
        var ready = await ReadyContainer.StartAsync(engine, Spec(podman), mount, root, 1, 1, Cancellation);
        await using var container = ready.Container;

        // It waits for all of them: while one is left, there may be no room for the next exec.
        var (_, forks) = await container.ExecShortAsync(
            ["bash", "-c", "for i in $(seq 100); do sleep 1 & done 2> /tmp/forks; wait; head -1 /tmp/forks"], Cancellation);
        Assert.Contains("Resource temporarily unavailable", forks, StringComparison.Ordinal);
        var (_, hog) = await container.ExecShortAsync(
            ["bash", "-c", "head -c 400m /dev/zero | tail -c 400m > /dev/null; echo ${PIPESTATUS[1]}"], Cancellation);
        // The shell says on standard error that it was killed, before or after its own line.
        Assert.Contains("137\n", hog, StringComparison.Ordinal);
        var (alive, output) = await container.ExecShortAsync(["echo", "alive"], Cancellation);
        Assert.Equal((0, "alive\n"), (alive, output));
    }

    private static ContainerSpec Spec(PodmanFixture podman) =>
        new(RunningRunner.Settings(podman, new Uri("http://localhost")).Engine with { Network = "none" }, null);
}
