using System.Diagnostics;
using System.Net;
using Xunit;

namespace Shithub.Actions.EndToEnd.Tests.Chaos;

/// <summary>
/// While an upgrade is under way the previous version works on a schema that the new one has migrated already, beside it: each takes, runs
/// and ends jobs that the other has queued.
/// </summary>
public sealed class UpgradeTests
{
    private const string Workflow = """
        on: [push, workflow_dispatch]
        jobs:
          green:
            runs-on: ubuntu-latest
            steps:
              - uses: actions/checkout@v4
              - run: printf 'shithub actions smoke passed\n'
          after:
            needs: green
            runs-on: ubuntu-latest
            steps:
              - run: make
        """;

    [Fact]
    public async Task The_previous_version_works_on_the_new_schema_beside_the_new_one()
    {
        await using var plane = await ControlPlane.StartAsync(servers: 2, program: await PreviousVersionAsync());
        var runner = await plane.RegisterRunnerAsync("runner");
        using var previous = plane.Client(0);
        using var current = plane.Client(1);
        foreach (var (pushedTo, claimedFrom, reportedTo, name) in new[]
        {
            (0, previous, previous, "old-old"), (0, current, previous, "old-new"), (1, previous, current, "new-old"),
        })
        {
            await plane.PushAsync(name, Workflow, pushedTo);
            var run = await EndJobAsync(claimedFrom, reportedTo, runner, "green");
            Assert.Equal(run, await EndJobAsync(reportedTo, claimedFrom, runner, "after"));
            using var answer = System.Text.Json.JsonDocument.Parse(
                await current.GetStringAsync($"/api/v1/runs/{run}", TestContext.Current.CancellationToken));
            Assert.Equal("success", answer.RootElement.GetProperty("conclusion").GetString());
        }
    }

    /// <summary>Claims the one queued job at one server and ends it at the other.</summary>
    /// <returns>Its run.</returns>
    private static async Task<long> EndJobAsync(HttpClient claims, HttpClient reports, string runner, string expected)
    {
        var (claimed, claim) = await SeveralServersTests.PostAsync(
            claims, "/api/v1/runners/heartbeat", runner, new { wait_seconds = 20, lease_seconds = 60, claim_id = Guid.NewGuid() });
        Assert.Equal(HttpStatusCode.OK, claimed);
        var job = claim.GetProperty("job");
        Assert.Equal(expected, job.GetProperty("job_key").GetString());
        var path = $"/api/v1/jobs/{job.GetProperty("id").GetInt64()}";
        var token = claim.GetProperty("token").GetString()!;
        foreach (var step in job.GetProperty("steps").EnumerateArray())
        {
            var id = step.GetProperty("id").GetInt64();
            token = SeveralServersTests.Next(await SeveralServersTests.PostAsync(
                reports, $"{path}/logs", token, new { seq = 0, chunk = Convert.ToBase64String("hello\n"u8), step_id = id }));
            token = SeveralServersTests.Next(await SeveralServersTests.PostAsync(
                reports, $"{path}/steps/{id}/status", token, new { status = "completed", conclusion = "success" }));
        }

        var (ended, end) = await SeveralServersTests.PostAsync(
            reports, $"{path}/status", token, new { status = "completed", conclusion = "success" });
        Assert.True(ended == HttpStatusCode.OK, end.ToString());
        return job.GetProperty("run_id").GetInt64();
    }

    /// <summary>Builds the server of the commit that the file previous-version names, once per commit and machine.</summary>
    /// <returns>Its <c>shithubd.dll</c>.</returns>
    private static async Task<string> PreviousVersionAsync()
    {
        var commit = (await File.ReadAllTextAsync(Path.Combine(SourceTree.Root, "tests/Shithub.Actions.EndToEnd.Tests/Chaos/previous-version"))).Trim();
        var folder = Path.Combine(SourceTree.Root, ".data", $"previous-{commit}");
        var program = Path.Combine(folder, "src/Shithub.Actions.Server/bin/Debug/net10.0/shithubd.dll");
        if (File.Exists(Path.Combine(folder, "built"))) return program;
        await ShellAsync("""
            set -e
            rm -rf "$2"
            mkdir -p "$2"
            git -C "$1" archive "$3" -- src migrations Directory.Build.props Directory.Packages.props global.json .editorconfig | tar -x -C "$2"
            cd "$2"
            dotnet build src/Shithub.Actions.Server -c Debug -v q --nologo -nodeReuse:false -p:RunAnalyzers=false -p:TreatWarningsAsErrors=false
            touch built
            """, SourceTree.Root, folder, commit);
        return program;
    }

    private static async Task ShellAsync(string script, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo("sh", ["-c", script, "sh", .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        var error = process.StandardError.ReadToEndAsync();
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        Assert.True(process.ExitCode == 0, $"The previous version does not build (a shallow clone lacks its commit: git fetch --unshallow).\n{output}{await error}");
    }
}
