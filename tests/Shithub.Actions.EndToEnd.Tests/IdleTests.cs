using Xunit;

namespace Shithub.Actions.EndToEnd.Tests;

public sealed class IdleTests
{
    /// <summary>Bytes. A runtime that compiles as it goes has more before its first job, and a runner that keeps what a job left has more after it.</summary>
    private const long MemoryMax = 50_000_000;

    [Fact]
    public async Task A_runner_that_waits_after_a_job_with_much_output_has_given_its_memory_back()
    {
        await using var system = await LiveSystem.StartAsync(withRunner: true);
        var run = await system.PushAsync("loud", """
            on: push
            jobs:
              loud:
                runs-on: ubuntu-latest
                steps:
                  - run: yes 'a line of output like any other' | head -c 50000000
            """);
        await LiveSystem.UntilAsync(
            "the run ends", async () => (await system.RunAsync(run)).GetProperty("status").GetString() == "completed", TimeSpan.FromSeconds(120));
        Assert.Equal("success", (await system.RunAsync(run)).GetProperty("conclusion").GetString());
        await LiveSystem.UntilAsync(
            () => $"the runner has less than {MemoryMax / 1_000_000} MB; it has {system.RunnerMemory() / 1_000_000}",
            () => Task.FromResult(system.RunnerMemory() < MemoryMax), TimeSpan.FromSeconds(90));
    }
}
