using System.Diagnostics;
using System.Text;
using Shithub.Actions.Testing;
using Xunit;

namespace Shithub.Actions.EndToEnd.Tests;

/// <summary><c>shithubd dev</c>, which <c>./dev.sh</c> starts.</summary>
public sealed class DevTests : IDisposable
{
    private readonly string _data = Directory.CreateTempSubdirectory("shithub-dev-").FullName;
    private readonly StringBuilder _output = new();

    [Fact]
    public async Task Once_ends_with_the_demo_run_and_a_second_start_reuses_everything()
    {
        for (var run = 1; run <= 2; run++)
        {
            using var dev = await StartAsync("--once");
            await dev.WaitForExitAsync(TestContext.Current.CancellationToken);
            Assert.True(dev.ExitCode == 0, Output());
            Assert.Contains("shithub actions smoke passed", Output(), StringComparison.Ordinal);
            Assert.Contains($"Run {run} ended: success", Output(), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Interrupted_it_leaves_no_process_and_no_network()
    {
        using var dev = await StartAsync();
        await LiveSystem.UntilAsync("the demo run has ended", () => Task.FromResult(Output().Contains("Ctrl-C stops", StringComparison.Ordinal)));
        var network = Setting("shithubd-runner.toml", "network");
        var podman = await PodmanFixture.GetAsync(TestContext.Current.CancellationToken);
        Assert.Contains(network, await podman.PodmanAsync("network", "ls", "--format", "{{.Name}}"), StringComparison.Ordinal);

        var monitors = LeftMonitors();
        Assert.NotEmpty(monitors);

        await InterruptAsync(dev);
        Assert.True(dev.ExitCode == 0, Output());
        Assert.DoesNotContain(network, await podman.PodmanAsync("network", "ls", "--format", "{{.Name}}"), StringComparison.Ordinal);
        // What kept the programs' ends together may be a moment behind them.
        await LiveSystem.UntilAsync("no process is left", () => Task.FromResult(Processes() == ""));
        await LiveSystem.UntilAsync("no monitor is left", () => Task.FromResult(!LeftMonitors().Intersect(monitors).Any()));
    }

    [Fact]
    public async Task Interrupted_while_a_job_runs_it_ends_within_seconds_and_leaves_no_container_and_no_workspace()
    {
        using var dev = await StartAsync();
        await LiveSystem.UntilAsync("the demo run has ended", () => Task.FromResult(Output().Contains("Ctrl-C stops", StringComparison.Ordinal)));
        var podman = await PodmanFixture.GetAsync(TestContext.Current.CancellationToken);
        await PushLongJobAsync();
        var container = "";
        await LiveSystem.UntilAsync("the long job runs", async () =>
        {
            var containers = await podman.PodmanAsync("ps", "--filter", $"network={Setting("shithubd-runner.toml", "network")}", "--format", "{{.Names}}");
            foreach (var name in containers.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
            {
                container = name;
                if ((await podman.PodmanAsync("top", name, "args")).Contains("sleep 600", StringComparison.Ordinal)) return true;
            }

            return false;
        });

        var interrupted = Stopwatch.StartNew();
        await InterruptAsync(dev);
        Assert.True(interrupted.Elapsed < TimeSpan.FromSeconds(15), $"It took {interrupted.Elapsed}.");
        Assert.True(dev.ExitCode == 0, Output());
        Assert.DoesNotContain(container, await podman.PodmanAsync("ps", "--all", "--format", "{{.Names}}"), StringComparison.Ordinal);
        Assert.Empty(Directory.GetDirectories(Path.Combine(_data, "workspaces")));
    }

    [Fact]
    public async Task A_second_session_in_the_same_folder_is_refused_and_leaves_the_first_alone()
    {
        using var first = await StartAsync();
        await LiveSystem.UntilAsync("the demo run has ended", () => Task.FromResult(Output().Contains("Ctrl-C stops", StringComparison.Ordinal)));
        using var second = await StartAsync();
        await second.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.True(second.ExitCode == 2, Output());
        Assert.Contains($"Another 'shithubd dev' uses {_data}.", Output(), StringComparison.Ordinal);
        Assert.True(File.Exists(Path.Combine(_data, "podman.sock")));
        await InterruptAsync(first);
    }

    [Fact]
    public async Task A_folder_that_cant_be_made_is_one_line_and_not_a_stack_trace()
    {
        // ./dev.sh names a folder too; who calls it has the last word.
        using var dev = Process.Start(new ProcessStartInfo(
            Path.ChangeExtension(SourceTree.Server, null), ["dev", "--data", _data, "--data", "/proc/nowhere"])
        {
            RedirectStandardError = true,
        })!;
        var error = await dev.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await dev.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.Equal(1, dev.ExitCode);
        Assert.StartsWith("shithubd: The folder /proc/nowhere can't be made", Assert.Single(error.Trim().Split('\n')), StringComparison.Ordinal);
    }

    public void Dispose() => Directory.Delete(_data, recursive: true);

    private async Task<Process> StartAsync(params string[] more)
    {
        var podman = await PodmanFixture.GetAsync(TestContext.Current.CancellationToken);
        // Where the tests were started in the background, the signal of Ctrl-C is ignored unless somebody takes that back.
        string[] command =
        [
            "--default-signal=INT", Path.ChangeExtension(SourceTree.Server, null),
            "dev", "--data", _data, "--listen", $"127.0.0.1:{LiveSystem.FreePort()}", "--runner-program", SourceTree.Runner, .. more,
        ];
        var dev = Process.Start(new ProcessStartInfo("env", command)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment = { ["CONTAINERS_CONF"] = podman.ContainersConf },
        })!;
        dev.OutputDataReceived += (_, line) => Keep(line.Data);
        dev.ErrorDataReceived += (_, line) => Keep(line.Data);
        dev.BeginOutputReadLine();
        dev.BeginErrorReadLine();
        return dev;
    }

    private static async Task InterruptAsync(Process dev)
    {
        using (var kill = Process.Start("kill", ["-INT", $"{dev.Id}"]))
            await kill.WaitForExitAsync(TestContext.Current.CancellationToken);
        await dev.WaitForExitAsync(TestContext.Current.CancellationToken);
    }

    /// <summary>Pushes a workflow whose job sleeps and does not care for SIGTERM.</summary>
    private async Task PushLongJobAsync()
    {
        const string Script = """
            set -e
            cd "$1/hello"
            printf '%s\n' 'on: push' 'jobs: {long: {runs-on: ubuntu-latest, steps: [{run: "trap true TERM; while true; do sleep 600; done"}]}}' \
              >.shithub/workflows/smoke.yml
            git -c user.name=demo -c user.email=demo@localhost commit --quiet --all -m long
            git push --quiet "http://demo:$(cat "$1/demo.token")@$2/demo/hello.git" HEAD:refs/heads/trunk
            """;
        using var push = Process.Start("sh", ["-c", Script, "push", _data, Setting("shithubd.toml", "listen")]);
        await push.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.Equal(0, push.ExitCode);
    }

    private string Setting(string file, string key) =>
        Assert.Single(File.ReadLines(Path.Combine(_data, file)), line => line.StartsWith($"{key} = ", StringComparison.Ordinal)).Split('"')[1];

    /// <summary>The processes with which Podman still watches execs in job containers that are gone.</summary>
    private static string[] LeftMonitors()
    {
        string[] left = ["-c", "for p in $(pgrep -x conmon); do b=$(tr '\\0' '\\n' <\"/proc/$p/cmdline\" | sed -n '/^-b$/{n;p}'); "
            + "if [ -n \"$b\" ] && [ ! -d \"$b\" ]; then echo \"$p\"; fi; done"];
        using var list = Process.Start(new ProcessStartInfo("sh", left) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        return list.StandardOutput.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }

    private void Keep(string? line)
    {
        lock (_output)
            _output.Append(line).Append('\n');
    }

    private string Output()
    {
        lock (_output)
            return _output.ToString();
    }

    /// <summary>The command lines that name this test's folder.</summary>
    private string Processes()
    {
        var found = new StringBuilder();
        foreach (var folder in Directory.GetDirectories("/proc").Where(folder => char.IsAsciiDigit(Path.GetFileName(folder)[0])))
        {
            try
            {
                var command = File.ReadAllText($"{folder}/cmdline").Replace('\0', ' ');
                if (command.Contains(_data, StringComparison.Ordinal))
                    found.AppendLine(command);
            }
            catch (IOException)
            {
                // It ended while we looked.
            }
        }

        return found.ToString();
    }
}
