using Shithub.Actions.Configuration;
using Shithub.Actions.Runner.Engine;
using Shithub.Actions.Runner.Sandbox;
using Shithub.Actions.Runner.Startup;
using Shithub.Actions.Testing;
using Xunit;

namespace Shithub.Actions.Runner.Tests.Fake;

/// <summary>A runner in this process, against a server and the test's Podman.</summary>
internal sealed class RunningRunner : IAsyncDisposable
{
    /// <summary>A variable that names a Docker daemon's socket: the same tests then run against it. Its host needs the runner image.</summary>
    private const string DockerSocket = "SHITHUB_TEST_DOCKER";

    private readonly CancellationTokenSource _drain = new();
    private readonly CancellationTokenSource _now = new();
    private readonly RunnerSettings _settings;

    private RunningRunner(RunnerSettings settings, TimeProvider time)
    {
        _settings = settings;
        Ended = Task.Run(() => RunnerHost.RunAsync(settings, time, TestLog.CreateFactory(), _drain.Token, _now.Token));
    }

    public string WorkspaceRoot => _settings.Runner.WorkspaceRoot;

    /// <summary>Ends when the runner has.</summary>
    public Task Ended { get; }

    public static Task<RunningRunner> StartAsync(FakeServer server, params (string Path, string Value)[] options) =>
        StartAsync(server, TimeProvider.System, options);

    public static async Task<RunningRunner> StartAsync(FakeServer server, TimeProvider time, params (string Path, string Value)[] options)
    {
        var podman = await PodmanFixture.GetAsync();
        return new RunningRunner(Settings(podman, server.BaseUrl, options), time);
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

            // Tests of the fence turn it on; no other has anything to reach.
            ["engine.network_fence"] = "off",
            ["engine.memory"] = "256m",

            // Tests of warm containers say how many; to others one would be a container too many.
            ["engine.warm"] = "0",
            ["engine.pids_limit"] = "64",
        };
        if (Environment.GetEnvironmentVariable(DockerSocket) is { } docker)
        {
            values["engine.kind"] = "docker";
            values["engine.socket"] = docker;
        }

        foreach (var (path, value) in options) values[path] = value;
        return RunnerSettings.Load("/dev/null", new Dictionary<string, string>(), values);
    }

    public Task DrainAsync() => _drain.CancelAsync();

    public Task StopNowAsync() => _now.CancelAsync();

    /// <summary>The ids of this runner's containers, running or not.</summary>
    public async Task<string> ContainersAsync()
    {
        using var engine = new EngineClient(_settings.Engine.Socket!);
        var containers = await engine.ListContainersAsync(ContainerSpec.RunnerLabel, WorkspaceRoot, TestContext.Current.CancellationToken);
        return string.Join(' ', containers.Select(container => container.Id));
    }

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
