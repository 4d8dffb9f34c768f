using Shithub.Actions.Runner.Jobs;
using Shithub.Actions.Runner.Tests.Fake;
using Xunit;

namespace Shithub.Actions.Runner.Tests.Escape;

public sealed class PodmanEscapeTests(EscapePodman engine) : EscapeTests(engine), IClassFixture<EscapePodman>;

public sealed class DockerEscapeTests(EscapeDocker engine) : EscapeTests(engine), IClassFixture<EscapeDocker>;

/// <summary>Steps that try to get out, or to take the host down; whole jobs, as a stranger would send them.</summary>
public abstract class EscapeTests(EscapeEngine engine)
{
    [Fact]
    public async Task Every_way_out_is_closed()
    {
        var job = engine.Server.Enqueue($"CANARY={engine.Canary}\n{EscapeScript.Text}");

        Assert.Equal("success", await job.ConclusionAsync());
        var lines = job.Log(0).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal("done", lines[^1]);
        Assert.Equal([], lines.Where(line => line.EndsWith("ESCAPED", StringComparison.Ordinal)));
        Assert.True(lines.Count(line => line.EndsWith(": held", StringComparison.Ordinal)) > 60, job.Log(0));
        Assert.DoesNotContain(engine.CanaryText, job.Log(0), StringComparison.Ordinal);
        Assert.Equal(engine.CanaryText, await File.ReadAllTextAsync(engine.Canary, TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task No_working_directory_leads_to_the_host()
    {
        var look = $"for up in . .. ../.. ../../.. ../../../.. ../../../../../../..; do cat $up{engine.Canary} 2>/dev/null && echo ESCAPED; done; true";
        string[] folders =
        [
            "..", "../..", "/", "/etc", "/proc/self/cwd", "a/../../..", .. Enumerable.Range(3, 9).Select(file => $"/proc/self/fd/{file}"),
            .. Enumerable.Range(3, 9).Select(file => $"link{file}"),
        ];
        var links = FakeServer.Script("for i in $(seq 3 11); do ln -s /proc/self/fd/$i link$i; done");
        var job = engine.Server.Enqueue(
            job => job, [links, .. folders.Select(folder => FakeServer.Script(look, mayFail: true, folder: folder))]);

        Assert.Equal("success", await job.ConclusionAsync());
        for (var step = 1; step <= folders.Length; step++)
        {
            Assert.DoesNotContain("ESCAPED", job.Log(step), StringComparison.Ordinal);
            Assert.DoesNotContain(engine.CanaryText, job.Log(step), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_fork_bomb_and_a_memory_bomb_end_with_their_job()
    {
        var job = engine.Server.Enqueue(
            job => job,
            FakeServer.Script("perl -e '$x = \"x\" x 1e9; print length $x'", mayFail: true),
            FakeServer.Script("bomb() { bomb | bomb & }; bomb 2>/dev/null; sleep 2; exit 0", mayFail: true));

        Assert.Equal("success", await job.ConclusionAsync());
        Assert.DoesNotContain("1000000000", job.Log(0), StringComparison.Ordinal);
        await NothingIsLeftAsync();
        Assert.Equal("success", await engine.Server.Enqueue("echo next").ConclusionAsync());
    }

    [Fact]
    public async Task A_job_that_fills_its_disk_or_its_inodes_hits_its_own_end_and_later_steps_run()
    {
        const string Full = "No space left on device";
        var job = engine.Server.Enqueue(
            job => job,
            FakeServer.Script("head -c 500m /dev/zero > big; rm big", shell: "bash {0}"),
            FakeServer.Script("for i in $(seq 6000); do : > f$i || break; done; rm -f f*", shell: "bash {0}"),
            FakeServer.Script("head -c 50m /dev/zero > $HOME/big || head -c 50m /dev/zero > /tmp/big", shell: "bash {0}", mayFail: true),
            FakeServer.Script("head -c 500m /dev/zero > big", shell: "bash {0}", mayFail: true),
            FakeServer.Script("echo still here; : > $GITHUB_OUTPUT"));

        var conclusion = await job.ConclusionAsync();
        Assert.True(conclusion == "success", job.Log(null) + job.Log(0) + job.Log(1));
        Assert.Contains("workspace 64 MiB and 3000 files, a file system of its own", job.Log(null), StringComparison.Ordinal);
        for (var step = 0; step < 4; step++) Assert.Contains(Full, job.Log(step), StringComparison.Ordinal);
        Assert.Equal("still here\n", job.Log(4));
        await NothingIsLeftAsync();
    }

    [Theory]
    [InlineData("head -c 200m /dev/zero > big; sleep 1000", "takes more than 64 MiB")]
    [InlineData("for i in $(seq 6000); do : > f$i; done; sleep 1000", "has more than 3000 files")]
    public async Task Without_a_file_system_of_its_own_a_job_that_takes_too_much_is_stopped(string script, string reason)
    {
        await using var server = await FakeServer.StartAsync();
        await using var runner = await engine.StartAsync(server, ("engine.workspace_limit", "watch"));
        var job = server.Enqueue(script);

        Assert.Equal("failure", await job.ConclusionAsync());
        Assert.Contains($"The job was stopped: its workspace {reason}.", job.Log(null), StringComparison.Ordinal);
        Assert.Contains("watched: a job that exceeds it is stopped", job.Log(null), StringComparison.Ordinal);
        await Eventually.BecomesAsync("", runner.ContainersAsync);
        await Eventually.BecomesAsync(0, () => Task.FromResult(runner.Workspaces().Length));
    }

    [Fact]
    public async Task The_first_process_reaps_what_steps_leave_behind()
    {
        var job = engine.Server.Enqueue(
            "for i in $(seq 20); do (sleep 0.1 &) ; done; sleep 1; cat /proc/[0-9]*/status 2>/dev/null | grep -c '^State:.*zombie' || true");

        Assert.Equal("success", await job.ConclusionAsync());
        Assert.Equal("0\n", job.Log(0));
    }

    private async Task NothingIsLeftAsync()
    {
        await Eventually.BecomesAsync("", engine.Runner.ContainersAsync);
        await Eventually.BecomesAsync(0, () => Task.FromResult(engine.Runner.Workspaces().Length));
        Assert.Empty(WorkspaceDisk.Mounted(engine.Runner.WorkspaceRoot));
        await Eventually.BecomesAsync("", () => Task.FromResult(string.Join(' ', LoopFiles().Where(
            file => file.StartsWith(engine.Runner.WorkspaceRoot, StringComparison.Ordinal)))));
    }

    private static IEnumerable<string> LoopFiles() => Directory.GetDirectories("/sys/block", "loop*")
        .Select(device => Path.Combine(device, "loop/backing_file")).Where(File.Exists).Select(File.ReadAllText);
}
