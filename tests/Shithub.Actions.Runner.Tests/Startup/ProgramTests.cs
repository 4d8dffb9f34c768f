using System.Diagnostics;
using Shithub.Actions.Runner.Tests.Fake;
using Shithub.Actions.Testing;
using Xunit;

namespace Shithub.Actions.Runner.Tests.Startup;

/// <summary>The program as an operator starts it.</summary>
public sealed class ProgramTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_version_is_printed()
    {
        var (exitCode, output, _) = await RunAsync("--version");
        Assert.Equal(0, exitCode);
        Assert.Matches(@"^\d+\.\d+\.\d+", output);
    }

    [Fact]
    public async Task An_unknown_option_is_an_error_of_usage()
    {
        var (exitCode, _, error) = await RunAsync("run", "--serverurl", "http://localhost");
        Assert.Equal(1, exitCode);
        Assert.Contains("--serverurl", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Everything_wrong_with_the_settings_is_said_at_once_and_the_token_is_not_repeated()
    {
        var (exitCode, _, error) = await RunAsync(
            "run", "--config", "/dev/null", "--server-url", "nowhere", "--token", "shr_secret value", "--capacity", "0");
        Assert.Equal(1, exitCode);
        Assert.Contains("--server-url", error, StringComparison.Ordinal);
        Assert.Contains("--capacity", error, StringComparison.Ordinal);
        Assert.DoesNotContain("shr_secret", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_help_names_the_options_of_the_runbook()
    {
        var (exitCode, output, _) = await RunAsync("run", "--help");
        Assert.Equal(0, exitCode);
        Assert.All(
            ["--server-url", "--token", "--token-file", "--labels", "--capacity", "--workspace-root", "--network", "--dns-servers", "--config"],
            option => Assert.Contains(option, output, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_signal_lets_the_running_job_end_and_the_program_ends_with_0()
    {
        await using var server = await FakeServer.StartAsync();
        var podman = await PodmanFixture.GetAsync(Cancellation);
        using var process = StartRunner(podman, server);
        var job = server.Enqueue("echo started; sleep 1; echo ended");
        await Eventually.BecomesAsync("started\n", () => Task.FromResult(job.Log(0)));

        using (var kill = Process.Start("kill", ["-TERM", $"{process.Id}"])) await kill.WaitForExitAsync(Cancellation);
        Assert.Equal("success", await job.ConclusionAsync());
        await process.WaitForExitAsync(Cancellation).WaitAsync(TimeSpan.FromSeconds(120), Cancellation);
        Assert.Equal(0, process.ExitCode);
        Assert.Equal("started\nended\n", job.Log(0));
    }

    [Fact]
    public async Task A_runner_that_was_killed_removes_its_old_container_when_it_starts_again()
    {
        await using var server = await FakeServer.StartAsync();
        var podman = await PodmanFixture.GetAsync(Cancellation);
        var root = podman.NewWorkspaceRoot();
        using (var process = StartRunner(podman, server, root))
        {
            var job = server.Enqueue("echo started; sleep 1000");
            await Eventually.BecomesAsync("started\n", () => Task.FromResult(job.Log(0)));
            process.Kill();
            await process.WaitForExitAsync(Cancellation);
        }

        Assert.NotEqual("", await ContainersAsync());
        using var again = StartRunner(podman, server, root);
        Assert.Equal("success", await server.Enqueue("echo next").ConclusionAsync());
        await Eventually.BecomesAsync("", ContainersAsync);
        again.Kill();
        await again.WaitForExitAsync(Cancellation);

        Task<string> ContainersAsync() => podman.PodmanAsync("ps", "--all", "--quiet", "--filter", $"label=shithub.runner={root}");
    }

    private static Process StartRunner(PodmanFixture podman, FakeServer server, string? root = null) => Start(
        "run", "--config", "/dev/null", "--server-url", server.BaseUrl.ToString(), "--token", FakeServer.RunnerToken, "--engine", "podman",
        "--engine-socket", podman.Socket, "--image", PodmanFixture.Image, "--network", podman.Network, "--dns-servers", "",
        "--workspace-root", root ?? podman.NewWorkspaceRoot(), "--labels", "self-hosted,linux");

    private static async Task<(int ExitCode, string Output, string Error)> RunAsync(params string[] arguments)
    {
        using var process = Start(arguments);
        var output = process.StandardOutput.ReadToEndAsync(Cancellation);
        var error = process.StandardError.ReadToEndAsync(Cancellation);
        await process.WaitForExitAsync(Cancellation);
        return (process.ExitCode, await output, await error);
    }

    private static Process Start(params string[] arguments) => Process.Start(
        new ProcessStartInfo(SourceFolder.Program("Shithub.Actions.Runner", "shithubd-runner"), arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,

            // These jobs have nothing to reach; what they leave is counted.
            Environment = { ["SHITHUB_RUNNER_ENGINE__NETWORK_FENCE"] = "off", ["SHITHUB_RUNNER_ENGINE__WARM"] = "0" },
        })!;
}
