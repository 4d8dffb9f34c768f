using System.Globalization;
using Xunit;

namespace Shithub.Actions.EndToEnd.Tests;

public sealed class CrashTests
{
    private const string Numbers = """
        on: push
        jobs:
          count:
            runs-on: ubuntu-latest
            steps:
              - run: for i in $(seq 10000); do echo "line $i"; [ $((i % 500)) -ne 0 ] || sleep 0.2; done
        """;

    [Fact]
    public async Task A_killed_runner_loses_its_job_within_90_seconds_and_a_new_start_leaves_no_container()
    {
        await using var system = await LiveSystem.StartAsync(withRunner: true);
        var run = await system.PushAsync("lost", """
            on: push
            jobs:
              lost:
                runs-on: ubuntu-latest
                steps:
                  - run: echo begun; sleep 600
            """);
        var job = (await system.JobAsync(run)).GetProperty("id").GetInt64();
        await LiveSystem.UntilAsync(
            "the step prints", async () => (await system.Client.GetStringAsync($"/api/v1/jobs/{job}/logs")).Contains("begun\n", StringComparison.Ordinal));
        Assert.NotEmpty(await system.ContainersAsync());

        system.KillRunner();
        await LiveSystem.UntilAsync(
            "the job ends as runner_lost",
            async () => (await system.JobAsync(run)).TryGetProperty("conclusion", out var conclusion) && conclusion.GetString() == "runner_lost",
            TimeSpan.FromSeconds(90));
        var runner = (await system.AdminAsync("runner", "list"))[0];
        Assert.Equal(0, runner.GetProperty("active_jobs").GetInt64());

        Assert.NotEmpty(await system.ContainersAsync());
        await system.StartRunnerAsync();
        await LiveSystem.UntilAsync("the old container is gone", async () => (await system.ContainersAsync()).Count == 0);
    }

    /// <summary>The moments are random; the seed in the message repeats them.</summary>
    [Fact]
    public async Task A_server_that_is_killed_at_any_moment_loses_no_line_and_doubles_none()
    {
        var seed = Environment.TickCount;
        var random = new Random(seed);
        await using var system = await LiveSystem.StartAsync(withRunner: true);
        var run = await system.PushAsync("count", Numbers);
        foreach (var stored in Enumerable.Range(0, 3).Select(_ => random.Next(0, 9_000)).Order())
        {
            await LiveSystem.UntilAsync($"{stored} lines are stored (seed {seed})", async () => await StoredLinesAsync(system) >= stored);
            system.KillServer();
            await system.StartServerAsync();
        }

        await LiveSystem.UntilAsync(
            $"the run ends (seed {seed})",
            async () => (await system.RunAsync(run)).GetProperty("status").GetString() == "completed",
            TimeSpan.FromSeconds(120));
        var job = await system.JobAsync(run);
        Assert.True(job.GetProperty("conclusion").GetString() == "success", $"seed {seed}: {job}\n{system.Logs()}");
        var step = job.GetProperty("steps")[0].GetProperty("id").GetInt64();
        var log = await system.Client.GetStringAsync(
            $"/api/v1/jobs/{job.GetProperty("id").GetInt64()}/steps/{step}/logs", TestContext.Current.CancellationToken);
        var expected = string.Concat(Enumerable.Range(1, 10_000).Select(i => string.Create(CultureInfo.InvariantCulture, $"line {i}\n")));
        Assert.True(log == expected, $"seed {seed}: the stored log has {log.Split('\n').Length - 1} lines");
    }

    private static async Task<long> StoredLinesAsync(LiveSystem system)
    {
        await using var command = system.Database.DataSource.CreateCommand(
            "select coalesce(sum(length(encode(chunk, 'escape')) - length(replace(encode(chunk, 'escape'), E'\n', ''))), 0) from workflow_step_log_chunks");
        return Convert.ToInt64(await command.ExecuteScalarAsync(TestContext.Current.CancellationToken), CultureInfo.InvariantCulture);
    }
}
