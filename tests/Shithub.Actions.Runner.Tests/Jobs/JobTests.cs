using System.Text;
using Shithub.Actions.Runner.Tests.Fake;
using Xunit;

namespace Shithub.Actions.Runner.Tests.Jobs;

public sealed class JobTests(SharedRunner shared) : IClassFixture<SharedRunner>
{
    private FakeServer Server => shared.Server;

    private RunningRunner Runner => shared.Runner;

    [Fact]
    public async Task Steps_run_in_order_and_their_logs_are_what_they_wrote()
    {
        var job = Server.Enqueue("echo one; echo err >&2; id -u; pwd; echo $GITHUB_REPOSITORY", "printf 'no line end'");

        Assert.Equal("success", await job.ConclusionAsync());
        Assert.Equal("one\nerr\n65534\n/github/workspace\ndemo/hello\n", job.Log(0));
        Assert.Equal("no line end", job.Log(1));
        Assert.Equal("success", job.Step(0));
        Assert.Contains("image localhost/shithub/runner:1", job.Log(null), StringComparison.Ordinal);
        Assert.Contains("memory 256 MiB", job.Log(null), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Nothing_is_left_of_a_job_that_has_ended()
    {
        var job = Server.Enqueue("mkdir -p a/b && ln -s /etc a/link && chmod 000 a && sleep 1000 & sleep 0.1");

        Assert.Equal("success", await job.ConclusionAsync());
        await Eventually.BecomesAsync("", Runner.ContainersAsync);
        await Eventually.BecomesAsync(0, () => Task.FromResult(Runner.Workspaces().Length));
        Assert.True(Directory.Exists("/etc"));
    }

    [Fact]
    public async Task A_failed_step_ends_the_job_and_the_steps_after_it_do_not_run()
    {
        var job = Server.Enqueue("echo before; exit 7", "echo never");

        Assert.Equal("failure", await job.ConclusionAsync());
        Assert.Equal("failure", job.Step(0));
        Assert.Equal("before\n", job.Log(0));
        Assert.Equal("skipped", job.Step(1));
        Assert.Contains("'script' failed with exit code 7", job.Log(null), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_step_that_may_fail_does_not_end_the_job()
    {
        var job = Server.Enqueue(job => job, FakeServer.Script("exit 3", mayFail: true), FakeServer.Script("echo after"));

        Assert.Equal("success", await job.ConclusionAsync());
        Assert.Equal("after\n", job.Log(1));
    }

    [Fact]
    public async Task Shells_stop_at_the_first_error_as_their_documentation_says()
    {
        var plain = Server.Enqueue("false | true; echo on; false; echo never");
        var bash = Server.Enqueue(job => job, FakeServer.Script("false | true; echo never", "bash"));
        var sh = Server.Enqueue(job => job, FakeServer.Script("[ -z \"$BASH_VERSION\" ] && echo sh; false; echo never", "sh"));

        Assert.Equal("failure", await plain.ConclusionAsync());
        Assert.Equal("on\n", plain.Log(0));
        Assert.Equal("failure", await bash.ConclusionAsync());
        Assert.Equal("", bash.Log(0));
        Assert.Equal("failure", await sh.ConclusionAsync());
        Assert.Equal("sh\n", sh.Log(0));
    }

    [Fact]
    public async Task A_working_directory_is_relative_to_the_workspace_and_stays_in_it()
    {
        var below = Server.Enqueue(job => job, FakeServer.Script("mkdir -p a/b"), FakeServer.Script("pwd", folder: "a/../a/b"));
        var outside = Server.Enqueue(job => job, FakeServer.Script("pwd", folder: "../home"));
        var missing = Server.Enqueue(job => job, FakeServer.Script("pwd", folder: "nowhere"));

        Assert.Equal("success", await below.ConclusionAsync());
        Assert.Equal("/github/workspace/a/b\n", below.Log(1));
        Assert.Equal("failure", await outside.ConclusionAsync());
        Assert.Contains("working-directory '../home' leaves the workspace", outside.Log(null), StringComparison.Ordinal);
        Assert.Equal("failure", await missing.ConclusionAsync());
        Assert.Contains("nowhere", missing.Log(null) + missing.Log(0), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_masked_value_is_hidden_even_if_it_is_written_in_two_parts()
    {
        var job = Server.Enqueue(
            job => job with { MaskValues = ["hunter2hunter2"] }, FakeServer.Script("printf 'a hunter2'; sleep 1; echo 'hunter2 b'"));

        Assert.Equal("success", await job.ConclusionAsync());
        Assert.Equal("a *** b\n", job.Log(0));
    }

    [Fact]
    public async Task Output_appears_while_the_step_runs()
    {
        var job = Server.Enqueue("echo first; until [ -e go ]; do sleep 0.05; done; echo second");

        await Eventually.BecomesAsync("first\n", () => Task.FromResult(job.Log(0)));
        await File.WriteAllTextAsync(
            Path.Combine(Runner.Workspaces().Single(), "mount/workspace/go"), "", TestContext.Current.CancellationToken);
        Assert.Equal("success", await job.ConclusionAsync());
        Assert.Equal("first\nsecond\n", job.Log(0));
    }

    [Fact]
    public async Task Much_output_arrives_whole_and_in_few_chunks()
    {
        var job = Server.Enqueue("seq 1 500000");
        var expected = new StringBuilder();
        for (var line = 1; line <= 500_000; line++) expected.Append(line).Append('\n');

        Assert.Equal("success", await job.ConclusionAsync());
        Assert.Equal(expected.ToString(), job.Log(0));
        Assert.InRange(job.Chunks(0), 2, 100);
    }

    [Fact]
    public async Task A_log_that_is_too_long_for_the_server_does_not_end_the_job()
    {
        var job = Server.Enqueue("seq 1 500000");
        job.LogBytesMax = 600_000;

        Assert.Equal("success", await job.ConclusionAsync());
    }

    [Fact]
    public async Task A_step_ends_with_its_shell_even_if_a_process_it_left_behind_holds_its_output()
    {
        var job = Server.Enqueue("sleep 1000 & echo done", "echo next");

        Assert.Equal("success", await job.ConclusionAsync());
        Assert.Equal("done\n", job.Log(0));
        Assert.Equal("next\n", job.Log(1));
    }

    [Fact]
    public async Task Processes_that_a_step_orphaned_are_reaped()
    {
        var job = Server.Enqueue("for i in $(seq 20); do (sleep 0.1 &) ; done; sleep 1", "ps -eo stat | grep -c Z || true");

        Assert.Equal("success", await job.ConclusionAsync());
        Assert.Equal("0\n", job.Log(1));
    }
}
