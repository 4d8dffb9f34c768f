using Shithub.Actions.Runner.Tests.Fake;
using Shithub.Actions.Testing;
using Xunit;

namespace Shithub.Actions.Runner.Tests.Startup;

public sealed class StartupTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(120);

    [Fact]
    public async Task Containers_that_an_earlier_run_left_behind_are_removed_and_those_of_others_are_not()
    {
        var podman = await PodmanFixture.GetAsync(TestContext.Current.CancellationToken);
        var root = podman.NewWorkspaceRoot();
        var others = podman.NewWorkspaceRoot();
        var left = await SleepAsync(podman, root);
        var other = await SleepAsync(podman, others);
        await using var server = await FakeServer.StartAsync();
        await using var runner = await RunningRunner.StartAsync(server, ("runner.workspace_root", root));
        var job = server.Enqueue("echo started");

        Assert.Equal("success", await job.ConclusionAsync());
        var running = await podman.PodmanAsync("ps", "--all", "--quiet", "--no-trunc");
        Assert.DoesNotContain(left, running, StringComparison.Ordinal);
        Assert.Contains(other, running, StringComparison.Ordinal);
        await podman.PodmanAsync("rm", "--force", "--time", "0", other);
    }

    [Fact]
    public async Task Folders_that_a_crash_left_behind_are_removed_when_they_are_old()
    {
        var podman = await PodmanFixture.GetAsync(TestContext.Current.CancellationToken);
        var root = podman.NewWorkspaceRoot();
        var old = Directory.CreateDirectory(Path.Combine(root, "1-1-old")).FullName;
        var young = Directory.CreateDirectory(Path.Combine(root, "2-1-young")).FullName;
        Directory.SetLastWriteTimeUtc(old, DateTime.UtcNow.AddHours(-25));
        await using var server = await FakeServer.StartAsync();
        await using var runner = await RunningRunner.StartAsync(server, ("runner.workspace_root", root));

        Assert.Equal("success", await server.Enqueue("echo started").ConclusionAsync());
        Assert.False(Directory.Exists(old));
        Assert.True(Directory.Exists(young));
    }

    [Fact]
    public async Task A_second_runner_with_the_same_workspace_root_is_refused()
    {
        var podman = await PodmanFixture.GetAsync(TestContext.Current.CancellationToken);
        var root = podman.NewWorkspaceRoot();
        await using var server = await FakeServer.StartAsync();
        await using var first = await RunningRunner.StartAsync(server, ("runner.workspace_root", root));
        Assert.Equal("success", await server.Enqueue("echo started").ConclusionAsync());
        await using var second = await RunningRunner.StartAsync(server, ("runner.workspace_root", root));

        await RefusedAsync(second, ExitCodes.Refused, "Another runner on this host uses");
    }

    [Fact]
    public async Task An_engine_that_does_not_answer_is_named_with_its_socket()
    {
        await using var server = await FakeServer.StartAsync();
        await using var runner = await RunningRunner.StartAsync(server, ("engine.socket", "/nonexistent/engine.sock"));

        await RefusedAsync(runner, ExitCodes.Refused, "/nonexistent/engine.sock: there is no such socket");
    }

    [Theory]
    [InlineData(404)]
    [InlineData(405)]
    [InlineData(301)]
    public async Task An_address_where_something_else_answers_is_named(int status)
    {
        await using var server = await FakeServer.StartAsync();
        server.Refuses = _ => status;
        await using var runner = await RunningRunner.StartAsync(server);

        await RefusedAsync(runner, ExitCodes.Usage, $"There is no Shithub Actions server at {server.BaseUrl}");
    }

    [Fact]
    public async Task An_image_that_can_not_be_had_is_named()
    {
        await using var server = await FakeServer.StartAsync();
        await using var runner = await RunningRunner.StartAsync(server, ("engine.default_image", "localhost/shithub/nowhere:1"));

        await RefusedAsync(runner, ExitCodes.Refused, "localhost/shithub/nowhere:1");
    }

    [Fact]
    public async Task A_seccomp_profile_that_can_not_be_read_is_named()
    {
        await using var server = await FakeServer.StartAsync();
        await using var runner = await RunningRunner.StartAsync(server, ("engine.seccomp_profile", "/nonexistent/seccomp.json"));

        await RefusedAsync(runner, ExitCodes.Usage, "engine.seccomp_profile");
    }

    [Fact]
    public async Task A_job_whose_container_the_engine_did_not_start_is_left_to_the_server_and_no_other_is_claimed_meanwhile()
    {
        var podman = await PodmanFixture.GetAsync(TestContext.Current.CancellationToken);
        var socket = Path.Combine(podman.Folder, "away.sock");
        using var engine = new SlowEngine(podman.Socket, socket, "no request");
        await using var server = await FakeServer.StartAsync();
        await using var runner = await RunningRunner.StartAsync(server, ("engine.socket", socket), ("engine.kind", "podman"));
        Assert.Equal("success", await server.Enqueue("echo before").ConclusionAsync());
        await Eventually.BecomesAsync(true, () => Task.FromResult(server.Heartbeats.Count > 1));
        await Eventually.BecomesAsync("", runner.ContainersAsync);

        engine.GoAway();
        var job = server.Enqueue("echo never");
        await Eventually.BecomesAsync(true, () => Task.FromResult(job.Log(null).Contains("queued again", StringComparison.Ordinal)));
        var next = server.Enqueue("echo next");
        var heartbeats = server.Heartbeats.Count;
        await Eventually.BecomesAsync(
            true, () => Task.FromResult(server.Heartbeats.Any(heartbeat => heartbeat.NotClaiming == "its container engine does not answer")));
        engine.ComeBack();

        Assert.Equal("success", await next.ConclusionAsync());
        Assert.False(job.Ended.IsCompleted);
        Assert.Equal("queued", job.Step(0));
        Assert.InRange(server.Heartbeats.Skip(heartbeats).Count(heartbeat => heartbeat.NotClaiming is null), 1, 3);
    }

    private static async Task RefusedAsync(RunningRunner runner, int exitCode, string reason)
    {
        var refusal = await Assert.ThrowsAsync<RunnerException>(
            () => runner.Ended.WaitAsync(Patience, TestContext.Current.CancellationToken));
        Assert.Contains(reason, refusal.Message, StringComparison.Ordinal);
        Assert.Equal(exitCode, refusal.ExitCode);
    }

    private static Task<string> SleepAsync(PodmanFixture podman, string root) => podman.PodmanAsync(
        "run", "--detach", "--network", "none", "--label", $"shithub.runner={root}", PodmanFixture.Image, "sleep", "1000");
}
