using System.Diagnostics;
using System.Text.Json;
using Shithub.Actions.Testing;
using Xunit;

namespace Shithub.Actions.EndToEnd.Tests;

/// <summary>The workflow language on the real system: one push, and everything in <c>Language/</c> happens; then the same without a server.</summary>
public sealed class LanguageTests
{
    /// <summary>What a shell would love to run.</summary>
    private const string Title = "\"quotes\" and $(touch /tmp/pwned) `id` 'single'";

    private const string Password = "correct horse battery staple";

    private static readonly string Folder = Path.Combine(SourceTree.Root, "tests/Shithub.Actions.EndToEnd.Tests/Language");

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Matrix_outputs_service_composite_action_called_workflow_and_secret_work_together_and_exec_writes_the_same_lines()
    {
        await using var system = await LiveSystem.StartAsync(withRunner: true);
        var run = await system.PushFolderAsync("language", Folder, Title, ("DEPLOY_PASSWORD", Password));
        await LiveSystem.UntilAsync(
            "the run ends", async () => (await system.RunAsync(run)).GetProperty("status").GetString() == "completed", TimeSpan.FromSeconds(180));

        var ended = await system.RunAsync(run);
        Assert.Equal(("success", $"All of it by {LiveSystem.User}"), (ended.GetProperty("conclusion").GetString(), ended.GetProperty("title").GetString()));
        var jobs = ended.GetProperty("jobs").EnumerateArray().ToList();
        Assert.Equal(
            "find:success test[0]:success test[1]:success test[2]:failure test[3]:failure test[4]:success test[5]:success "
            + "served:success call/think:success last:success never:skipped",
            string.Join(' ', jobs.Select(job => $"{job.GetProperty("job_key")}:{job.GetProperty("conclusion")}")));

        var lines = new Dictionary<string, string>();
        foreach (var job in jobs)
            lines[job.GetProperty("job_name").GetString()!] = await LinesAsync(system, job);
        Assert.Equal("was set / was set / [\"a\",\"b\",\"c\"] / top\n", lines["find"]);
        Assert.Equal("hello [\"a\",\"b\",\"c\"]\nhello [\"a\",\"b\",\"c\"]\n", lines["served"]);
        Assert.Contains("leg 2 of 6: hello b-1\n", lines["test (b, 1)"], StringComparison.Ordinal);
        Assert.Contains("inside: b-1 hello b-1\n", lines["test (b, 1)"], StringComparison.Ordinal);
        Assert.EndsWith("status failure\n", lines["test (b, 1)"], StringComparison.Ordinal);
        Assert.EndsWith("status success\n", lines["test (c, 2)"], StringComparison.Ordinal);
        Assert.Equal($"target is: {Title} times 2\n28 characters, '***', ***==\n", lines["call / think"]);
        Assert.Equal("call said 42, test success\n", lines["last"]);

        var local = await ExecAsync(lines.Keys);
        foreach (var (name, text) in lines)
            Assert.Equal($"{name}:\n{text}", $"{name}:\n{local.GetValueOrDefault(name, "")}");
    }

    /// <summary>What a job's steps wrote, but for the checkout's, which says where the files came from.</summary>
    private static async Task<string> LinesAsync(LiveSystem system, JsonElement job)
    {
        var text = "";
        foreach (var step in job.GetProperty("steps").EnumerateArray().Where(step => step.GetProperty("name").GetString() != "Run actions/checkout@v4"))
        {
            text += await system.Client.GetStringAsync(
                $"/api/v1/jobs/{job.GetProperty("id").GetInt64()}/steps/{step.GetProperty("id").GetInt64()}/logs", Cancellation);
        }

        return text;
    }

    /// <summary>Runs the same files with <c>shithubd-runner exec</c>, whose own remarks (how a step ended, the checkout) are left out.</summary>
    private static async Task<Dictionary<string, string>> ExecAsync(IReadOnlyCollection<string> jobs)
    {
        var podman = await PodmanFixture.GetAsync();
        var tree = Directory.CreateTempSubdirectory("shithub-language-").FullName;
        try
        {
            var secrets = Path.Combine(tree, "secrets.env");
            await File.WriteAllTextAsync(secrets, $"DEPLOY_PASSWORD=\"{Password}\"\n", Cancellation);
            await RunAsync("sh", ["-c", """
                set -e
                mkdir "$1/tree" && cp -r "$2" "$1/tree/.shithub" && cd "$1/tree"
                export GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@localhost GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@localhost
                git init -q -b trunk && git add -A && git commit -q -m "$3"
                """, "sh", tree, Folder, Title], 0);
            var output = await RunAsync(
                SourceTree.Runner,
                [
                    "exec", "all.yml", "--repo", Path.Combine(tree, "tree"), "--secret-file", secrets, "--engine-socket",
                    podman.Socket,
                ],
                0);
            return jobs.ToDictionary(job => job, job => string.Concat(output.Split('\n')
                .Where(line => line.StartsWith($"{job} / ", StringComparison.Ordinal)
                    && !line.StartsWith($"{job} / Set up job | ", StringComparison.Ordinal)
                    && !line.StartsWith($"{job} / Run actions/checkout@v4 | ", StringComparison.Ordinal)
                    && !line.EndsWith(" | (skipped)", StringComparison.Ordinal)
                    && !line.EndsWith(" | (failure)", StringComparison.Ordinal))
                .Select(line => line[(line.IndexOf(" | ", StringComparison.Ordinal) + 3)..] + "\n")));
        }
        finally
        {
            Directory.Delete(tree, recursive: true);
        }
    }

    private static async Task<string> RunAsync(string program, string[] arguments, int exitCode)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        var errors = process.StandardError.ReadToEndAsync(Cancellation);
        var output = await process.StandardOutput.ReadToEndAsync(Cancellation);
        await process.WaitForExitAsync(Cancellation);
        Assert.True(process.ExitCode == exitCode, $"exit code {process.ExitCode}\n{output}\n{await errors}");
        return output;
    }
}
