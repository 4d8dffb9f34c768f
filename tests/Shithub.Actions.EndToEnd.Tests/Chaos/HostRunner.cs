using Shithub.Actions.Testing;
using Xunit;

namespace Shithub.Actions.EndToEnd.Tests.Chaos;

/// <summary>The runner of a <see cref="HostMachine"/>, started again whenever it ends, as a service manager does.</summary>
internal sealed class HostRunner
{
    private const string Network = "chaos";
    private readonly HostMachine _machine;
    private readonly string _config;
    private readonly string _root;
    private Task _running = Task.CompletedTask;
    private bool _stopping;

    public HostRunner(HostMachine machine, ControlPlane plane, string token)
    {
        (_machine, _config, _root) = (machine, Path.Combine(machine.Folder, "runner.toml"), Path.Combine(machine.Folder, "workspaces"));
        File.WriteAllText(_config, $"""
            [server]
            base_url = "{plane.Url(0)}"

            [runner]
            token = "{token}"
            labels = ["ubuntu-latest"]
            capacity = 4
            poll_interval = "500ms"
            workspace_root = "{_root}"
            network_allowlist = ["allowed.test"]
            upstream_dns = ["{machine.Outside}"]

            [engine]
            kind = "{(machine.IsDocker ? "docker" : "podman")}"
            socket = "{machine.Socket}"
            default_image = "{PodmanFixture.Image}"
            network = "{Network}"
            memory = "256m"
            workspace_bytes = "256m"
            """);
    }

    private string PidFile => Path.Combine(_machine.Folder, "runner.pid");

    public void Start()
    {
        _stopping = false;
        _running = SuperviseAsync();
    }

    /// <summary>SIGKILL; it starts again by itself.</summary>
    public Task KillAsync() => SignalAsync("KILL");

    /// <summary>Lets running jobs end.</summary>
    public async Task StopAsync()
    {
        _stopping = true;
        await SignalAsync("TERM");
        await _running.WaitAsync(TimeSpan.FromSeconds(60));
    }

    public Task RemoveNetworkAsync() => _machine.RunAsync($"{SourceTree.Runner} network down --config {_config}");

    /// <summary>What of jobs is on the machine though none runs, while the fence is still there.</summary>
    public async Task<IReadOnlyList<string>> LeftAsync() =>
    [
        .. Lines("container", (await _machine.EngineAsync("ps --all --format '{{.ID}} {{.Status}}'")).Output),
        .. Lines("workspace", await _machine.RunAsync($"find {_root} -mindepth 1 -maxdepth 1 ! -name .lock ! -name .disk ! -name .seccomp.json")),
        .. Lines("mount", await _machine.RunAsync($"grep ' {_root}/' /proc/self/mountinfo || true")),
        .. Lines("loop device", await _machine.RunAsync($"grep -l '^{_root}/' /sys/block/loop*/loop/backing_file || true")),
        .. Lines("narrowed list", await _machine.RunAsync($"ls /run/shithubd-runner/{Network}/views 2>/dev/null || true")),
        .. Lines("table", await _machine.RunAsync($"nft list tables | grep shithub_{Network}_ || true")),
        .. Lines("network namespace", await _machine.RunAsync("ls /run/netns")),
    ];

    /// <summary>All that can be seen of the machine from inside.</summary>
    public async Task<IReadOnlyList<string>> EverythingAsync() =>
    [
        .. await LeftAsync(),
        .. Lines("process", string.Join('\n', (await _machine.ProcessesAsync()).Select(line => line[(line.IndexOf(' ', StringComparison.Ordinal) + 1)..]))),
        .. Lines("mounted", await _machine.RunAsync("cut -d ' ' -f 5 /proc/self/mountinfo")),
        .. Lines("interface", await _machine.RunAsync("ls /sys/class/net")),
        .. Lines("rule", await _machine.RunAsync("ip rule show")),
        .. Lines("firewall", await _machine.RunAsync("nft --stateless list ruleset")),
        .. Lines("network", (await _machine.EngineAsync("network ls --format '{{.Name}}'")).Output),
        .. Lines("state", await _machine.RunAsync("ls /run/shithubd-runner")),
    ];

    public string Log()
    {
        var log = File.ReadAllText(Path.Combine(_machine.Folder, "runner.log"));
        return log.Length <= 20_000 ? log : log[^20_000..];
    }

    private static IEnumerable<string> Lines(string what, string output) =>
        output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => $"{what}: {line.Trim()}");

    private async Task SuperviseAsync()
    {
        do
        {
            using var runner = _machine.StartProgram("runner.log", $"echo $$ >{PidFile}; exec {SourceTree.Runner} run --config {_config}");
            await runner.WaitForExitAsync();
            if (_stopping) Assert.True(runner.ExitCode == 0, $"The runner was asked to stop and ended with {runner.ExitCode}.\n{Log()}");
        }
        while (!_stopping);
    }

    private async Task SignalAsync(string signal) => await _machine.TryAsync($"kill -{signal} $(cat {PidFile})");
}
