using System.Net;
using System.Text.Json;
using Dapper;
using Shithub.Actions.Server.Repositories;
using Shithub.Actions.Testing;
using Xunit;

namespace Shithub.Actions.Server.Tests.PullRequests;

public sealed class PullRequestEventTests : IAsyncLifetime
{
    private Proposals _world = null!;
    private GitClient _stranger = null!;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private string Pulls => $"/api/v1/repos/{_world.Base.FullName}/pulls";

    public async ValueTask InitializeAsync()
    {
        _world = await Proposals.StartAsync();
        _stranger = await _world.CloneAsync(_world.Host.Stranger);
    }

    public async ValueTask DisposeAsync() => await _world.DisposeAsync();

    [Fact]
    public async Task A_second_push_to_the_same_place_is_the_same_pull_request_and_asks_again()
    {
        await PushAsync("One", "refs/for/trunk");
        var first = Assert.Single(await _world.RunsAsync());
        await PushAsync("Two", "refs/for/trunk");
        await _stranger.RunAsync("push", "--quiet", "origin", "HEAD:refs/for/trunk");
        Assert.Equal("opened synchronize", await _world.ActionsAsync());
        var runs = await _world.RunsAsync();
        Assert.Equal(
            ["opened cancelled cancelled approval untrusted of-base:cancelled", "synchronize waiting - approval untrusted of-base:waiting"],
            runs.Select(run => run.Outline));
        (await _world.ApproveAsync(first.Id, _world.Host.Writer)).MustBeProblem(HttpStatusCode.Conflict);
        // Another topic, and another person, are other pull requests.
        await _stranger.RunAsync("push", "--quiet", "origin", "HEAD:refs/for/trunk/colour");
        var owner = await _world.CloneAsync(_world.Host.Writer);
        await owner.CommitAsync("c.txt", "c", "Owner's");
        await owner.RunAsync("push", "--quiet", "origin", "HEAD:refs/for/trunk");
        await _world.SettledAsync();
        Assert.Equal("opened synchronize opened opened", await _world.ActionsAsync());
        var listed = JsonDocument.Parse(await _world.Server.Client.GetStringAsync(Pulls, Cancellation)).RootElement.GetProperty("pull_requests");
        Assert.Equal(
            ["3 olga for/trunk", "2 stranger for/trunk/colour", "1 stranger for/trunk"],
            listed.EnumerateArray().Select(pull =>
                $"{pull.GetProperty("number")} {pull.GetProperty("author")} {pull.GetProperty("head").GetProperty("ref")}"));
    }

    [Fact]
    public async Task A_pull_request_whose_branch_is_deleted_is_closed()
    {
        var owner = await _world.CloneAsync(_world.Host.Writer);
        await owner.CommitAsync("c.txt", "c", "Topic");
        await owner.RunAsync("push", "--quiet", "origin", "HEAD:refs/heads/topic");
        (await _world.PostAsync(Pulls, _world.Host.Writer, """{"title":"Topic","head":"topic","base":"trunk"}""")).MustBe(System.Net.HttpStatusCode.Created);
        await owner.RunAsync("push", "--quiet", "origin", ":refs/heads/topic");
        await _world.SettledAsync();
        Assert.Equal("opened closed", await _world.ActionsAsync());
        Assert.Equal("closed", await _world.ScalarAsync<string>("select state from pull_requests"));
    }

