using System.Diagnostics;
using Xunit;

namespace Shithub.Actions.EndToEnd.Tests;

/// <summary>The scripts that docker-compose.yml runs in its containers, here without them.</summary>
public sealed class ComposeScriptTests
{
    [Fact]
    public async Task Set_up_and_demo_end_in_a_successful_run_and_may_be_repeated()
    {
        await using var system = await LiveSystem.StartAsync(withRunner: true);
        var folder = Directory.CreateTempSubdirectory("shithub-compose-").FullName;
        try
        {
            var programs = Directory.CreateDirectory(Path.Combine(folder, "bin")).FullName;
            File.CreateSymbolicLink(Path.Combine(programs, "shithubd"), Path.ChangeExtension(SourceTree.Server, null));
            for (var times = 1; times <= 2; times++)
            {
                await ExecuteAsync(system, "setup.sh", folder, programs);
                await ExecuteAsync(system, "demo.sh", folder, programs);
                await LiveSystem.UntilAsync($"run {times} has succeeded", async () =>
                    (await system.Client.GetStringAsync("/api/v1/repos/demo/hello/runs")).Split("\"conclusion\":\"success\"").Length == times + 1);
            }

            var runners = await system.AdminAsync("runner", "list");
            Assert.Single(runners.EnumerateArray(), runner => runner.GetProperty("name").GetString() == "compose");
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static async Task ExecuteAsync(LiveSystem system, string script, string folder, string programs)
    {
        using var process = Process.Start(new ProcessStartInfo(Path.Combine(SourceTree.Root, "deploy/docker", script))
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment =
            {
                ["PATH"] = $"{programs}:{Environment.GetEnvironmentVariable("PATH")}",
                ["SHITHUB_CONFIG"] = system.Config,
                ["SECRETS"] = folder,
                ["BASE"] = system.BaseUrl,
                ["PUBLIC"] = system.BaseUrl,
            },
        })!;
        var errors = process.StandardError.ReadToEndAsync();
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.True(process.ExitCode == 0, $"{script} ended with {process.ExitCode}\n{output}\n{await errors}");
    }
}
