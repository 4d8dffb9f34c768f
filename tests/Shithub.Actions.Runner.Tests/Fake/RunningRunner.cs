using Shithub.Actions.Configuration;
using Shithub.Actions.Runner.Startup;
using Shithub.Actions.Testing;

namespace Shithub.Actions.Runner.Tests.Fake;

/// <summary>A runner in this process, against a server and the test's Podman.</summary>
internal sealed class RunningRunner : IAsyncDisposable
{
    private readonly CancellationTokenSource _drain = new();
    private readonly CancellationTokenSource _now = new();

    private RunningRunner(PodmanFixture podman, string workspaceRoot, RunnerSettings settings)
    {
        (Podman, WorkspaceRoot) = (podman, workspaceRoot);
        Ended = Task.Run(() => RunnerHost.RunAsync(settings, TimeProvider.System, TestLog.CreateFactory(), _drain.Token, _now.Token));
    }

    public PodmanFixture Podman { get; }

    public string WorkspaceRoot { get; }

    /// <summary>Ends when the runner has.</summary>
    public Task Ended { get; }

    public static async Task<RunningRunner> StartAsync(FakeServer server, params (string Path, string Value)[] options)
    {
        var podman = await PodmanFixture.GetAsync();
        var settings = Settings(podman, server.BaseUrl, options);
        return new RunningRunner(podman, settings.Runner.WorkspaceRoot, settings);
    }

    public static RunnerSettings Settings(PodmanFixture podman, Uri server, params (string Path, string Value)[] options)
    {
        var values = new Dictionary<string, string>
        {
            ["server.base_url"] = server.ToString(),
            ["runner.token"] = FakeServer.RunnerToken,
            ["runner.poll_interval"] = "100ms",
            ["runner.workspace_root"] = podman.NewWorkspaceRoot(),
            ["engine.kind"] = "podman",
            ["engine.socket"] = podman.Socket,
            ["engine.default_image"] = PodmanFixture.Image,
            ["engine.network"] = podman.Network,
            ["engine.dns_servers"] = "",
            ["engine.memory"] = "256m",
            ["engine.pids_limit"] = "64",
        };
        foreach (var (path, value) in options) values[path] = value;
        return RunnerSettings.Load("/dev/null", new Dictionary<string, string>(), values);
    }

    public Task DrainAsync() => _drain.CancelAsync();

    public Task StopNowAsync() => _now.CancelAsync();

    /// <summary>The ids of this runner's containers, running or not.</summary>
    public Task<string> ContainersAsync() => Podman.PodmanAsync("ps", "--all", "--quiet", "--filter", $"label=shithub.runner={WorkspaceRoot}");

    /// <summary>The folders of jobs.</summary>
    public string[] Workspaces() => Directory.GetDirectories(WorkspaceRoot);

    public async ValueTask DisposeAsync()
    {
        await _drain.CancelAsync();
        await _now.CancelAsync();
        try
        {
            await Ended.WaitAsync(TimeSpan.FromSeconds(60));
        }
        catch (RunnerException)
        {
            // What the test was about.
        }

        _drain.Dispose();
        _now.Dispose();
    }
}
