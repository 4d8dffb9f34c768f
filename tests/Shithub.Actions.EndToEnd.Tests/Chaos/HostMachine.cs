using System.Diagnostics;
using System.Globalization;
using Shithub.Actions.Testing;

namespace Shithub.Actions.EndToEnd.Tests.Chaos;

/// <summary>
/// A host of its own for one runner and its engine, as far as the kernel's namespaces go: processes, mounts, interfaces, firewall. What a test
/// breaks there is broken for nobody else, what is left there can be listed, and all of it ends with the test, however that ends. One cable
/// leads out, to <see cref="Outside"/>.
/// </summary>
internal sealed class HostMachine : IAsyncDisposable
{
    /// <summary>The machine's end of the cable.</summary>
    public const string Cable = "uplink";

    /// <summary>
    /// The first process of the machine, which reaps what others leave. With it, everything in it dies; and it ends when nobody holds its standard
    /// input.
    /// </summary>
    private const string Init = """
        set -e
        mount --make-rprivate /
        mkdir -p "$1/cgroup"
        mount --rbind /sys/fs/cgroup "$1/cgroup"
        mount -t sysfs sysfs /sys
        mount --rbind "$1/cgroup" /sys/fs/cgroup
        for folder in /dev/shm /run/netns /run/shithubd-runner /run/containers /run/libpod /etc/containers/networks; do
          mkdir -p "$folder"
          mount -t tmpfs tmpfs "$folder"
        done
        ip link set lo up
        echo ready
        cat >/dev/null
        """;

    private const string Podman = """
        exec podman system service --time 0 "unix://$1/engine.sock"
        """;

    private const string Docker = """
        exec dockerd --host "unix://$1/engine.sock" --data-root "$1/data" --exec-root "$1/exec" --pidfile "$1/docker.pid" --bridge none \
          --exec-opt native.cgroupdriver=cgroupfs
        """;

    private readonly Process _init;
    private readonly int _pid;
    private readonly string _net;

    private HostMachine(string folder, bool isDocker, Process init, int pid, string net)
    {
        (Folder, IsDocker, _init, _pid, _net) = (folder, isDocker, init, pid, net);
    }

    public string Folder { get; }

    public bool IsDocker { get; }

    public string Socket => Path.Combine(Folder, "engine.sock");

    /// <summary>The other end of the cable: an address of the machine that the tests run on.</summary>
    public string Outside => $"{_net}.1";

