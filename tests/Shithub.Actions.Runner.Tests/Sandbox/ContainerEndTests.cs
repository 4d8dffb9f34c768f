using System.Diagnostics;
using Shithub.Actions.Runner.Engine;
using Shithub.Actions.Runner.Sandbox;
using Shithub.Actions.Runner.Tests.Fake;
using Shithub.Actions.Testing;
using Xunit;

namespace Shithub.Actions.Runner.Tests.Sandbox;

/// <summary>How containers end.</summary>
public sealed class ContainerEndTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task No_process_is_left_once_it_was_ended_whatever_the_engine_does(bool docker)
    {
        var podman = await PodmanFixture.GetAsync(Cancellation);
        var socket = docker ? (await DockerFixture.GetAsync(Cancellation)).Socket : podman.Socket;
        using var slow = new SlowEngine(socket, Path.Combine(podman.Folder, $"end-{docker}.sock"), "POST ", "/kill");
        using var engine = new EngineClient(slow.Socket);
        var ready = await StartAsync(engine, podman);
        var seconds = Random.Shared.Next(100_000_000, 999_999_999);
        Assert.Equal(0, (await ready.Container.ExecShortAsync(
            ["sh", "-c", $"for i in 1 2 3 4 5 6 7 8 9 10; do (trap '' TERM INT HUP; setsid sleep {seconds}) < /dev/null > /dev/null 2>&1 & done"], Cancellation)).ExitCode);
        await Eventually.BecomesAsync(10, () => Task.FromResult(Running($"sleep\0{seconds}\0")));

        await ready.Container.EndAsync();
        Assert.Equal(0, Running($"sleep\0{seconds}\0"));
        Assert.Equal(0, slow.Kept);
        Assert.False(ready.Container.IsSeenAlive);

        await ready.Container.DisposeAsync();
        await Assert.ThrowsAsync<EngineException>(() => engine.InspectContainerAsync(ready.Container.Id, Cancellation));
    }

    [Fact]
    public async Task A_process_that_is_not_the_containers_is_not_taken_for_it()
    {
        var podman = await PodmanFixture.GetAsync(Cancellation);
        using var engine = new EngineClient(podman.Socket);
        var ready = await StartAsync(engine, podman);
        await using var container = ready.Container;
        using var other = Process.Start("sleep", "1000");
        try
        {
            Assert.Null(FirstProcess.Find(other.Id, container.Id));
            using var own = FirstProcess.Find(ready.Origin.Pid, container.Id);
            Assert.NotNull(own);
            Assert.Null(FirstProcess.Find(int.MaxValue, container.Id));
        }
        finally
        {
            other.Kill();
        }
    }

    /// <summary>The monitor of a container notes its end; as long as it does not, Podman takes the container for running and can't kill it.</summary>
    [Fact]
    public async Task A_container_whose_end_Podman_has_not_noted_yet_is_removed_all_the_same()
    {
        var podman = await PodmanFixture.GetAsync(Cancellation);
        using var engine = new EngineClient(podman.Socket);
        var ready = await StartAsync(engine, podman);
        var monitor = ProcessStatus.Parent(ready.Origin.Pid);
        await SignalAsync("STOP", monitor);
        Task removal;
        try
        {
            await ready.Container.EndAsync();
            var refused = await Assert.ThrowsAsync<InvalidOperationException>(() => podman.PodmanAsync("rm", "--force", "--time", "0", ready.Container.Id));
            Assert.Contains("container state improper", refused.Message, StringComparison.Ordinal);
            removal = ready.Container.DisposeAsync().AsTask();
        }
        finally
        {
            await SignalAsync("CONT", monitor);
        }

        await removal;
        await Assert.ThrowsAsync<EngineException>(() => engine.InspectContainerAsync(ready.Container.Id, Cancellation));
    }

    private static async Task<ReadyContainer> StartAsync(EngineClient engine, PodmanFixture podman)
    {
        var settings = RunningRunner.Settings(podman, new Uri("http://localhost")).Engine with { Network = "none" };
        var root = Directory.CreateDirectory(podman.NewWorkspaceRoot()).FullName;
        return await ReadyContainer.StartAsync(engine, new ContainerSpec(settings, null), root, root, 1, 1, Cancellation);
    }

    /// <summary>Processes of this host with this command line.</summary>
    private static int Running(string commandLine) => Directory.EnumerateDirectories("/proc")
        .Count(folder => char.IsAsciiDigit(Path.GetFileName(folder)[0]) && Read($"{folder}/cmdline") == commandLine);

    private static string Read(string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (IOException)
        {
            // It has ended.
            return "";
        }
    }

    private static async Task SignalAsync(string signal, int pid)
    {
        using var kill = Process.Start("kill", [$"-{signal}", $"{pid}"]);
        await kill.WaitForExitAsync(Cancellation);
    }
}
