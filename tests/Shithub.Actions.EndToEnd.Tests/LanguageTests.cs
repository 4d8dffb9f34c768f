using System.Text.Json;
using Xunit;

namespace Shithub.Actions.EndToEnd.Tests;

/// <summary>The workflow language on the real system: one push, and everything in <c>Language/</c> happens.</summary>
public sealed class LanguageTests
{
    /// <summary>What a shell would love to run.</summary>
    private const string Title = "\"quotes\" and $(touch /tmp/pwned) `id` 'single'";

    [Fact]
    public async Task A_matrix_outputs_a_composite_action_and_a_called_workflow_work_together()
    {
        await using var system = await LiveSystem.StartAsync(withRunner: true);
        var run = await system.PushFolderAsync("language", Path.Combine(SourceTree.Root, "tests/Shithub.Actions.EndToEnd.Tests/Language"), Title);
        await LiveSystem.UntilAsync(
            "the run ends", async () => (await system.RunAsync(run)).GetProperty("status").GetString() == "completed", TimeSpan.FromSeconds(120));

        var ended = await system.RunAsync(run);
        Assert.Equal(("success", $"All of it by {LiveSystem.User}"), (ended.GetProperty("conclusion").GetString(), ended.GetProperty("title").GetString()));
        var jobs = ended.GetProperty("jobs").EnumerateArray().ToDictionary(job => job.GetProperty("job_key").GetString()!);
        Assert.Equal(
            "find:success test[0]:success test[1]:success test[2]:failure test[3]:failure test[4]:success test[5]:success "
            + "call/think:success last:success never:skipped",
            string.Join(' ', ended.GetProperty("jobs").EnumerateArray().Select(job => $"{job.GetProperty("job_key")}:{job.GetProperty("conclusion")}")));

        Assert.Contains("was set / was set / [\"a\",\"b\",\"c\"] / top\n", await LogAsync(system, jobs["find"]), StringComparison.Ordinal);
        var failed = await LogAsync(system, jobs["test[2]"]);
        Assert.Contains("leg 2 of 6: hello b-1\n", failed, StringComparison.Ordinal);
        Assert.Contains("inside: b-1 hello b-1\n", failed, StringComparison.Ordinal);
        Assert.Contains("status failure\n", failed, StringComparison.Ordinal);
        Assert.Contains("status success\n", await LogAsync(system, jobs["test[5]"]), StringComparison.Ordinal);
        Assert.Contains($"target is: {Title} times 2\n", await LogAsync(system, jobs["call/think"]), StringComparison.Ordinal);
        Assert.Contains("call said 42, test success\n", await LogAsync(system, jobs["last"]), StringComparison.Ordinal);
    }

    private static Task<string> LogAsync(LiveSystem system, JsonElement job) =>
        system.Client.GetStringAsync($"/api/v1/jobs/{job.GetProperty("id").GetInt64()}/logs", TestContext.Current.CancellationToken);
}
