using System.Diagnostics;
using System.Text.Json;
using Shithub.Actions.Testing;
using Xunit;

namespace Shithub.Actions.Runner.Tests.Local;

/// <summary><c>shithubd-runner exec</c> as somebody with a working tree uses it.</summary>
public sealed class ExecTests : IDisposable
{
    private const string Labels = "runs-on: ubuntu-latest";
    private readonly string _tree = Directory.CreateTempSubdirectory("shithub-exec-").FullName;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(_tree, recursive: true);

    [Fact]
    public async Task A_run_has_the_rules_of_a_server_and_the_files_that_are_here()
    {
        Write(".shithub/workflows/ci.yml", $$$"""
            name: CI
            on: push
            jobs:
              build:
                {{{Labels}}}
                strategy: { matrix: { color: [red, blue] } }
                outputs: { made: "${{ steps.make.outputs.made }}" }
                steps:
                  - uses: actions/checkout@v4
                  - id: make
                    run: |
                      cat tracked untracked; ls ignored 2>/dev/null || echo not ignored; readlink link
                      git status --short; git log --format=%s; git symbolic-ref HEAD
                      echo "made=${{ matrix.color }}" >> "$GITHUB_OUTPUT"
                  - uses: ./.shithub/actions/greet
                    with: { who: "${{ matrix.color }}" }
              test:
                needs: build
                uses: ./.shithub/workflows/called.yml
                with: { color: "${{ needs.build.outputs.made }}" }
                secrets: { password: "${{ secrets.PASSWORD }}" }
              never:
                if: github.ref == 'refs/heads/other'
                {{{Labels}}}
                steps: [{ run: exit 1 }]
            """);
        Write(".shithub/workflows/called.yml", $$$"""
            on: { workflow_call: { inputs: { color: { type: string } }, secrets: { password: { required: true } } } }
            jobs:
              see:
                {{{Labels}}}
                steps: [{ run: 'echo "$COLOR $PASSWORD ${#PASSWORD} ${{ vars.STAGE }}"', env: { COLOR: "${{ inputs.color }}", PASSWORD: "${{ secrets.password }}" } }]
            """);
        Write(".shithub/actions/greet/action.yml", """
            inputs: { who: { required: true } }
            runs: { using: composite, steps: [{ shell: bash, run: "echo hello $WHO", env: { WHO: "${{ inputs.who }}" } }] }
            """);
        Write("tracked", "old\n");
        Write(".gitignore", "ignored\n");
        File.CreateSymbolicLink(Path.Combine(_tree, "link"), "tracked");
        Commit();
        Write("tracked", "new\n");
        Write("untracked", "fresh\n");
        Write("ignored", "secret\n");
        Write("secrets.env", "PASSWORD='hunter2hunter2'\n");

        var (exitCode, output, error) = await ExecAsync("--secret-file", Path.Combine(_tree, "secrets.env"), "--var", "STAGE=local", "--parallel", "2");

        Assert.True(exitCode == 0, output + error);
        Assert.Contains("build (red) / Run actions/checkout@v4 | Checked out the working tree", output, StringComparison.Ordinal);
        foreach (var line in new[] { "new", "fresh", "not ignored", "tracked", " M tracked", "first", "refs/heads/main" })
            Assert.Contains($" | {line}\n", output, StringComparison.Ordinal);
        Assert.Contains(" | hello blue\n", output, StringComparison.Ordinal);
        Assert.Matches(@"test / see / .* \| (red|blue) \*\*\* 14 local\n", output);
        Assert.DoesNotContain("hunter2", output + error, StringComparison.Ordinal);
        Assert.Matches(@"(?m)^never +skipped$", output);
        Assert.Matches(@"(?m)^CI +success +\d+\.\d s$", output);
        Assert.Equal("", await ContainersAsync());
    }

    [Fact]
    public async Task A_failed_run_ends_with_3_and_says_so_to_programs()
    {
        Write("ci.yml", $$$"""
            on: { workflow_dispatch: { inputs: { code: { type: number, required: true } } } }
            jobs:
              fails: { {{{Labels}}}, steps: [{ run: 'exit $CODE', name: end, env: { CODE: '${{ inputs.code }}' } }] }
              after: { {{{Labels}}}, needs: fails, steps: [{ run: 'true' }] }
              other: { {{{Labels}}}, steps: [{ run: 'true' }] }
            """);

        var (exitCode, output, error) = await ExecAsync("ci.yml", "--input", "code=7", "--job", "after", "--output", "json");

        Assert.True(exitCode == 3, output + error);
        Assert.Contains("fails | 'end' failed with exit code 7", error, StringComparison.Ordinal);
        var result = JsonDocument.Parse(output).RootElement;
        Assert.Equal("failure", result.GetProperty("conclusion").GetString());
        Assert.Equal("workflow_dispatch", result.GetProperty("event").GetString());
        Assert.Equal(
            ["fails failure", "after skipped"],
            result.GetProperty("jobs").EnumerateArray().Select(job => $"{job.GetProperty("job")} {job.GetProperty("conclusion")}"));
        Assert.Equal("failure", result.GetProperty("jobs")[0].GetProperty("steps")[0].GetProperty("conclusion").GetString());
    }

