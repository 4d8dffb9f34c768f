using System.Net;
using Shithub.Actions.Server.Tests.Protocol;
using Xunit;

namespace Shithub.Actions.Server.Tests.PullRequests;

/// <summary>The runbook's "Untrusted-PR secret negative test" and its kin: trust is in whoever is signed in, and in nothing that a commit says.</summary>
public sealed class UntrustedTests : IAsyncLifetime
{
    private static readonly string OfHead = Proposals.Workflow.Replace("of-base", "of-head", StringComparison.Ordinal);

    private Proposals _world = null!;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _world = await Proposals.StartAsync();

    public async ValueTask DisposeAsync() => await _world.DisposeAsync();

    [Fact]
    public async Task A_stranger_s_pull_request_waits_for_approval_and_has_no_secret_before_or_after()
    {
        var stranger = await _world.CloneAsync(_world.Host.Stranger);
        var sha = await stranger.CommitAsync(Proposals.File, OfHead, "Print the secret\n\nPlease.");
        var (exitCode, _, said) = await stranger.TryAsync("push", "origin", "HEAD:refs/for/trunk");
        Assert.True(exitCode == 0, said);
        Assert.Contains("remote: Pull request #1: ", said, StringComparison.Ordinal);
        Assert.Contains("[new reference]", said, StringComparison.Ordinal);
        Assert.Equal(sha, (await _world.Host.Stored(_world.Base).FindAsync("refs/pull/1/head", Cancellation))!.Sha);

        var run = Assert.Single(await _world.RunsAsync());
        Assert.Equal("opened waiting - approval untrusted of-base:waiting", run.Outline);
        Assert.Equal(("refs/pull/1/merge", sha, _world.BaseSha), (run.HeadRef, run.HeadSha, run.WorkflowSha));
        Assert.DoesNotContain("refs/for", await stranger.RunAsync("ls-remote", "origin"), StringComparison.Ordinal);
        Assert.DoesNotContain("refs/incoming", await stranger.RunAsync("ls-remote", "origin"), StringComparison.Ordinal);

        Assert.Equal(
            "1: opened true", await _world.ScalarAsync<string>(
                "select count(*) || ': ' || max(details ->> 'action') || ' ' || max(details ->> 'awaits_approval') from audit_log where verb = 'pull-request.untrusted'"));

        // Nothing to claim before, whatever the author of the pull request asks for.
        var runner = await _world.RunnerAsync();
        Assert.Null(await runner.TryClaimAsync());
        (await _world.ApproveAsync(run.Id, _world.Host.Stranger)).MustBeProblem(HttpStatusCode.Forbidden);
        (await _world.ApproveAsync(run.Id, _world.Host.Reader)).MustBeProblem(HttpStatusCode.Forbidden);
        (await _world.ApproveAsync(run.Id, _world.Host.Writer, $$"""{"head_sha":"{{_world.BaseSha}}"}""")).MustBeProblem(HttpStatusCode.Conflict);
        Assert.Null(await runner.TryClaimAsync());

        var approved = (await _world.ApproveAsync(run.Id, _world.Host.Writer, $$"""{"head_sha":"{{sha}}"}""")).MustBe(HttpStatusCode.OK);
        Assert.Equal(("olga", "queued"), (approved.Json.GetProperty("approved_by").GetString(), approved.Json.GetProperty("run_status").GetString()));
        Assert.Equal("opened queued - - untrusted of-head:queued", Assert.Single(await _world.RunsAsync()).Outline);
        Assert.Equal(
            $"olga {run.Id} {sha}", await _world.ScalarAsync<string>(
                "select actor_name || ' ' || object_id || ' ' || (details ->> 'head_sha') from audit_log where verb = 'run.approve'"));
        var job = await _world.ClaimWithoutSecretsAsync(runner);
        Assert.Equal(("of-head", "pull_request", run.CheckoutSha), (job.Job.JobKey, job.Job.Event, job.Job.HeadSha));
        await job.CompleteAsync();

        // A rerun by somebody who may write is trusted as the original was.
        var again = (await _world.PostAsync($"/api/v1/runs/{run.Id}/rerun", _world.Host.Writer, "")).MustBe(HttpStatusCode.Created);
        Assert.Equal(sha, again.Json.GetProperty("head_sha").GetString());
        Assert.Equal("opened queued - - untrusted of-head:queued", (await _world.RunsAsync())[1].Outline);
        await _world.ClaimWithoutSecretsAsync(runner);
    }

