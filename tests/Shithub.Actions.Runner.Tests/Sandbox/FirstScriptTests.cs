using System.Text;
using Shithub.Actions.Runner.Engine;
using Shithub.Actions.Runner.Sandbox;
using Shithub.Actions.Runner.Steps;
using Shithub.Actions.Runner.Tests.Fake;
using Shithub.Actions.Testing;
using Xunit;

namespace Shithub.Actions.Runner.Tests.Sandbox;

/// <summary>The first script of a container, which its first process starts, beside the second one, which the engine does.</summary>
public sealed class FirstScriptTests
{
    /// <summary>Without what differs by its nature: ids, and what counts up; and Podman's exec lists no groups, where its containers list their own one.</summary>
    private const string Probe = """
        umask; pwd; id; nice; ulimit -a; tty || true
        grep -vE '^(Name|Groups|Pid|Ngid|PPid|Tgid|NSpid|NSpgid|NStgid|NSsid|Vm|Rss|HugetlbPages|Threads|SigQ|.*ctxt_switches|Cpus_allowed|Mems_allowed)' /proc/self/status
        cat /proc/self/cgroup /proc/self/oom_score_adj /proc/self/loginuid 2>&1; cat /proc/self/attr/current 2>/dev/null
        cut -d' ' -f7 /proc/self/stat
        ls -l /proc/self/fd > /tmp/fds; sed -n 's/.* \([0-9]* -> \)/\1/; s/pipe:.*\|[^ ]*first-output.*/a pipe/; s#/proc/[0-9]*/#/proc/self/#; /->/p' /tmp/fds
        tr '\0' '\n' < /proc/$$/environ | sort
        """;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task It_sees_what_every_other_script_sees(bool docker)
    {
        await using var ready = await StartAsync(docker);

        var first = await ready.RunAsync(Probe, ("NAME", "value"));
        var second = await ready.RunAsync(Probe, ("NAME", "value"));

        Assert.Equal(0, first.ExitCode);
        Assert.Contains("NAME=value", first.Output, StringComparison.Ordinal);
        Assert.Equal(second.Output.Split('\n'), first.Output.Split('\n'));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task It_is_the_first_process_child_and_all_later_ones_are_the_engines(bool docker)
    {
        await using var ready = await StartAsync(docker);
        Assert.Equal((0, "1\n"), await ready.RunAsync("echo $PPID"));
        Assert.Equal((0, "0\n"), await ready.RunAsync("echo $PPID"));
    }

    [Theory]
    [InlineData("it's \"$(id)\" `id` \\ \\' $HOME ${x} !! # ; & | > /tmp/x *")]
    [InlineData("two\nlines\r\n\ttab\n\n")]
    [InlineData("")]
    [InlineData("'")]
    [InlineData("ü 漢 🙂 \u0001\u007f\u0080 \u001b[0m")]
    [InlineData("}\nexit 3\n{")]
    public async Task Values_arrive_byte_for_byte(string value)
    {
        await using var ready = await StartAsync(docker: false);
        var (exitCode, output) = await ready.RunAsync("test $PPID = 1 && printf '%s' \"$VALUE\" | od -An -v -tx1 | tr -d ' \\n'", ("VALUE", value), ("LC_ALL", "xx_XX.UTF-8"));
        Assert.Equal(0, exitCode);
        Assert.EndsWith(Convert.ToHexStringLower(Encoding.UTF8.GetBytes(value)), output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task More_than_a_pipe_holds_arrives_whole()
    {
        await using var ready = await StartAsync(docker: false);
        (string, string)[] variables = [.. Enumerable.Range(0, 10).Select(n => ($"V{n}", new string((char)('a' + n), 100_000)))];
        Assert.Equal((0, "1 1000000\n"), await ready.RunAsync("v=$V0$V1$V2$V3$V4$V5$V6$V7$V8$V9; echo $PPID ${#v}", variables));
    }

    [Theory]
    [InlineData("my-name")]
    [InlineData("1st")]
    [InlineData("a.b")]
    [InlineData("BASH_ENV")]
    [InlineData("PPID")]
    public async Task A_name_that_no_shell_takes_leaves_it_to_the_engine_and_the_next_script_too(string name)
    {
        await using var ready = await StartAsync(docker: false);
        Assert.Equal((0, "0\n"), await ready.RunAsync("echo $PPID", (name, "/dev/null")));
        Assert.Equal((0, "0\n"), await ready.RunAsync("echo $PPID"));
    }

    [Theory]
    [InlineData("exit 0", 0)]
    [InlineData("exit 3", 3)]
    [InlineData("kill -KILL $$", 137)]
    [InlineData("kill -TERM $$", 143)]
    [InlineData("kill -INT $$", 130)]
    public async Task Its_exit_code_is_what_the_engine_would_say(string script, int expected)
    {
        await using var ready = await StartAsync(docker: false);
        Assert.Equal(expected, (await ready.RunAsync(script)).ExitCode);
        Assert.Equal(expected, (await ready.RunAsync(script)).ExitCode);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task It_ends_when_its_process_does_and_what_it_leaves_behind_may_go_on_writing(bool docker)
    {
        await using var ready = await StartAsync(docker);

        var (exitCode, output) = await ready.RunAsync("(until [ -e /tmp/go ]; do sleep 0.05; done; head -c 1M /dev/zero && touch /tmp/wrote) & echo out; echo err >&2; exit 5");
        Assert.Equal((5, "out\nerr\n"), (exitCode, output));

        Assert.Equal((0, ""), await ready.RunAsync("touch /tmp/go; for i in $(seq 200); do [ -e /tmp/wrote ] && exit 0; sleep 0.05; done; exit 1"));
    }

    [Fact]
    public async Task While_nobody_takes_its_output_it_waits()
    {
        await using var ready = await StartAsync(docker: false);
        var reached = new TaskCompletionSource();
        var goOn = new TaskCompletionSource();
        long length = 0;
        var running = ready.Container.RunScriptAsync(
            ["sh", "-c", "head -c 8M /dev/zero; touch /tmp/done"], [], ContainerPaths.Mount,
            async (bytes, _) =>
            {
                length += bytes.Length;
                reached.TrySetResult();
                await goOn.Task;
            },
            Cancellation);
        await reached.Task.WaitAsync(Cancellation);

        var (_, waiting) = await ready.ExecAsync("until [ \"$(cat /proc/$(pidof head)/wchan)\" != 0 ]; do :; done; ls /tmp");
        Assert.DoesNotContain("done", waiting, StringComparison.Ordinal);
        Assert.InRange(length, 1, Pipe.Capacity);
        goOn.SetResult();
        Assert.Equal(0, await running);
        Assert.Equal(8L << 20, length);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Nothing_of_the_pipes_is_left_for_steps(bool docker)
    {
        await using var ready = await StartAsync(docker);

        // The last of the first process, to say how it ends, can be written to at most: that is about the script itself.
        var (_, first) = await ready.RunAsync("ls /github; ls /proc/1/fd; ls /proc/$$/fd; (cat < /proc/1/fd/9) 2>&1", ("TOKEN", "s3cr3t"));
        Assert.DoesNotContain("first-", first, StringComparison.Ordinal);
        Assert.Contains("/proc/1/fd/9: Permission denied", first, StringComparison.Ordinal);
        Assert.DoesNotMatch("(?m)^[78]$", first);

        var (_, second) = await ready.RunAsync("ls -l /proc/1/fd | grep -oE ' [0-9]+ -> .*'; tr '\\0' '\\n' < /proc/1/environ");
        Assert.DoesNotContain("first-", second, StringComparison.Ordinal);
        Assert.DoesNotContain("s3cr3t", second, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task When_the_container_dies_it_has_ended(bool docker)
    {
        await using var ready = await StartAsync(docker);
        var began = new TaskCompletionSource();
        var running = ready.Container.RunScriptAsync(
            ["sh", "-c", "echo began; sleep 600"], [], ContainerPaths.Mount,
            (_, _) =>
            {
                began.TrySetResult();
                return ValueTask.CompletedTask;
            },
            Cancellation);
        await began.Task.WaitAsync(Cancellation);

        await ready.Container.KillAsync(Cancellation);
        Assert.InRange(await running.WaitAsync(TimeSpan.FromSeconds(10), Cancellation), 137, 143);
    }

    [Fact]
    public async Task No_command_line_has_what_a_variable_says()
    {
        await using var ready = await StartAsync(docker: false);
        var (_, lines) = await ready.RunAsync("for p in /proc/[0-9]*; do tr '\\0' ' ' < $p/cmdline; echo; done; echo ${TOKEN#s3}", ("TOKEN", "s3cr3t"));
        Assert.EndsWith("\ncr3t\n", lines, StringComparison.Ordinal);
        Assert.DoesNotContain("s3cr3t", lines, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_script_that_was_given_up_before_it_began_never_begins()
    {
        await using var ready = await StartAsync(docker: false);
        Assert.Equal(0, (await ready.ExecAsync("until pidof cat; do sleep 0.05; done; kill -STOP $(pidof cat)")).ExitCode);
        using var giveUp = new CancellationTokenSource();
        var running = ready.Container.RunScriptAsync(
            ["sh", "-c", "touch /tmp/ran"], [], ContainerPaths.Mount, (_, _) => ValueTask.CompletedTask, giveUp.Token);
        await giveUp.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);

        // The shell that would have run it is the first process's only child then but its 'sleep'.
        var (_, left) = await ready.ExecAsync("kill -CONT $(pidof cat); while pidof cat; do sleep 0.05; done; until pidof sleep; do sleep 0.05; done; ls /tmp")
            .WaitAsync(TimeSpan.FromSeconds(30), Cancellation);
        Assert.DoesNotContain("ran", left, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Where_the_image_has_no_bash_the_engine_starts_it()
    {
        const string Image = "localhost/shithub/no-bash-test:1";
        var podman = await PodmanFixture.GetAsync(Cancellation);
        var made = await podman.PodmanAsync("create", "--user", "0", PodmanFixture.Image, "rm", "/bin/bash");
        try
        {
            await podman.PodmanAsync("start", "--attach", made);
            await podman.PodmanAsync("commit", "--quiet", made, Image);
            await using var ready = await StartAsync(docker: false, Image);
            Assert.Equal((0, "0 value\n"), await ready.RunAsync("echo $PPID $NAME", "sh", ("NAME", "value")));
        }
        finally
        {
            await podman.PodmanAsync("rm", "--force", made);
            await podman.PodmanAsync("rmi", "--force", "--ignore", Image);
        }
    }

    private static Task<OnEngine> StartAsync(bool docker, string? image = null) => OnEngine.StartAsync(docker, image);

    /// <summary>A container whose first script is still to come.</summary>
    private sealed class OnEngine(EngineClient engine, ReadyContainer ready) : IAsyncDisposable
    {
        public JobContainer Container => ready.Container;

        public static async Task<OnEngine> StartAsync(bool docker, string? image)
        {
            var podman = await PodmanFixture.GetAsync(Cancellation);
            var socket = docker ? (await DockerFixture.GetAsync(Cancellation)).Socket : podman.Socket;
            var settings = RunningRunner.Settings(podman, new Uri("http://localhost")).Engine with { Network = "none" };
            if (image is not null) settings = settings with { DefaultImage = image };
            var engine = new EngineClient(socket);
            // Asked now, so that what is cancelled later is the script.
            await engine.VersionAsync(Cancellation);
            var root = Directory.CreateDirectory(podman.NewWorkspaceRoot()).FullName;
            return new OnEngine(engine, await ReadyContainer.StartAsync(engine, new ContainerSpec(settings, null), root, root, 1, 1, Cancellation));
        }

        public Task<(int ExitCode, string Output)> RunAsync(string script, params (string, string)[] variables) => RunAsync(script, "bash", variables);

        /// <summary>As a step's.</summary>
        public async Task<(int ExitCode, string Output)> RunAsync(string script, string shell, params (string Name, string Value)[] variables)
        {
            using var output = new MemoryStream();
            var exitCode = await Container.RunScriptAsync(
                [.. StepShell.Merged, shell, "-c", script],
                [.. variables.Select(variable => KeyValuePair.Create(variable.Name, variable.Value))],
                "/tmp",
                (bytes, _) =>
                {
                    output.Write(bytes.Span);
                    return ValueTask.CompletedTask;
                },
                Cancellation);
            return (exitCode, Encoding.UTF8.GetString(output.ToArray()));
        }

        public Task<(int ExitCode, string Output)> ExecAsync(string script) => Container.ExecShortAsync(["bash", "-c", script], Cancellation);

        public async ValueTask DisposeAsync()
        {
            await Container.DisposeAsync();
            engine.Dispose();
        }
    }
}