    [Fact]
    public async Task The_payload_and_the_contexts_are_GitHub_s()
    {
        var sha = await PushAsync("Title\n\nBody", "refs/for/trunk/topic");
        var run = Assert.Single(await _world.RunsAsync());
        var payload = JsonDocument.Parse((await _world.ScalarAsync<string>("select event_payload::text from workflow_runs"))!).RootElement;
        var pull = payload.GetProperty("pull_request");
        Assert.Equal(
            ("opened", 1, "Title", "Body", "stranger", "for/trunk/topic", sha, "trunk", _world.BaseSha),
            (payload.GetProperty("action").GetString(), payload.GetProperty("number").GetInt32(), pull.GetProperty("title").GetString(),
                pull.GetProperty("body").GetString(), pull.GetProperty("user").GetProperty("login").GetString(),
                pull.GetProperty("head").GetProperty("ref").GetString(), pull.GetProperty("head").GetProperty("sha").GetString(),
                pull.GetProperty("base").GetProperty("ref").GetString(), pull.GetProperty("base").GetProperty("sha").GetString()));
        var github = JsonDocument.Parse((await _world.ScalarAsync<string>("select github::text from workflow_run_definitions"))!).RootElement;
        Assert.Equal(
            ("for/trunk/topic", "trunk", "refs/pull/1/merge", "1/merge", run.CheckoutSha, _world.BaseSha),
            (github.GetProperty("head_ref").GetString(), github.GetProperty("base_ref").GetString(), github.GetProperty("ref").GetString(),
                github.GetProperty("ref_name").GetString(), github.GetProperty("sha").GetString(), github.GetProperty("workflow_sha").GetString()));
        // The merge has both as parents, and what a clone finds.
        var merge = await _world.Host.Stored(_world.Base).ReadCommitsAsync(run.CheckoutSha!, null, 1, Cancellation);
        Assert.Equal($"Merge {sha} into {_world.BaseSha}\n", merge[0].Message + "\n");
        Assert.Contains($"{run.CheckoutSha}\trefs/pull/1/merge", await _stranger.RunAsync("ls-remote", "origin"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_head_that_conflicts_with_its_base_is_checked_out_by_itself()
    {
        await _world.Owner.CommitAsync("README.md", "Theirs\n", "Base moves");
        await _world.Owner.RunAsync("push", "--quiet", "origin", "trunk");
        await _stranger.CommitAsync("README.md", "Ours\n", "Conflict");
        await _stranger.RunAsync("push", "--quiet", "origin", "HEAD:refs/for/trunk");
        var run = Assert.Single(await _world.RunsAsync());
        Assert.Equal(("refs/pull/1/head", null), (run.HeadRef, run.CheckoutSha));
    }

    [Fact]
    public async Task Filters_of_base_branches_paths_and_types_hold()
    {
        await using var world = await Proposals.StartAsync("""
            on:
              pull_request: { branches: ['release/**'], paths: ['docs/**'], types: [opened] }
            jobs:
              docs: { runs-on: ubuntu-latest, steps: [{ run: x }] }
            """);
        await world.Owner.RunAsync("push", "--quiet", "origin", "trunk:refs/heads/release/1.0");
        var client = await world.CloneAsync(world.Host.Writer);
        await client.CommitAsync("docs/a.md", "a", "Docs");
        await client.RunAsync("push", "--quiet", "origin", "HEAD:refs/for/trunk");
        Assert.Empty(await world.RunsAsync());
        await client.RunAsync("push", "--quiet", "origin", "HEAD:refs/for/release/1.0/topic/with/slashes");
        Assert.Single(await world.RunsAsync());
        await client.CommitAsync("docs/b.md", "b", "More docs");
        await client.RunAsync("push", "--quiet", "origin", "HEAD:refs/for/release/1.0/topic/with/slashes");
        Assert.Single(await world.RunsAsync());
        await client.RunAsync("reset", "--quiet", "--hard", "HEAD~2");
        await client.CommitAsync("src/a.c", "a", "Source");
        await client.RunAsync("push", "--quiet", "origin", "HEAD:refs/for/release/1.0");
        Assert.Single(await world.RunsAsync());
    }

    [Fact]
    public async Task Closing_reopening_editing_and_merging_are_events_once()
    {
        await PushAsync("One", "refs/for/trunk");
        await _world.SettledAsync();
        var other = await _world.UserAsync("other");
        (await _world.PatchAsync($"{Pulls}/1", other, """{"state":"closed"}""")).MustBeProblem(HttpStatusCode.Forbidden);
        (await _world.PatchAsync($"{Pulls}/1", _world.Host.Stranger, """{"state":"closed"}""")).MustBe(HttpStatusCode.OK);
        (await _world.PatchAsync($"{Pulls}/1", _world.Host.Stranger, """{"state":"closed"}""")).MustBe(HttpStatusCode.OK);
        Assert.Equal(
            ["opened cancelled cancelled approval untrusted of-base:cancelled", "closed waiting - approval untrusted of-base:waiting"],
            (await _world.RunsAsync()).Select(run => run.Outline));
        (await _world.PatchAsync($"{Pulls}/1", _world.Host.Writer, """{"state":"open"}""")).MustBe(HttpStatusCode.OK);
        (await _world.PatchAsync($"{Pulls}/1", _world.Host.Stranger, """{"title":"Better"}""")).MustBe(HttpStatusCode.OK);
        await _world.SettledAsync();
        Assert.Equal("opened closed reopened edited", await _world.ActionsAsync());

        await _world.Owner.RunAsync("fetch", "--quiet", "origin", "refs/pull/1/head");
        await _world.Owner.RunAsync("merge", "--quiet", "--no-ff", "-m", "Merge", "FETCH_HEAD");
        await _world.Owner.RunAsync("push", "--quiet", "origin", "trunk");
        await _world.SettledAsync();
        Assert.Equal("opened closed reopened edited closed", await _world.ActionsAsync());
        Assert.Equal("merged", await _world.ScalarAsync<string>("select state from pull_requests"));
        (await _world.PatchAsync($"{Pulls}/1", _world.Host.Writer, """{"state":"open"}""")).MustBeProblem(HttpStatusCode.Conflict);
    }

    [Fact]
    public async Task A_fork_s_branch_moves_its_pull_request_and_what_it_lacks_is_refused()
    {
        (await _world.PostAsync($"/api/v1/repos/{_world.Base.FullName}/forks", _world.Host.Stranger, "")).MustBe(HttpStatusCode.Created);
        var fork = (await _world.Server.Get<RepositoryStore>().FindAsync("stranger/shown", Cancellation))!;
        var url = _world.Host.Url(fork, _world.Host.Stranger);
        const string Open = """{"title":"Fork","body":"text","head":"stranger:change","base":"trunk"}""";
        (await _world.PostAsync(Pulls, _world.Host.Stranger, Open)).MustBeProblem(HttpStatusCode.UnprocessableEntity, "head");
        await _stranger.RunAsync("push", "--quiet", url, "HEAD:refs/heads/change");
        (await _world.PostAsync(Pulls, _world.Host.Stranger, Open)).MustBeProblem(HttpStatusCode.UnprocessableEntity, "head");
        await _stranger.CommitAsync("a.txt", "a", "One");
        await _stranger.RunAsync("push", "--quiet", url, "HEAD:refs/heads/change");
        (await _world.PostAsync(Pulls, null!, Open)).MustBe(HttpStatusCode.Unauthorized);
        (await _world.PostAsync(Pulls, _world.Host.Stranger, Open)).MustBe(HttpStatusCode.Created);
        (await _world.PostAsync(Pulls, _world.Host.Stranger, Open)).MustBeProblem(HttpStatusCode.Conflict);
        var sha = await _stranger.CommitAsync("a.txt", "b", "Two");
        await _stranger.RunAsync("push", "--quiet", url, "HEAD:refs/heads/change", "HEAD:refs/heads/unrelated");
        await _world.SettledAsync();
        Assert.Equal("opened synchronize", await _world.ActionsAsync());
        Assert.Equal(sha, (await _world.Host.Stored(_world.Base).FindAsync("refs/pull/1/head", Cancellation))!.Sha);
        var runs = await _world.RunsAsync();
        Assert.Equal(sha, runs[^1].HeadSha);
        // The fork's own push events are the fork's.
        Assert.All(runs, run => Assert.Equal("pull_request", run.Event));
        // A fork that is gone leaves what it brought.
        await _world.Server.Get<RepositoryStore>().DeleteAsync(fork.Id, Cancellation);
        (await _world.ApproveAsync(runs[^1].Id, _world.Host.Writer)).MustBe(HttpStatusCode.OK);
    }

    [Fact]
    public async Task Whatever_is_repeated_or_lost_each_push_is_one_event_and_each_event_one_run()
    {
        await PushAsync("One", "refs/for/trunk");
        await _world.SettledAsync();
        await PushAsync("Two", "refs/for/trunk");
        await _world.SettledAsync();
        // As if every server had been killed between git and the settlement, and between an event and the mark that it was processed.
        await using var connection = await _world.Server.Database.DataSource.OpenConnectionAsync(Cancellation);
        var pushes = (await connection.QueryAsync<Guid>("select id from pushes where repo_id = @Id order by id", new { _world.Base.Id })).AsList();
        await Task.WhenAll(Enumerable.Range(0, 20).Select(number =>
            (Task)_world.Server.Get<SettlePush>().ExecuteAsync(pushes[number % pushes.Count], gitHasEnded: number % 2 == 0, Cancellation)));
        await connection.ExecuteAsync("update trigger_events set processed_at = null, not_before = now()");
        await _world.SettledAsync();
        Assert.Equal("opened synchronize", await _world.ActionsAsync());
        Assert.Equal(2, (await _world.RunsAsync()).Count);
    }

    [Fact]
    public async Task A_proposal_whose_server_is_killed_before_it_settles_is_settled_by_another()
    {
        // What is left when the server dies between git and the settlement: the push is written down, its ref is there.
        var sha = await _stranger.CommitAsync("a.txt", "a", "Orphan");
        await _stranger.RunAsync("push", "--quiet", _world.Host.Url(_world.Base, _world.Host.Writer), "HEAD:refs/heads/objects");
        await _world.Owner.RunAsync("push", "--quiet", "origin", ":refs/heads/objects");
        await using var connection = await _world.Server.Database.DataSource.OpenConnectionAsync(Cancellation);
        var actor = await connection.ExecuteScalarAsync<long>("select id from owners where name = 'stranger'");
        var (push, command) = await _world.Server.Get<RecordPush>().BeginAsync(
            _world.Base.Id, actor, new Server.PullRequests.Proposal("trunk", null), sha, mayWrite: false, Cancellation);
        await _stranger.RunAsync("--git-dir", _world.Host.Stored(_world.Base).Path, "update-ref", command.Ref, sha);
        await _world.Server.Get<PushSweeper>().SweepAsync(TimeSpan.Zero, Cancellation);
        await _world.Server.Get<PushSweeper>().SweepAsync(TimeSpan.Zero, Cancellation);
        Assert.Equal("opened waiting - approval untrusted of-base:waiting", Assert.Single(await _world.RunsAsync()).Outline);
        Assert.Equal("recorded", await connection.ExecuteScalarAsync<string>("select state from pushes where id = @push", new { push }));
        Assert.Null(await _world.Host.Stored(_world.Base).FindAsync(command.Ref, Cancellation));
    }

    [Fact]
    public async Task The_check_run_of_a_pull_request_agrees_with_its_run()
    {
        await PushAsync("One", "refs/for/trunk");
        var run = Assert.Single(await _world.RunsAsync());
        var checks = JsonDocument.Parse(await _world.Server.Client.GetStringAsync($"{Pulls}/1/checks", Cancellation)).RootElement;
        Assert.Equal("queued", checks.GetProperty("check_runs")[0].GetProperty("status").GetString());
        (await _world.ApproveAsync(run.Id, _world.Host.Writer)).MustBe(HttpStatusCode.OK);
        await (await (await _world.RunnerAsync()).ClaimAsync()).CompleteAsync();
        checks = JsonDocument.Parse(await _world.Server.Client.GetStringAsync($"{Pulls}/1/checks", Cancellation)).RootElement;
        Assert.Equal("success", checks.GetProperty("check_runs")[0].GetProperty("conclusion").GetString());
    }

    private async Task<string> PushAsync(string message, string to)
    {
        var sha = await _stranger.CommitAsync("change.txt", message, message);
        await _stranger.RunAsync("push", "--quiet", "origin", $"HEAD:{to}");
        return sha;
    }
}