    [Fact]
    public async Task Names_in_commits_are_nobody_s_permission()
    {
        var stranger = await _world.CloneAsync(_world.Host.Stranger);
        await stranger.CommitAsync(Proposals.File, OfHead, "Forged");
        // The base's own commit says who its author is.
        await stranger.RunAsync(
            "-c", "user.name=olga", "-c", "user.email=olga@example.com", "commit", "--quiet", "--amend", "--author=olga <olga@example.com>", "-m",
            "Forged\n\nSigned-off-by: olga <olga@example.com>\nApproved-by: olga");
        await stranger.RunAsync("push", "--quiet", "origin", "HEAD:refs/for/trunk");
        await MustBeHeldThenBareAsync(Assert.Single(await _world.RunsAsync()));
    }

    [Fact]
    public async Task A_fork_that_is_called_like_the_base_is_a_fork()
    {
        // The same repository name, a branch of the same name, and owners' names that look alike.
        var token = await _world.UserAsync("0lga");
        (await _world.PostAsync($"/api/v1/repos/{_world.Base.FullName}/forks", token, """{"name":"shown"}""")).MustBe(HttpStatusCode.Created);
        var fork = (await _world.Server.Get<Server.Repositories.RepositoryStore>().FindAsync("0lga/shown", Cancellation))!;
        Assert.Equal(_world.Base.Id, fork.ForkOf);
        var client = await _world.CloneAsync(token);
        await client.CommitAsync(Proposals.File, OfHead, "From a look-alike");
        await client.RunAsync("push", "--quiet", _world.Host.Url(fork, token), "HEAD:refs/heads/trunk");
        (await _world.PostAsync($"/api/v1/repos/{_world.Base.FullName}/pulls", token, """{"title":"Look-alike","head":"0lga:trunk","base":"trunk"}"""))
            .MustBe(HttpStatusCode.Created);
        await MustBeHeldThenBareAsync(Assert.Single(await _world.RunsAsync()));
    }

    [Theory]
    [InlineData("v1")]
    [InlineData("refs/tags/v1")]
    [InlineData("refs/heads/trunk")]
    public async Task A_branch_that_is_named_like_a_tag_or_another_branch_is_a_branch_of_its_fork(string name)
    {
        await _world.Owner.RunAsync("tag", "v1");
        await _world.Owner.RunAsync("push", "--quiet", "origin", "v1");
        var token = await _world.UserAsync("forker");
        (await _world.PostAsync($"/api/v1/repos/{_world.Base.FullName}/forks", token, "")).MustBe(HttpStatusCode.Created);
        var fork = (await _world.Server.Get<Server.Repositories.RepositoryStore>().FindAsync("forker/shown", Cancellation))!;
        var client = await _world.CloneAsync(token);
        var sha = await client.CommitAsync(Proposals.File, OfHead, "Tagged?");
        await client.RunAsync("push", "--quiet", _world.Host.Url(fork, token), $"HEAD:refs/heads/{name}");
        (await _world.PostAsync(
            $"/api/v1/repos/{_world.Base.FullName}/pulls", token, $$"""{"title":"Tagged","head":"forker/shown:{{name}}","base":"trunk"}"""))
            .MustBe(HttpStatusCode.Created);
        var run = Assert.Single(await _world.RunsAsync());
        Assert.Equal(sha, run.HeadSha);
        await MustBeHeldThenBareAsync(run);
    }

    [Fact]
    public async Task A_pull_request_of_who_may_write_runs_at_once_with_secrets_and_from_their_fork_without()
    {
        var client = await _world.CloneAsync(_world.Host.Writer);
        await client.CommitAsync(Proposals.File, OfHead, "Mine");
        await client.RunAsync("push", "--quiet", "origin", "HEAD:refs/heads/change");
        (await _world.PostAsync($"/api/v1/repos/{_world.Base.FullName}/pulls", _world.Host.Writer, """{"title":"Mine","head":"change"}""")).MustBe(HttpStatusCode.Created);
        Assert.Equal("opened queued - - trusted of-head:queued", Assert.Single(await _world.RunsAsync()).Outline);
        var runner = await _world.RunnerAsync();
        var job = await runner.ClaimAsync();
        Assert.Equal(Proposals.SecretValue, job.Job.Secrets[Proposals.SecretName]);
        Assert.Contains(Proposals.SecretValue, job.Job.MaskValues);

        (await _world.PostAsync($"/api/v1/repos/{_world.Base.FullName}/forks", _world.Host.Writer, """{"name":"shown-too"}""")).MustBe(HttpStatusCode.Created);
        var fork = (await _world.Server.Get<Server.Repositories.RepositoryStore>().FindAsync("olga/shown-too", Cancellation))!;
        await client.RunAsync("push", "--quiet", _world.Host.Url(fork, _world.Host.Writer), "HEAD:refs/heads/change");
        (await _world.PostAsync($"/api/v1/repos/{_world.Base.FullName}/pulls", _world.Host.Writer, """{"title":"Fork","head":"olga/shown-too:change"}"""))
            .MustBe(HttpStatusCode.Created);
        Assert.Equal("opened queued - - untrusted of-head:queued", (await _world.RunsAsync())[1].Outline);
        await _world.ClaimWithoutSecretsAsync(runner);
    }

