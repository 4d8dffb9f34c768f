using System.Diagnostics;
using Xunit;

namespace Shithub.Actions.Runner.Tests.Startup;

/// <summary>A Podman service of a user without privileges, who is made for it and goes with it.</summary>
internal sealed class RootlessPodman : IAsyncDisposable
{
    private const string Guardian = """
        trap '' INT TERM HUP
        cd "$1"
        env -i HOME="$1" XDG_RUNTIME_DIR="$1/run" USER="$2" PATH=/usr/sbin:/usr/bin:/sbin:/bin \
          setpriv --reuid "$2" --regid "$2" --init-groups --inh-caps=-all \
          podman --cgroup-manager cgroupfs --events-backend file system service --time 0 "unix://$1/podman.sock" >"$1/podman.log" 2>&1 </dev/null &
        service=$!
        echo started
        cat >/dev/null
        kill $service
        wait $service
        # One process keeps the user's namespaces.
        kill -KILL $(ps -o pid= -u "$2")
        while ps -u "$2" >/dev/null; do sleep 0.1; done
        userdel "$2"
        rm -rf "$1"
        """;

    private readonly Process _guardian;

    private RootlessPodman(string folder, Process guardian) => (Folder, _guardian) = (folder, guardian);

    public string Folder { get; }

    public string Socket => Path.Combine(Folder, "podman.sock");

    public static async Task<RootlessPodman> StartAsync()
    {
        var id = Guid.NewGuid().ToString("N")[..8];
        var (folder, user) = ($"/tmp/shithub-rootless-{id}", $"shithub-{id}");
        Directory.CreateDirectory(Path.Combine(folder, "run"));

        // With numbers of its own for the users in its containers (/etc/subuid), as useradd gives them.
        await RunAsync("useradd", "--no-create-home", "--home-dir", folder, "--shell", "/usr/sbin/nologin", user);
        await RunAsync("chown", "-R", $"{user}:", folder);
        var start = new ProcessStartInfo("sh", ["-c", Guardian, "guardian", folder, user]) { RedirectStandardInput = true, RedirectStandardOutput = true };
        var podman = new RootlessPodman(folder, Process.Start(start)!);
        await podman._guardian.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken);
        var waited = Stopwatch.StartNew();
        while (!File.Exists(podman.Socket))
        {
            if (waited.Elapsed > TimeSpan.FromSeconds(30)) Assert.Fail($"Podman did not start: {await File.ReadAllTextAsync($"{folder}/podman.log")}");
            await Task.Delay(20, TestContext.Current.CancellationToken);
        }

        return podman;
    }

    public async ValueTask DisposeAsync()
    {
        _guardian.StandardInput.Close();
        await _guardian.WaitForExitAsync();
        _guardian.Dispose();
    }

    private static async Task RunAsync(string program, params string[] arguments)
    {
        using var process = Process.Start(program, arguments);
        await process.WaitForExitAsync();
        Assert.True(process.ExitCode == 0, $"{program} {string.Join(' ', arguments)} ended with {process.ExitCode}.");
    }
}
