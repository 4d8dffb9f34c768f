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
        var network = Assert.Single(File.ReadLines(Path.Combine(_data, "shithubd-runner.toml")), line => line.StartsWith("network = ", StringComparison.Ordinal))
            .Split('"')[1];
        var podman = await PodmanFixture.GetAsync(TestContext.Current.CancellationToken);
        Assert.Contains(network, await podman.PodmanAsync("network", "ls", "--format", "{{.Name}}"), StringComparison.Ordinal);

        using (var kill = Process.Start("kill", ["-INT", $"{dev.Id}"]))
            await kill.WaitForExitAsync(TestContext.Current.CancellationToken);
        await dev.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.True(dev.ExitCode == 0, Output());
        Assert.DoesNotContain(network, await podman.PodmanAsync("network", "ls", "--format", "{{.Name}}"), StringComparison.Ordinal);
        // What kept the programs' ends together may be a moment behind them.
        await LiveSystem.UntilAsync("no process is left", () => Task.FromResult(Processes() == ""));
    }

    public void Dispose() => Directory.Delete(_data, recursive: true);

    private async Task<Process> StartAsync(params string[] more)
    {
        var podman = await PodmanFixture.GetAsync(TestContext.Current.CancellationToken);
        var runner = Path.ChangeExtension(SourceTree.Runner, null);
        // Where the tests were started in the background, the signal of Ctrl-C is ignored unless somebody takes that back.
        string[] command =
        [
            "--default-signal=INT", Path.ChangeExtension(SourceTree.Server, null),
            "dev", "--data", _data, "--listen", $"127.0.0.1:{LiveSystem.FreePort()}", "--runner-program", runner, .. more,
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