    [Fact]
    public async Task A_stranger_who_proposes_the_owner_s_branch_is_a_stranger_also_when_the_owner_pushes_to_it()
    {
        var owner = await _world.CloneAsync(_world.Host.Writer);
        await owner.CommitAsync("a.txt", "a", "Owner's");
        await owner.RunAsync("push", "--quiet", "origin", "HEAD:refs/heads/change");
        (await _world.PostAsync($"/api/v1/repos/{_world.Base.FullName}/pulls", _world.Host.Stranger, """{"title":"$(id)","head":"change"}""")).MustBe(HttpStatusCode.Created);
        await owner.CommitAsync("a.txt", "b", "Owner's again");
        await owner.RunAsync("push", "--quiet", "origin", "HEAD:refs/heads/change");
        Assert.Equal(
            ["opened cancelled cancelled approval untrusted of-base:cancelled", "synchronize waiting - approval untrusted of-base:waiting"],
            (await _world.RunsAsync()).Select(run => run.Outline));
    }

    [Fact]
    public async Task A_workflow_that_only_the_pull_request_has_waits_too_and_one_that_it_removes_runs_as_the_base_has_it()
    {
        var stranger = await _world.CloneAsync(_world.Host.Stranger);
        await stranger.RunAsync("rm", "--quiet", Proposals.File);
        await stranger.CommitAsync(".shithub/workflows/new.yml", OfHead.Replace("name: Pull", "name: New", StringComparison.Ordinal), "Other files");
        await stranger.RunAsync("push", "--quiet", "origin", "HEAD:refs/for/trunk");
        var runs = await _world.RunsAsync();
        Assert.Equal([Proposals.File, ".shithub/workflows/new.yml"], runs.Select(run => run.WorkflowFile));
        Assert.All(runs, run => Assert.Equal(("waiting", "approval"), (run.Status, run.Hold)));
        foreach (var run in runs)
            (await _world.ApproveAsync(run.Id, _world.Host.Writer)).MustBe(HttpStatusCode.OK);
        Assert.Equal(["of-base:queued", "of-head:queued"], (await _world.RunsAsync()).Select(run => run.Jobs));
    }

    [Fact]
    public async Task Nothing_of_it_runs_or_stands_in_others_way_before_the_approval()
    {
        await using var world = await Proposals.StartAsync("""
            on: pull_request
            concurrency: { group: deploy, cancel-in-progress: true }
            jobs:
              first: { runs-on: ubuntu-latest, steps: [{ run: x }] }
              always: { if: always(), needs: first, runs-on: ubuntu-latest, steps: [{ run: x }] }
            """);
        var owner = await world.CloneAsync(world.Host.Writer);
        await owner.CommitAsync("a.txt", "a", "Owner's");
        await owner.RunAsync("push", "--quiet", "origin", "HEAD:refs/for/trunk");
        var stranger = await world.CloneAsync(world.Host.Stranger);
        await stranger.CommitAsync("b.txt", "b", "Stranger's");
        await stranger.RunAsync("push", "--quiet", "origin", "HEAD:refs/for/trunk");
        var runs = await world.RunsAsync();
        await Until.TrueAsync(async () => (await world.RunsAsync())[0].Status == "queued");
        Assert.Equal(1, await world.ScalarAsync<long>("select count(*) from concurrency_members"));

        // Cancelled instead: a condition 'always()' of somebody who is not trusted counts for nothing.
        (await world.PostAsync($"/api/v1/runs/{runs[1].Id}/cancel", world.Host.Writer, "")).MustBe(HttpStatusCode.OK);
        Assert.Equal("opened cancelled cancelled approval untrusted first:cancelled always:cancelled", (await world.RunsAsync())[1].Outline);
        (await world.ApproveAsync(runs[1].Id, world.Host.Writer)).MustBeProblem(HttpStatusCode.Conflict);

        // Run again, it asks again; approved, it takes its place in the group.
        (await world.PostAsync($"/api/v1/runs/{runs[1].Id}/rerun", world.Host.Writer, "")).MustBe(HttpStatusCode.Created);
        var again = (await world.RunsAsync())[2];
        Assert.Equal("opened waiting - approval untrusted first:waiting always:waiting", again.Outline);
        (await world.ApproveAsync(again.Id, world.Host.Writer)).MustBe(HttpStatusCode.OK);
        await Until.TrueAsync(async () => (await world.RunsAsync()) is [{ Conclusion: "cancelled" }, _, { Status: "queued", Hold: "-" }]);
    }

