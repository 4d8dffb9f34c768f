using System.Diagnostics;
using Xunit;

namespace Shithub.Actions.EndToEnd.Tests;

public sealed class CancelTests
{
    [Fact]
    public async Task A_running_job_that_is_cancelled_is_dead_within_two_seconds()
    {
        await using var system = await LiveSystem.StartAsync(withRunner: true);
        var run = await system.PushAsync("long", """
            on: push
            jobs:
              long:
                runs-on: ubuntu-latest
                steps:
                  - run: trap '' TERM; echo begun; sleep 600
            """);
        var job = (await system.JobAsync(run)).GetProperty("id").GetInt64();
        await LiveSystem.UntilAsync(
            "the step prints", async () => (await system.Client.GetStringAsync($"/api/v1/jobs/{job}/logs")).Contains("begun\n", StringComparison.Ordinal));

        // The process itself is watched: asking the engine takes longer than what is measured.
        var process = $"/proc/{await system.ContainerProcessAsync()}";
        Assert.True(Directory.Exists(process));
        var asked = Stopwatch.StartNew();
        (await system.Client.PostAsync($"/api/v1/jobs/{job}/cancel", null, TestContext.Current.CancellationToken)).EnsureSuccessStatusCode();
        await LiveSystem.UntilAsync("the container is dead", () => Task.FromResult(!Directory.Exists(process)), TimeSpan.FromSeconds(20));
        Assert.True(asked.Elapsed < TimeSpan.FromSeconds(2), $"the container was dead after {asked.Elapsed.TotalSeconds:0.00} s");

        await LiveSystem.UntilAsync(
            "the job is cancelled", async () => (await system.JobAsync(run)).GetProperty("status").GetString() == "cancelled");
        await LiveSystem.UntilAsync("its container is gone", async () => (await system.ContainersAsync()).Count == 0);
        Assert.Equal("cancelled", (await system.RunAsync(run)).GetProperty("conclusion").GetString());
    }
}
