using System.Net;
using System.Text;
using Shithub.Actions.Server.Access;
using Shithub.Actions.Server.Environments;
using Shithub.Actions.Server.Secrets;
using Shithub.Actions.Server.Tests.Protocol;
using Shithub.Actions.Server.Tests.PullRequests;
using Xunit;

namespace Shithub.Actions.Server.Tests.Environments;

public sealed class EnvironmentTests : IAsyncLifetime
{
    private const string Deploy = """
        on: push
        jobs:
          build: { runs-on: ubuntu-latest, steps: [{ run: x }] }
          deploy:
            runs-on: ubuntu-latest
            environment: Production
            steps:
              - run: echo ${{ vars.PLACE }}
                env: { KEY: '${{ secrets.KEY }}', PLACE: '${{ vars.PLACE }}' }
          after: { needs: deploy, runs-on: ubuntu-latest, steps: [{ run: x }] }
        """;

    private Proposals _world = null!;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _world = await Proposals.StartAsync();

    public async ValueTask DisposeAsync() => await _world.DisposeAsync();

    [Fact]
    public async Task A_job_waits_for_a_reviewer_and_then_has_the_environment_s_secrets_and_variables()
    {
        await SetAsync("""{"reviewers":["stranger"]}""");
        var secrets = _world.Server.Get<WorkflowSecrets>();
        await secrets.SetAsync(SecretScope.OfRepository(_world.Base.Id, "production"), "KEY", "of-environment", Cancellation);
        await _world.Server.Get<Variables>().SetAsync(VariableScope.OfRepository(_world.Base.Id), "place", "repository", Cancellation);
        await _world.Server.Get<Variables>().SetAsync(new VariableScope(null, _world.Base.Id, "production"), "PLACE", "environment", Cancellation);
        var run = await PushAsync(Deploy);
        Assert.Equal("build:queued deploy:waiting after:waiting", run.Jobs);
        var runner = await _world.RunnerAsync();
        await (await runner.ClaimAsync()).CompleteAsync();
        Assert.Null(await runner.TryClaimAsync());
        var waiting = await _world.Server.Client.GetStringAsync($"/api/v1/runs/{run.Id}", Cancellation);
        Assert.Contains("Waiting for a review of the environment Production by stranger", waiting, StringComparison.Ordinal);
        Assert.Equal(
            "The job waits for a review of the environment 'Production'. One of its reviewers approves or rejects it on the page of the run: stranger.",
            await ExplainedAsync(run));

        (await ReviewAsync(run, "approve", _world.Host.Writer)).MustBeProblem(HttpStatusCode.Forbidden);
        (await ReviewAsync(run, "approve", _world.Host.Stranger, "other")).MustBeProblem(HttpStatusCode.Conflict);
        (await ReviewAsync(run, "approve", _world.Host.Stranger)).MustBe(HttpStatusCode.OK);
        (await ReviewAsync(run, "approve", _world.Host.Stranger)).MustBe(HttpStatusCode.OK);
        (await ReviewAsync(run, "reject", _world.Host.Stranger)).MustBeProblem(HttpStatusCode.Conflict);
        // Written down once, though it was said twice.
        Assert.Equal(
            $"environment.set:production variable.set:PLACE environment.approve:{_world.Base.FullName} #{run.Id}", await _world.ScalarAsync<string>(
                """
                select string_agg(verb || ':' || coalesce(object_name, '-'), ' ' order by id)
                from audit_log
                where verb like 'environment.%' or (verb = 'variable.set' and details ->> 'environment' is not null)
                """));
        var job = await runner.ClaimAsync();
        Assert.Equal(("deploy", "of-environment"), (job.Job.JobKey, job.Job.Secrets["KEY"]));
        Assert.Equal("environment", job.Job.Contexts!.Values.GetProperty("vars").GetProperty("PLACE").GetString());
        Assert.False(job.Job.Contexts.Values.GetProperty("vars").TryGetProperty("place", out _));
        await job.CompleteAsync();
        await (await runner.ClaimAsync()).CompleteAsync();
        Assert.Equal("success", (await LastAsync()).Conclusion);
    }

