using Dapper;
using Shithub.Actions.Server.Access;
using Shithub.Actions.Server.Database;
using Shithub.Actions.Server.Repositories;
using Shithub.Actions.Server.Secrets;
using Shithub.Actions.Server.Tests.Repositories;
using Shithub.Actions.Server.Triggers;
using Shithub.Actions.Testing;
using Xunit;

namespace Shithub.Actions.Server.Tests.Triggers;

public sealed class TriggerTests : IAsyncLifetime
{
    private const string Smoke = """
        name: Smoke
        on:
          push:
            branches: [trunk]
        jobs:
          green:
            runs-on: ubuntu-latest
            steps:
              - run: echo ${{ github.run_number }}-${{ github.run_id }} ${{ vars.GREETING }}
        """;

    private GitHost _host = null!;
    private GitClient _client = null!;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _host = await GitHost.StartAsync();
        _client = await _host.ClientAsync(_host.Private, _host.Writer);
    }

    public async ValueTask DisposeAsync() => await _host.DisposeAsync();

    [Fact]
    public async Task A_push_becomes_a_queued_run()
    {
        await _host.Server.Get<Variables>().SetAsync(VariableScope.Site, "greeting", "site", Cancellation);
        await _host.Server.Get<Variables>().SetAsync(VariableScope.OfRepository(_host.Private.Id), "GREETING", "hello", Cancellation);
        var sha = await _client.CommitAsync(".shithub/workflows/smoke.yml", Smoke, "Add smoke\n\nWith a body");
        await _client.RunAsync("push", "--quiet", "origin", "trunk");
        var run = Assert.Single(await ProcessedRunsAsync());
        Assert.Equal(("Smoke", ".shithub/workflows/smoke.yml", "queued", 1), (run.WorkflowName, run.WorkflowFile, run.Status, run.RunIndex));
        Assert.Equal((sha, "refs/heads/trunk", "Add smoke", "push"), (run.HeadSha, run.HeadRef, run.Title, run.Event));
        await using var connection = await _host.Server.Database.DataSource.OpenConnectionAsync(Cancellation);
        var name = await connection.ExecuteScalarAsync<string>(
            "select s.name from workflow_steps s join workflow_jobs j on j.id = s.job_id where j.run_id = @Id", new { run.Id });
        Assert.Equal($"Run echo 1-{run.Id} hello", name);
    }

    [Fact]
    public async Task A_repository_that_is_set_to_it_runs_GitHub_s_folder_until_it_has_its_own()
    {
        await _client.CommitAsync(".github/workflows/smoke.yml", Smoke, "One");
        await _client.RunAsync("push", "--quiet", "origin", "trunk");
        Assert.Empty(await ProcessedRunsAsync());
        await _host.Server.Get<RepositoryStore>().SetGitHubWorkflowsAsync(_host.Private.Id, true, Cancellation);
        await _client.CommitAsync("README.md", "x", "Two");
        await _client.RunAsync("push", "--quiet", "origin", "trunk");
        Assert.Equal(".github/workflows/smoke.yml", Assert.Single(await ProcessedRunsAsync()).WorkflowFile);
        await _client.CommitAsync(".shithub/workflows/own.yml", Smoke, "Three");
        await _client.RunAsync("push", "--quiet", "origin", "trunk");
        Assert.Equal([".github/workflows/smoke.yml", ".shithub/workflows/own.yml"], (await ProcessedRunsAsync()).Select(run => run.WorkflowFile).Order());
    }

    [Fact]
    public async Task Only_workflows_that_want_the_push_run()
    {
        await _client.CommitAsync(".shithub/workflows/smoke.yml", Smoke, "One");
        await _client.CommitAsync(".shithub/workflows/tags.yaml", Smoke.Replace("branches: [trunk]", "tags: ['v*']", StringComparison.Ordinal), "Two");
        await _client.CommitAsync(".shithub/workflows/not-a-workflow.txt", "x", "Three");
        await _client.CommitAsync(".shithub/workflows/below/other.yml", Smoke, "Four");
        await _client.RunAsync("push", "--quiet", "origin", "trunk:topic");
        Assert.Empty(await ProcessedRunsAsync());
        await _client.RunAsync("tag", "-a", "v1", "-m", "v1");
        await _client.RunAsync("push", "--quiet", "origin", "v1");
        Assert.Equal("refs/tags/v1", Assert.Single(await ProcessedRunsAsync()).HeadRef);
    }

    [Fact]
    public async Task Path_filters_see_what_the_push_changed()
    {
        await _client.CommitAsync(
            ".shithub/workflows/docs.yml",
            Smoke.Replace("branches: [trunk]", "paths: ['docs/**', '!docs/ünïcode \"quoted\".md']", StringComparison.Ordinal), "One");
        await _client.RunAsync("push", "--quiet", "origin", "trunk");
        // The first push of the first branch has nothing to be compared with, so all of it counts.
        Assert.Single(await ProcessedRunsAsync());
        await _client.CommitAsync("src/a.c", "x", "Two");
        await _client.CommitAsync("docs/ünïcode \"quoted\".md", "x", "Three");
        await _client.RunAsync("push", "--quiet", "origin", "trunk");
        Assert.Single(await ProcessedRunsAsync());
        await _client.CommitAsync("docs/a.md", "x", "Four");
        await _client.CommitAsync("src/b.c", "x", "Five");
        await _client.RunAsync("push", "--quiet", "origin", "trunk");
        Assert.Equal(2, (await ProcessedRunsAsync()).Count);
        // A new branch is compared with where it left the default branch.
        await _client.CommitAsync("src/c.c", "x", "Six");
        await _client.RunAsync("push", "--quiet", "origin", "trunk:topic");
        Assert.Equal(2, (await ProcessedRunsAsync()).Count);
    }

    [Fact]
    public async Task A_broken_workflow_fails_where_it_would_have_run_and_says_why()
    {
        await _client.CommitAsync(".shithub/workflows/a.yml", Smoke.Replace("runs-on", "run-on", StringComparison.Ordinal), "One");
        await _client.CommitAsync(".shithub/workflows/b.yml", "on: [pussh]\njobs: {}\n", "Two");
        await _client.CommitAsync(".shithub/workflows/c.yml", new string('#', 70_000), "Three");
        await _client.RunAsync("push", "--quiet", "origin", "trunk:topic");
        // a.yml wants trunk only, and that much of it is readable.
        Assert.Equal(
            [".shithub/workflows/b.yml", ".shithub/workflows/c.yml"],
            (await ProcessedRunsAsync()).Select(run => run.WorkflowFile).Order());
        await _client.RunAsync("push", "--quiet", "origin", "trunk");
        var broken = Assert.Single(await ProcessedRunsAsync(), run => run.WorkflowFile.EndsWith("a.yml", StringComparison.Ordinal));
        Assert.Equal(("completed", "failure"), (broken.Status, broken.Conclusion));
        Assert.Contains("run-on", broken.Diagnostics, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_event_that_many_servers_take_at_once_makes_one_run()
    {
        await _client.CommitAsync(".shithub/workflows/smoke.yml", Smoke, "One");
        await _client.RunAsync("push", "--quiet", "origin", "trunk");
        await ProcessedRunsAsync();
        await using var connection = await _host.Server.Database.DataSource.OpenConnectionAsync(Cancellation);
        var process = _host.Server.Get<ProcessEvent>();
        for (var round = 0; round < 5; round++)
        {
            // As if the server had been killed after the runs were committed elsewhere, or in the middle of it.
            await connection.ExecuteAsync("update trigger_events set processed_at = null, not_before = now()");
            await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => process.NextAsync(Cancellation)));
        }

        Assert.Equal(1, Assert.Single(await ProcessedRunsAsync()).RunIndex);
    }

    [Fact]
    public async Task A_poisoned_event_is_given_up_with_its_error_and_holds_up_nobody()
    {
        await _client.CommitAsync(".shithub/workflows/smoke.yml", Smoke, "One");
        await using var connection = await _host.Server.Database.DataSource.OpenConnectionAsync(Cancellation);
        var id = Guid.CreateVersion7();
        await connection.ExecuteAsync(
            """
            insert into trigger_events (id, repo_id, event, ref, head_sha, payload, attempts)
            values (@id, @repo, 'push', 'refs/heads/trunk', repeat('1', 40), '{}', @attempts)
            """,
            new { id, repo = _host.Private.Id, attempts = ProcessEvent.AttemptsMax - 1 });
        await _client.RunAsync("push", "--quiet", "origin", "trunk");
        Assert.Single(await ProcessedRunsAsync());
        Assert.Contains("ls-tree", await connection.ExecuteScalarAsync<string>("select error from trigger_events where id = @id", new { id }), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_failed_attempt_is_repeated_after_a_pause()
    {
        await _client.CommitAsync(".shithub/workflows/smoke.yml", Smoke, "One");
        var folder = _host.Stored(_host.Private).Path;
        await _client.RunAsync("push", "--quiet", "origin", "trunk");
        await ProcessedRunsAsync();
        await using var connection = await _host.Server.Database.DataSource.OpenConnectionAsync(Cancellation);
        Directory.Move(folder, folder + ".away");
        await connection.ExecuteAsync("delete from workflow_runs; update trigger_events set processed_at = null, attempts = 0, not_before = now()");
        _host.Server.Get<Notifications>().Signal(Topic.Trigger);
        await UntilAsync(async () => await connection.ExecuteScalarAsync<bool>("select error is not null from trigger_events"));
        Assert.True(await connection.ExecuteScalarAsync<bool>("select processed_at is null and not_before > now() from trigger_events"));
        Directory.Move(folder + ".away", folder);
        await connection.ExecuteAsync("update trigger_events set not_before = now()");
        Assert.Single(await ProcessedRunsAsync());
        Assert.True(await connection.ExecuteScalarAsync<bool>("select error is null from trigger_events"));
    }

    [Theory]
    [InlineData("repository")]
    [InlineData("owner")]
    [InlineData("site")]
    public async Task Where_actions_are_off_a_push_starts_nothing(string level)
    {
        var policy = _host.Server.Get<ActionsPolicy>();
        await (level switch
        {
            "repository" => policy.SetRepositoryAsync(_host.Private.Id, false, Cancellation),
            "owner" => policy.SetOwnerAsync(_host.Private.OwnerId, false, Cancellation),
            _ => policy.SetSiteAsync(false, Cancellation),
        });
        await _client.CommitAsync(".shithub/workflows/smoke.yml", Smoke, "One");
        await _client.RunAsync("push", "--quiet", "origin", "trunk");
        Assert.Empty(await ProcessedRunsAsync());
    }

    private async Task<IReadOnlyList<RunRow>> ProcessedRunsAsync()
    {
        await using var connection = await _host.Server.Database.DataSource.OpenConnectionAsync(Cancellation);
        await UntilAsync(async () => await connection.ExecuteScalarAsync<bool>(
            "select not exists (select from trigger_events where processed_at is null)"));
        return [.. await connection.QueryAsync<RunRow>("select * from workflow_runs order by id")];
    }

    private static async Task UntilAsync(Func<Task<bool>> condition)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        deadline.CancelAfter(TimeSpan.FromSeconds(60));
        while (!await condition())
            await Task.Delay(20, deadline.Token);
    }

    private sealed class RunRow
    {
        public long Id { get; init; }

        public int RunIndex { get; init; }

        public string WorkflowFile { get; init; } = "";

        public string WorkflowName { get; init; } = "";

        public string Title { get; init; } = "";

        public string Event { get; init; } = "";

        public string HeadSha { get; init; } = "";

        public string HeadRef { get; init; } = "";

        public string Status { get; init; } = "";

        public string? Conclusion { get; init; }

        public string Diagnostics { get; init; } = "";
    }
}