    [Fact]
    public async Task Jobs_of_one_concurrency_group_take_turns()
    {
        Write("ci.yml", $$"""
            on: push
            concurrency: run
            jobs:
              one: { {{Labels}}, concurrency: g, steps: [{ run: 'sleep 1; date +%s%N' }] }
              two: { {{Labels}}, concurrency: g, steps: [{ run: 'date +%s%N' }] }
            """);

        var (exitCode, output, error) = await ExecAsync("ci.yml", "--parallel", "2");

        Assert.True(exitCode == 0, output + error);
        Assert.True(
            output.LastIndexOf("one |", StringComparison.Ordinal) < output.IndexOf("two |", StringComparison.Ordinal)
            || output.LastIndexOf("two |", StringComparison.Ordinal) < output.IndexOf("one |", StringComparison.Ordinal),
            output);
    }

    [Fact]
    public async Task Ctrl_C_ends_with_130_and_leaves_no_container()
    {
        Write("ci.yml", $"on: push\njobs:\n  long: {{ {Labels}, steps: [{{ run: 'echo started; sleep 1000' }}] }}\n");
        using var process = Start(await PodmanFixture.GetAsync(Cancellation), "ci.yml");
        var output = "";
        while (!output.Contains("| started", StringComparison.Ordinal))
            output += await process.StandardOutput.ReadLineAsync(Cancellation) ?? throw new InvalidOperationException(output);

        using (var kill = Process.Start("kill", ["-INT", $"{process.Id}"])) await kill.WaitForExitAsync(Cancellation);
        await process.WaitForExitAsync(Cancellation).WaitAsync(TimeSpan.FromSeconds(60), Cancellation);

        Assert.Equal(130, process.ExitCode);
        Assert.Equal("", await ContainersAsync());
    }

    [Theory]
    [InlineData("on: push\njobs: { a: { runs-on: x, stepz: [] } }", 2, "did you mean 'steps'?")]
    [InlineData("on: push\njobs: { a: { uses: acme/ci/.github/workflows/x.yml@v1 } }", 2, "a local run has no server")]
    [InlineData("on: push\njobs: { a: { runs-on: x, steps: [{ uses: acme/tool@v1 }] } }", 2, "a local run has no server")]
    [InlineData("on: schedule\njobs: { a: { runs-on: x, steps: [{ run: x }] } }", 2, "schedule")]
    [InlineData("on: workflow_call\njobs: { a: { runs-on: x, steps: [{ run: x }] } }", 2, "'push' does not start this workflow")]
    public async Task A_workflow_that_a_server_would_refuse_is_refused(string text, int expected, string reason)
    {
        Write("ci.yml", text);

        var (exitCode, output, error) = await ExecAsync("ci.yml");

        Assert.Equal(expected, exitCode);
        Assert.Contains(reason, error, StringComparison.Ordinal);
        Assert.Equal("", output);
    }

    [Fact]
    public async Task What_is_missing_is_named()
    {
        Write(".shithub/workflows/a.yml", "on: push\njobs: { a: { runs-on: x, steps: [{ run: x }] } }");
        Write(".shithub/workflows/b.yml", "on: push\njobs: { a: { runs-on: x, steps: [{ run: x }] } }");

        var (several, _, which) = await ExecAsync();
        var (noFile, _, missing) = await ExecAsync("c.yml");
        var (noJob, _, job) = await ExecAsync("a.yml", "--job", "nothing");
        var (noImage, _, image) = await ExecAsync("a.yml", "--image", "localhost/none:1");

        Assert.Equal((1, 1, 1, 1), (several, noFile, noJob, noImage));
        Assert.Contains("2 workflows are started by push; name one of: .shithub/workflows/a.yml, .shithub/workflows/b.yml", which, StringComparison.Ordinal);
        Assert.Contains("There is no workflow file c.yml. There is .shithub/workflows/a.yml", missing, StringComparison.Ordinal);
        Assert.Contains("has no job 'nothing'; it has a", job, StringComparison.Ordinal);
        Assert.Contains("has no image localhost/none:1", image, StringComparison.Ordinal);
    }

    private static async Task<string> ContainersAsync()
    {
        var podman = await PodmanFixture.GetAsync(Cancellation);
        var all = await podman.PodmanAsync("ps", "--all", "--format", "{{index .Labels \"shithub.runner\"}}");
        return string.Join(' ', all.Split('\n').Where(runner => runner.StartsWith("/var/lib/shithub-exec/", StringComparison.Ordinal)));
    }

    private async Task<(int ExitCode, string Output, string Error)> ExecAsync(params string[] arguments)
    {
        using var process = Start(await PodmanFixture.GetAsync(Cancellation), arguments);
        var output = process.StandardOutput.ReadToEndAsync(Cancellation);
        var error = process.StandardError.ReadToEndAsync(Cancellation);
        await process.WaitForExitAsync(Cancellation);
        return (process.ExitCode, await output, await error);
    }

    private Process Start(PodmanFixture podman, params string[] arguments)
    {
        var start = new ProcessStartInfo(
            SourceFolder.Program("Shithub.Actions.Runner", "shithubd-runner"), ["exec", .. arguments, "--engine-socket", podman.Socket])
        {
            WorkingDirectory = _tree,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        };
        return Process.Start(start)!;
    }

    private void Write(string path, string text)
    {
        var full = Path.Combine(_tree, path);
        Directory.CreateDirectory(Path.GetDirectoryName(full)!);
        File.WriteAllText(full, text);
    }

    private void Commit()
    {
        Git("init", "--quiet", "--initial-branch=main");
        Git("add", "--all");
        Git("-c", "user.name=Olga", "-c", "user.email=olga@example.org", "commit", "--quiet", "--message", "first");
    }

    private void Git(params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo("git", arguments) { WorkingDirectory = _tree })!;
        process.WaitForExit();
        Assert.Equal(0, process.ExitCode);
    }
}
