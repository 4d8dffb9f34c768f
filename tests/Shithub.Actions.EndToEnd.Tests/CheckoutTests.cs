using System.Text.Json;
using Shithub.Actions.Testing;
using Xunit;

namespace Shithub.Actions.EndToEnd.Tests;

/// <summary>Checkouts of a real runner from a real server.</summary>
public sealed class CheckoutTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Submodules_and_public_repositories_come_along_a_private_one_does_not_and_a_second_run_transfers_nothing()
    {
        await using var system = await LiveSystem.StartAsync(withRunner: true);
        await system.AdminAsync("repo", "create", $"{LiveSystem.User}/lib", "--public");
        await system.AdminAsync("repo", "create", $"{LiveSystem.User}/hidden");
        await system.AdminAsync("repo", "create", $"{LiveSystem.User}/main");
        using var lib = new GitClient();
        await lib.InitAsync(Url(system, "lib"));
        await lib.RunAsync("push", "--quiet", "origin", "trunk");
        using var main = new GitClient();
        await main.InitAsync(Url(system, "main"));
        await main.RunAsync("-c", "protocol.http.allow=always", "submodule", "--quiet", "add", Url(system, "lib"), "libs/lib");
        await main.CommitAsync(".gitmodules", "[submodule \"lib\"]\n\tpath = libs/lib\n\turl = ../lib.git\n", "Relative");
        await main.CommitAsync(".shithub/workflows/checkout.yml", """
            on: { push: {}, workflow_dispatch: {} }
            jobs:
              all:
                runs-on: ubuntu-latest
                steps:
                  - { uses: actions/checkout@v4, with: { submodules: recursive } }
                  - { uses: actions/checkout@v4, with: { repository: smoke/lib, path: other } }
                  - run: cat libs/lib/README.md other/README.md; git submodule status | cut -d' ' -f3; git push origin HEAD:refs/heads/mine 2>&1 || echo refused
                  - { uses: actions/checkout@v4, with: { repository: smoke/hidden, path: hidden }, continue-on-error: true, id: hidden }
                  - run: echo "hidden ${{ steps.hidden.outcome }}"
            """, "Workflow");
        await main.RunAsync("push", "--quiet", "origin", "trunk");

        var first = await EndAsync(system, 1);
        Assert.Equal("success", first.GetProperty("conclusion").GetString());
        Assert.Contains($"Repository: {system.BaseUrl}/{LiveSystem.User}/main.git\n", await LogAsync(system, first, 0), StringComparison.Ordinal);
        Assert.StartsWith("Hello\nHello\nlibs/lib\n", await LogAsync(system, first, 2), StringComparison.Ordinal);
        Assert.EndsWith("refused\n", await LogAsync(system, first, 2), StringComparison.Ordinal);
        Assert.Contains("it is private", await LogAsync(system, first, 3), StringComparison.Ordinal);
        Assert.Equal("hidden failure\n", await LogAsync(system, first, 4));

        using var rerun = await system.Client.PostAsync($"/api/v1/runs/{first.GetProperty("id").GetInt64()}/rerun", null, Cancellation);
        Assert.True(rerun.IsSuccessStatusCode);
        var second = await EndAsync(system, 2);
        Assert.Contains("Transferred 0 KiB", await LogAsync(system, second, 0), StringComparison.Ordinal);
        Assert.DoesNotContain("Transferred 1", await LogAsync(system, second, 0), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Large_files_pushed_by_git_lfs_are_there_where_a_step_asks_for_them_and_pointers_where_not()
    {
        await using var system = await LiveSystem.StartAsync(withRunner: true);
        await system.AdminAsync("repo", "create", $"{LiveSystem.User}/main");
        using var main = new GitClient();
        await main.InitAsync(Url(system, "main"));
        await main.RunAsync("lfs", "install", "--local");
        await main.CommitAsync(".gitattributes", "*.bin filter=lfs diff=lfs merge=lfs -text\n", "Track");
        await main.CommitAsync("big.bin", "large content\n", "Big");
        await main.CommitAsync(".shithub/workflows/checkout.yml", """
            on: push
            jobs:
              all:
                runs-on: ubuntu-latest
                steps:
                  - { uses: actions/checkout@v4, with: { lfs: true } }
                  - run: cat big.bin; git -c filter.lfs.process= -c filter.lfs.clean= -c filter.lfs.required=false status --porcelain
                  - { uses: actions/checkout@v4, with: { path: without } }
                  - run: head -n 1 without/big.bin
                  - { uses: actions/checkout@v4, with: { path: later, lfs: true } }
                  - run: cat later/big.bin
            """, "Workflow");
        await main.RunAsync("push", "--quiet", "origin", "trunk");

        var run = await EndAsync(system, 1);
        Assert.Equal("success", run.GetProperty("conclusion").GetString());
        Assert.Contains("Files from LFS: 1 (1 KiB)\n", await LogAsync(system, run, 0), StringComparison.Ordinal);
        Assert.Equal("large content\n", await LogAsync(system, run, 1));
        Assert.Equal("version https://git-lfs.github.com/spec/v1\n", await LogAsync(system, run, 3));
        Assert.Equal("large content\n", await LogAsync(system, run, 5));
    }

    private static string Url(LiveSystem system, string name) =>
        GitClient.Url(new Uri(system.BaseUrl), $"{LiveSystem.User}/{name}.git", system.Token);

    private static async Task<JsonElement> EndAsync(LiveSystem system, int index)
    {
        JsonElement run = default;
        await LiveSystem.UntilAsync("the run ends", async () =>
        {
            var runs = await system.Client.GetStringAsync($"/api/v1/repos/{LiveSystem.User}/main/runs", Cancellation);
            var list = JsonDocument.Parse(runs).RootElement;
            list = list.ValueKind == JsonValueKind.Array ? list : list.EnumerateObject().First(member => member.Value.ValueKind == JsonValueKind.Array).Value;
            run = list.EnumerateArray().FirstOrDefault(candidate => candidate.GetProperty("run_index").GetInt32() == index);
            return run.ValueKind == JsonValueKind.Object && run.GetProperty("status").GetString() == "completed";
        }, TimeSpan.FromSeconds(120));
        return await system.RunAsync(run.GetProperty("id").GetInt64());
    }

    private static async Task<string> LogAsync(LiveSystem system, JsonElement run, int step)
    {
        var job = run.GetProperty("jobs")[0];
        return await system.Client.GetStringAsync(
            $"/api/v1/jobs/{job.GetProperty("id").GetInt64()}/steps/{job.GetProperty("steps")[step].GetProperty("id").GetInt64()}/logs", Cancellation);
    }
}