    public static async Task<HostMachine> StartAsync(bool docker)
    {
        // Builds the image, and has found settings with which containers run here.
        var podman = await PodmanFixture.GetAsync();
        var folder = Directory.CreateDirectory($"/tmp/shithub-host-{Guid.NewGuid().ToString("N")[..8]}").FullName;
        var init = Process.Start(new ProcessStartInfo(
            "unshare", ["--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "sh", "-c", Init, "init", folder])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        })!;
        if (await init.StandardOutput.ReadLineAsync() != "ready")
            throw new InvalidOperationException("A machine of namespaces can't be made here (unshare(1)); the tests need root and CAP_SYS_ADMIN.");
        var child = await File.ReadAllTextAsync($"/proc/{init.Id}/task/{init.Id}/children");
        var machine = new HostMachine(
            folder, docker, init, int.Parse(child.Trim(), CultureInfo.InvariantCulture), TestSubnets.Next("198.18"));
        await machine.ConnectAsync();
        await machine.StartEngineAsync(podman);
        return machine;
    }

    /// <summary>Runs a shell command on the machine.</summary>
    /// <returns>Its standard output.</returns>
    /// <exception cref="InvalidOperationException">It fails.</exception>
    public async Task<string> RunAsync(string command)
    {
        var (exitCode, output) = await TryAsync(command);
        return exitCode == 0 ? output : throw new InvalidOperationException($"{command}: exit code {exitCode}: {output}");
    }

    public async Task<(int ExitCode, string Output)> TryAsync(string command)
    {
        using var process = Start(command);
        process.StandardInput.Close();
        var error = process.StandardError.ReadToEndAsync();
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        return (process.ExitCode, process.ExitCode == 0 ? output.Trim() : output + await error);
    }

    /// <summary>As <see cref="TryAsync"/>, of the engine's own command line.</summary>
    public Task<(int ExitCode, string Output)> EngineAsync(string arguments) =>
        TryAsync(IsDocker ? $"docker -H unix://{Socket} {arguments}" : $"podman {arguments}");

    /// <summary>Starts a program that goes on; its output is in the folder's file <paramref name="log"/>.</summary>
    public Process StartProgram(string log, string command) => Start($"exec >>{Folder}/{log} 2>&1 </dev/null; {command}");

    /// <summary>Every process of the machine: number and command.</summary>
    public async Task<IReadOnlyList<string>> ProcessesAsync() =>
        [.. (await RunAsync("ps -e -o pid=,args=")).Split('\n').Select(line => line.Trim()).Where(line => !line.EndsWith("ps -e -o pid=,args=", StringComparison.Ordinal))];

    public async ValueTask DisposeAsync()
    {
        _init.StandardInput.Close();
        await _init.WaitForExitAsync();
        _init.Dispose();
        Directory.Delete(Folder, recursive: true);
    }

    private Process Start(string command) => Process.Start(new ProcessStartInfo(
        "nsenter", ["--target", $"{_pid}", "--net", "--mount", "--pid", "--", "sh", "-c", command])
    {
        RedirectStandardInput = true,
        RedirectStandardOutput = true,
        RedirectStandardError = true,
        Environment =
        {
            ["CONTAINERS_CONF"] = Path.Combine(Folder, "containers.conf"),
            ["CONTAINERS_STORAGE_CONF"] = Path.Combine(Folder, "storage.conf"),
        },
    })!;

    private async Task ConnectAsync()
    {
        var face = $"sth{_pid}";
        foreach (var arguments in (string[])
        [
            $"link add {face} type veth peer name {Cable} netns {_pid}", $"address add {Outside}/24 dev {face}", $"link set {face} up",
        ])
        {
            using var ip = Process.Start("ip", arguments);
            await ip.WaitForExitAsync();
            if (ip.ExitCode != 0) throw new InvalidOperationException($"ip {arguments} failed.");
        }

        await RunAsync($"ip address add {_net}.2/24 dev {Cable} && ip link set {Cable} up && ip route add default via {Outside}");
    }

    private async Task StartEngineAsync(PodmanFixture podman)
    {
        // Its last section is [engine]. For each exec there is a process that stays for so many seconds, so that one may still ask how it ended.
        var settings = (await File.ReadAllTextAsync(podman.ContainersConf)) + "\nexit_command_delay = 1\n[network]\nnetwork_backend = \"netavark\"\n";
        await File.WriteAllTextAsync(Path.Combine(Folder, "containers.conf"), settings);

        // Containers of its own; the image is the one that is here.
        await File.WriteAllTextAsync(Path.Combine(Folder, "storage.conf"), $"""
            [storage]
            driver = "overlay"
            graphroot = "{Folder}/containers"
            runroot = "{Folder}/run"
            [storage.options]
            additionalimagestores = ["{await podman.PodmanAsync("info", "--format", "{{.Store.GraphRoot}}")}"]
            """);
        StartProgram("engine.log", $"set -- {Folder}\n{(IsDocker ? Docker : Podman)}");
        await LiveSystem.UntilAsync(
            $"the engine answers: {Folder}/engine.log", async () => (await TryAsync($"curl -fsS --unix-socket {Socket} http://engine/_ping")).ExitCode == 0);
        if (!IsDocker) return;
        await podman.PodmanAsync("save", "--output", Path.Combine(Folder, "image.tar"), PodmanFixture.Image);
        await RunAsync($"docker -H unix://{Socket} load --quiet --input {Folder}/image.tar");
    }
}