    [Theory]
    [InlineData("refs/heads/trunk")]
    [InlineData("refs/heads/new")]
    [InlineData("refs/tags/v9")]
    [InlineData("refs/pull/1/head")]
    [InlineData("refs/incoming/0123")]
    [InlineData("refs/for/nowhere")]
    public async Task A_stranger_pushes_nowhere_else(string name)
    {
        var stranger = await _world.CloneAsync(_world.Host.Stranger);
        await stranger.CommitAsync("a.txt", "a", "Elsewhere");
        var before = await stranger.RunAsync("ls-remote", "origin");
        var (exitCode, _, error) = await stranger.TryAsync("push", "origin", $"HEAD:{name}");
        Assert.NotEqual(0, exitCode);
        Assert.Contains("remote rejected", error, StringComparison.Ordinal);
        Assert.NotEqual(0, (await stranger.TryAsync("push", "origin", "HEAD:refs/for/trunk", $"HEAD:{name}")).ExitCode);
        Assert.NotEqual(0, (await stranger.TryAsync("push", "origin", ":refs/for/trunk")).ExitCode);
        Assert.Equal(before, await stranger.RunAsync("ls-remote", "origin"));
        Assert.Empty(await _world.RunsAsync());
    }

    [Fact]
    public async Task Who_may_not_even_read_proposes_nothing()
    {
        var stranger = await _world.CloneAsync(_world.Host.Stranger);
        await stranger.CommitAsync("a.txt", "a", "Private?");
        Assert.Contains("not found", (await stranger.TryAsync("push", _world.Host.Url(_world.Host.Private, _world.Host.Stranger), "HEAD:refs/for/trunk")).Error, StringComparison.OrdinalIgnoreCase);
        Assert.NotEqual(0, (await stranger.TryAsync("push", _world.Host.Url(_world.Base, null), "HEAD:refs/for/trunk")).ExitCode);
        Assert.NotEqual(0, (await stranger.TryAsync("push", _world.Host.Url(_world.Base, _world.Host.Reader), "HEAD:refs/for/trunk")).ExitCode);
        (await _world.PostAsync($"/api/v1/repos/{_world.Host.Private.FullName}/pulls", _world.Host.Stranger, """{"title":"x","head":"trunk"}""")).MustBeProblem(HttpStatusCode.NotFound);
        (await _world.PostAsync($"/api/v1/repos/{_world.Host.Private.FullName}/forks", _world.Host.Stranger, "")).MustBeProblem(HttpStatusCode.NotFound);
        // A private repository is no fork of a public one, so its commits can't be pulled into it by name.
        (await _world.PostAsync($"/api/v1/repos/{_world.Base.FullName}/pulls", _world.Host.Stranger, """{"title":"x","head":"olga/hidden:trunk"}"""))
            .MustBeProblem(HttpStatusCode.UnprocessableEntity, "head");
    }

    private async Task MustBeHeldThenBareAsync(PulledRun run)
    {
        Assert.Equal("opened waiting - approval untrusted of-base:waiting", run.Outline);
        var runner = await _world.RunnerAsync();
        Assert.Null(await runner.TryClaimAsync());
        (await _world.ApproveAsync(run.Id, _world.Host.Writer)).MustBe(HttpStatusCode.OK);
        Assert.Equal("of-head", (await _world.ClaimWithoutSecretsAsync(runner)).Job.JobKey);
    }
}
