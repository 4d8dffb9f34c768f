using System.Diagnostics;

namespace Shithub.Actions.Testing;

/// <summary>
/// A private Podman service for one test process: its own socket, its own engine settings, its own network name and folder for
/// workspaces. Images are the machine's, so that the runner image is built once. The service, its containers and its network are
/// gone when the process ends, however it ends.
/// </summary>
public sealed class PodmanFixture
{
    /// <summary>The image that deploy/runner-image builds.</summary>
    public const string Image = "localhost/shithub/runner:1";

    // The shell outlives the tests by a moment: its standard input ends when the test process does, killed or not.
    private const string Guardian = """
        trap '' INT TERM HUP
        podman system service --time 0 "unix://$1/podman.sock" >"$1/podman.log" 2>&1 </dev/null &
        service=$!
        echo started
        cat >/dev/null
        podman ps --all --format '{{.ID}} {{index .Labels "shithub.runner"}}' | while read -r id runner; do
          case $runner in "$1"/*) podman rm --force --depend --time 0 "$id" >/dev/null 2>&1 ;; esac
        done
        podman network rm --force "$2" >/dev/null 2>&1
        kill $service
        wait $service
        # What runners that a test killed had mounted.
        awk -v folder="$1/" 'index($2, folder) == 1 { print $2 }' /proc/mounts | sort -r | xargs -r umount
        rm -rf "$1"
        """;

    private static readonly SemaphoreSlim Gate = new(1, 1);
    private static PodmanFixture? _shared;

    private readonly Process _guardian;
    private int _workspaces;

    private PodmanFixture(string folder, string network, Process guardian) =>
        (Folder, Network, _guardian) = (folder, network, guardian);

    public string Folder { get; }

    /// <summary>The service's unix socket, for <c>engine.socket</c>.</summary>
    public string Socket => Path.Combine(Folder, "podman.sock");

    /// <summary>A network name of this process's own, for <c>engine.network</c>. Whoever uses it first creates it.</summary>
    public string Network { get; }

    /// <summary>The settings file that commands need to see the same engine: <c>CONTAINERS_CONF</c>.</summary>
    public string ContainersConf => Path.Combine(Folder, "containers.conf");

    /// <summary>This process's Podman; the first call starts it and builds the runner image if the machine has none yet.</summary>
    public static async Task<PodmanFixture> GetAsync(CancellationToken cancellation = default)
    {
        await Gate.WaitAsync(cancellation);
        try
        {
            return _shared ??= await StartAsync(cancellation);
        }
        finally
        {
            Gate.Release();
        }
    }

    /// <summary>A folder for <c>runner.workspace_root</c> that no other runner has.</summary>
    public string NewWorkspaceRoot() => Path.Combine(Folder, $"workspaces-{Interlocked.Increment(ref _workspaces)}");

    /// <summary>Runs the podman command against the same engine.</summary>
    /// <returns>Its standard output, without the last line end.</returns>
    public Task<string> PodmanAsync(params string[] arguments) => RunAsync("podman", arguments, ContainersConf, CancellationToken.None);

    private static async Task<PodmanFixture> StartAsync(CancellationToken cancellation)
    {
        if (!Environment.IsPrivilegedProcess)
            throw new InvalidOperationException("Tests with containers need root: run them with sudo.");

        // A socket's path has at most 107 bytes, so the folder is a short one.
        var id = Guid.NewGuid().ToString("N")[..8];
        var folder = Directory.CreateDirectory($"/tmp/shithub-podman-{id}").FullName;
        var network = $"shithub-test-{id}";
        await File.WriteAllTextAsync(Path.Combine(folder, "containers.conf"), EngineConfiguration(), cancellation);
        await BuildImageAsync(Path.Combine(folder, "containers.conf"), cancellation);
        var start = new ProcessStartInfo("sh") { RedirectStandardInput = true, RedirectStandardOutput = true, UseShellExecute = false };
        foreach (var argument in new[] { "-c", Guardian, "guardian", folder, network }) start.ArgumentList.Add(argument);
        start.Environment["CONTAINERS_CONF"] = Path.Combine(folder, "containers.conf");
        var fixture = new PodmanFixture(folder, network, Process.Start(start)!);
        AppDomain.CurrentDomain.ProcessExit += (_, _) => fixture.Stop();
        await fixture._guardian.StandardOutput.ReadLineAsync(cancellation);
        var deadline = Stopwatch.StartNew();
        while (!File.Exists(fixture.Socket))
        {
            if (deadline.Elapsed > TimeSpan.FromSeconds(30))
                throw new InvalidOperationException($"Podman did not start: {await File.ReadAllTextAsync($"{folder}/podman.log", cancellation)}");
            await Task.Delay(20, cancellation);
        }

        return fixture;
    }

    /// <summary>
    /// What test.sh found to work here, or else what works on a plain Debian machine as well as inside another sandbox: runc and cgroupfs
    /// ask less of the cgroup tree than crun and systemd, and the limits need not be raised.
    /// </summary>
    private static string EngineConfiguration()
    {
        if (Environment.GetEnvironmentVariable("CONTAINERS_CONF") is { Length: > 0 } found)
            return File.ReadAllText(found);
        var runc = new[] { "/usr/sbin/runc", "/usr/bin/runc" }.Any(File.Exists) ? "runtime = \"runc\"\n" : "";
        return $"""
            [containers]
            default_ulimits = ["nofile=20000:20000", "nproc=4096:4096"]

            [engine]
            {runc}cgroup_manager = "cgroupfs"
            events_logger = "file"
            """;
    }

    /// <summary>One test process at a time: the others find the image built.</summary>
    private static async Task BuildImageAsync(string configuration, CancellationToken cancellation)
    {
        var script = Path.Combine(SourceFolder.Root, "deploy/runner-image/build.sh");
        await RunAsync("flock", ["/tmp/shithub-runner-image.lock", script, Image], configuration, cancellation);
    }

    private static async Task<string> RunAsync(string program, string[] arguments, string configuration, CancellationToken cancellation)
    {
        var start = new ProcessStartInfo(program) { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false };
        foreach (var argument in arguments) start.ArgumentList.Add(argument);
        start.Environment["CONTAINERS_CONF"] = configuration;
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync(cancellation);
        var error = process.StandardError.ReadToEndAsync(cancellation);
        await process.WaitForExitAsync(cancellation);
        return process.ExitCode == 0
            ? (await output).TrimEnd('\n')
            : throw new InvalidOperationException($"{program} {string.Join(' ', arguments)} failed: {await error}");
    }

    private void Stop()
    {
        _guardian.StandardInput.Close();
        _guardian.WaitForExit(TimeSpan.FromSeconds(20));
    }
}