    [Fact]
    public async Task A_rejected_job_fails_says_who_rejected_it_and_lets_nothing_after_it_run()
    {
        await SetAsync("""{"reviewers":["stranger","olga"]}""");
        var run = await PushAsync(Deploy);
        (await ReviewAsync(run, "reject", _world.Host.Stranger, body: """{"comment":"not on a Friday"}""")).MustBe(HttpStatusCode.OK);
        (await ReviewAsync(run, "approve", _world.Host.Writer)).MustBeProblem(HttpStatusCode.Conflict);
        Assert.Equal("build:queued deploy:completed after:skipped", (await LastAsync()).Jobs);
        Assert.Contains(
            "stranger rejected it for the environment 'production': not on a Friday",
            await _world.ScalarAsync<string>("select diagnostics::text from workflow_jobs where job_key = 'deploy'"), StringComparison.Ordinal);
        await (await (await _world.RunnerAsync()).ClaimAsync()).CompleteAsync();
        Assert.Equal("failure", (await LastAsync()).Conclusion);
    }

    [Fact]
    public async Task A_wait_ends_by_the_clock_and_a_branch_that_may_not_use_it_fails()
    {
        await SetAsync("""{"wait_minutes":30,"branches":["trunk","refs/tags/v*"]}""");
        var run = await PushAsync(Deploy);
        Assert.Equal("build:queued deploy:waiting after:waiting", run.Jobs);
        Assert.Matches("^The job waits until .*Z, as the environment 'Production' asks. The time passes.$", await ExplainedAsync(run));
        Assert.Contains("Waiting until", await _world.Server.Client.GetStringAsync($"/api/v1/runs/{run.Id}", Cancellation), StringComparison.Ordinal);
        Assert.Equal(0, await _world.Server.Get<EnvironmentKeeper>().SweepAsync(Cancellation));
        await _world.ScalarAsync<int>("update environment_gates set waits_until = now() returning 1");
        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => _world.Server.Get<EnvironmentKeeper>().SweepAsync(Cancellation)));
        Assert.Equal("build:queued deploy:queued after:waiting", (await LastAsync()).Jobs);

        // A branch that is named like a tag is no tag, and the tag is.
        await _world.Owner.RunAsync("push", "--quiet", "origin", "trunk:refs/heads/refs/tags/v1", "trunk:refs/heads/v1");
        Assert.All((await _world.RunsAsync()).TakeLast(2), other => Assert.Equal("build:queued deploy:completed after:skipped", other.Jobs));
        Assert.Contains(
            "may not be used by refs/heads/", await _world.ScalarAsync<string>("select diagnostics::text from workflow_jobs where conclusion = 'failure' limit 1"),
            StringComparison.Ordinal);
        await _world.Owner.RunAsync("tag", "v2");
        await _world.Owner.RunAsync("push", "--quiet", "origin", "refs/tags/v2");
        Assert.Equal("build:queued deploy:waiting after:waiting", (await LastAsync()).Jobs);
    }

    [Fact]
    public async Task A_held_job_keeps_to_its_matrix_and_its_concurrency_group()
    {
        await SetAsync("""{"reviewers":["olga"]}""");
        var run = await PushAsync("""
            on: push
            jobs:
              legs:
                strategy: { max-parallel: 1, matrix: { n: [1, 2] } }
                runs-on: ubuntu-latest
                environment: production
                concurrency: { group: 'leg-${{ matrix.n }}' }
                steps: [{ run: x }]
            """);
        await Until.TrueAsync(async () => await _world.ScalarAsync<long>("select count(*) from environment_gates") >= 1);
        (await ReviewAsync(run, "approve", _world.Host.Writer)).MustBe(HttpStatusCode.OK);
        var runner = await _world.RunnerAsync();
        JobCalls? first = null;
        await Until.TrueAsync(async () => (first ??= await runner.TryClaimAsync()) is not null);
        await first!.CompleteAsync();
        JobCalls? second = null;
        await Until.TrueAsync(async () =>
        {
            await ReviewAsync(run, "approve", _world.Host.Writer);
            return (second ??= await runner.TryClaimAsync()) is not null;
        });
        await second!.CompleteAsync();
        Assert.Equal("success", (await LastAsync()).Conclusion);
    }

    [Fact]
    public async Task A_cancel_and_a_review_at_once_end_in_one_of_both()
    {
        await SetAsync("""{"reviewers":["olga"]}""");
        for (var round = 0; round < 6; round++)
        {
            var run = await PushAsync(Deploy + $"\n# {round}");
            var review = ReviewAsync(run, "approve", _world.Host.Writer);
            (await _world.PostAsync($"/api/v1/runs/{run.Id}/cancel", _world.Host.Writer, "")).MustBe(HttpStatusCode.OK);
            await review;
            Assert.Equal("cancelled", (await LastAsync()).Conclusion);
            Assert.Null(await (await _world.RunnerAsync()).TryClaimAsync());
        }
    }

    [Fact]
    public async Task Rules_are_made_by_admins_and_checked()
    {
        var path = $"/api/v1/repos/{_world.Base.FullName}/environments/Production";
        var admin = await AdminAsync();
        Assert.Equal(HttpStatusCode.Forbidden, (await PutAsync(path, _world.Host.Writer, "{}")).Status);
        (await PutAsync(path, admin, """{"wait_minutes":-1}""")).MustBeProblem(HttpStatusCode.UnprocessableEntity, "wait_minutes");
        (await PutAsync(path, admin, """{"branches":["[a"]}""")).MustBeProblem(HttpStatusCode.UnprocessableEntity, "branches");
        (await PutAsync(path, admin, """{"branches":[]}""")).MustBeProblem(HttpStatusCode.UnprocessableEntity, "branches");
        (await PutAsync(path, admin, """{"reviewers":["nobody"]}""")).MustBeProblem(HttpStatusCode.UnprocessableEntity, "reviewers");
        (await PutAsync(path, admin, """{"wait_minutes":5,"branches":["release/**"],"reviewers":["olga"]}""")).MustBe(HttpStatusCode.OK);
        var listed = await _world.Server.Client.GetStringAsync($"/api/v1/repos/{_world.Base.FullName}/environments", Cancellation);
        Assert.Contains("\"wait_minutes\":5,\"branches\":[\"release/**\"],\"reviewers\":[\"olga\"]", listed, StringComparison.Ordinal);
    }

    /// <summary>What holds the job <c>deploy</c> back, and what would change it.</summary>
    private async Task<string> ExplainedAsync(PulledRun run)
    {
        var job = await _world.ScalarAsync<long>("select id from workflow_jobs where run_id = @Id and job_key = 'deploy'", new { run.Id });
        var obstacle = (await Answer.GetAsync(_world.Server.Client, $"/api/v1/jobs/{job}/explain", null)).MustBe(HttpStatusCode.OK).Json.GetProperty("obstacles")[0];
        Assert.Equal("environment", obstacle.GetProperty("reason").GetString());
        return $"{obstacle.GetProperty("detail").GetString()} {obstacle.GetProperty("remedy").GetString()}";
    }

    private async Task SetAsync(string rules) =>
        (await PutAsync($"/api/v1/repos/{_world.Base.FullName}/environments/production", await AdminAsync(), rules)).MustBe(HttpStatusCode.OK);

    private async Task<string> AdminAsync() =>
        (await _world.Server.Get<AccessTokens>().CreateAsync("olga", "admin", [TokenScopes.Admin], null, Cancellation))!.Token;

    private async Task<Answer> PutAsync(string path, string token, string body)
    {
        using var client = _world.Server.ClientWith(token);
        using var response = await client.PutAsync(path, new StringContent(body, Encoding.UTF8, "application/json"), Cancellation);
        return new Answer(
            response.StatusCode, response.Content.Headers.ContentType?.MediaType, await response.Content.ReadAsStringAsync(Cancellation), response.Headers);
    }

    private Task<Answer> ReviewAsync(PulledRun run, string word, string token, string environment = "production", string body = "") =>
        _world.PostAsync($"/api/v1/runs/{run.Id}/environments/{environment}/{word}", token, body);

    private async Task<PulledRun> PushAsync(string workflow)
    {
        await _world.Owner.CommitAsync(".shithub/workflows/deploy.yml", workflow, "Deploy");
        await _world.Owner.RunAsync("push", "--quiet", "origin", "trunk");
        return await LastAsync();
    }

    private async Task<PulledRun> LastAsync() => (await _world.RunsAsync())[^1];
}
