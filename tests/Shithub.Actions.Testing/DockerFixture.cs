using System.Diagnostics;

namespace Shithub.Actions.Testing;

/// <summary>
/// A private Docker daemon for one test process: its own socket and data, with the runner image that <see cref="PodmanFixture"/> built. It is gone
/// when the process ends, however it ends; its networks go before it, since the next daemon finds
/// no address for one of its own beside thirty bridges; the chains that Docker makes in the host's firewall stay, as they do with any Docker.
/// </summary>
public sealed class DockerFixture
{
    // The shell outlives the tests by a moment: its standard input ends when the test process does, killed or not.
    private const string Guardian = """
        trap '' INT TERM HUP
        dockerd --host "unix://$1/docker.sock" --data-root "$1/data" --exec-root "$1/exec" --pidfile "$1/docker.pid" --bridge none \
          --exec-opt native.cgroupdriver=cgroupfs >"$1/dockerd.log" 2>&1 </dev/null &
        service=$!
        echo started
        cat >/dev/null
        docker --host "unix://$1/docker.sock" network prune --force >/dev/null 2>&1
        kill $service
        wait $service
        rm -rf "$1"
        """;

    private static readonly SemaphoreSlim Gate = new(1, 1);
    private static DockerFixture? _shared;
    private readonly Process _guardian;
    private int _workspaces;

    private DockerFixture(string folder, Process guardian) => (Folder, _guardian) = (folder, guardian);

    public string Folder { get; }

    /// <summary>The daemon's unix socket, for <c>engine.socket</c>.</summary>
    public string Socket => Path.Combine(Folder, "docker.sock");

    /// <summary>This process's Docker; the first call starts it.</summary>
    public static async Task<DockerFixture> GetAsync(CancellationToken cancellation = default)
    {
        var podman = await PodmanFixture.GetAsync(cancellation);
        await Gate.WaitAsync(cancellation);
        try
        {
            return _shared ??= await StartAsync(podman, cancellation);
        }
        finally
        {
            Gate.Release();
        }
    }

    /// <summary>A folder for <c>runner.workspace_root</c> that no other runner has.</summary>
    public string NewWorkspaceRoot() => Path.Combine(Folder, $"workspaces-{Interlocked.Increment(ref _workspaces)}");

    private static async Task<DockerFixture> StartAsync(PodmanFixture podman, CancellationToken cancellation)
    {
        var folder = Directory.CreateDirectory($"/tmp/shithub-docker-{Guid.NewGuid().ToString("N")[..8]}").FullName;
        var start = new ProcessStartInfo("sh") { RedirectStandardInput = true, RedirectStandardOutput = true, UseShellExecute = false };
        foreach (var argument in new[] { "-c", Guardian, "guardian", folder }) start.ArgumentList.Add(argument);
        var fixture = new DockerFixture(folder, Process.Start(start)!);
        AppDomain.CurrentDomain.ProcessExit += (_, _) => fixture.Stop();
        await fixture._guardian.StandardOutput.ReadLineAsync(cancellation);
        var deadline = Stopwatch.StartNew();
        while (!File.Exists(fixture.Socket))
        {
            if (deadline.Elapsed > TimeSpan.FromSeconds(60))
                throw new InvalidOperationException($"Docker did not start: {await File.ReadAllTextAsync($"{folder}/dockerd.log", cancellation)}");
            await Task.Delay(20, cancellation);
        }

        var image = Path.Combine(folder, "image.tar");
        await podman.PodmanAsync("save", "--output", image, PodmanFixture.Image);
        await fixture.LoadAsync(image, cancellation);
        File.Delete(image);
        return fixture;
    }

    private async Task LoadAsync(string image, CancellationToken cancellation)
    {
        using var handler = new SocketsHttpHandler
        {
            ConnectCallback = async (_, cancel) =>
            {
                var socket = new System.Net.Sockets.Socket(
                    System.Net.Sockets.AddressFamily.Unix, System.Net.Sockets.SocketType.Stream, System.Net.Sockets.ProtocolType.Unspecified);
                await socket.ConnectAsync(new System.Net.Sockets.UnixDomainSocketEndPoint(Socket), cancel);
                return new System.Net.Sockets.NetworkStream(socket, ownsSocket: true);
            },
        };
        using var client = new HttpClient(handler) { Timeout = TimeSpan.FromMinutes(5) };
        await using var tar = File.OpenRead(image);
        using var content = new StreamContent(tar);
        content.Headers.ContentType = new("application/x-tar");
        using var answer = await client.PostAsync(new Uri("http://docker/images/load"), content, cancellation);
        answer.EnsureSuccessStatusCode();
        await answer.Content.ReadAsStringAsync(cancellation);
    }

    private void Stop()
    {
        _guardian.StandardInput.Close();

        // The daemon takes its time, and its guardian needs nobody to wait for it.
        _guardian.WaitForExit(TimeSpan.FromSeconds(3));
    }
}
