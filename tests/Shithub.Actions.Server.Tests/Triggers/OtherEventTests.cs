using System.Net;
using System.Text.Json;
using Shithub.Actions.Server.Tests.PullRequests;
using Shithub.Actions.Server.Triggers;
using Xunit;

namespace Shithub.Actions.Server.Tests.Triggers;

/// <summary>Events that no push brings: clocks, programs, and other runs.</summary>
public sealed class OtherEventTests : IAsyncLifetime
{
    private Proposals _world = null!;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _world = await Proposals.StartAsync();

    public async ValueTask DisposeAsync() => await _world.DisposeAsync();

    [Fact]
    public async Task A_schedule_comes_once_from_the_default_branch_however_many_servers_look_and_however_late()
    {
        await PushAsync("nightly.yml", """
            on:
              schedule:
                - cron: '0 3 * * *'
                  timezone: Europe/Berlin
                - cron: '30 5 1 1 *'
            jobs:
              night: { runs-on: ubuntu-latest, steps: [{ run: 'echo ${{ github.event.schedule }}' }] }
            """);
        Assert.Empty(await _world.RunsAsync());
        Assert.Equal(2, await _world.ScalarAsync<long>("select count(*) from workflow_schedules where next_at > now()"));
        var keeper = _world.Server.Get<ScheduleKeeper>();
        Assert.Equal(0, await keeper.SweepAsync(Cancellation));
        // Three days in which no server ran.
        await _world.ScalarAsync<int>("update workflow_schedules set next_at = now() - interval '3 days' where cron = '0 3 * * *' returning 1");
        Assert.Equal(1, (await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => keeper.SweepAsync(Cancellation)))).Sum());
        var run = Assert.Single(await _world.RunsAsync());
        Assert.Equal(("schedule", "refs/heads/trunk", "trusted", "queued"), (run.Event, run.HeadRef, run.Trust, run.Status));
        Assert.Equal("Run echo 0 3 * * *", await _world.ScalarAsync<string>("select name from workflow_steps"));
        Assert.Equal(2, await _world.ScalarAsync<long>("select count(*) from workflow_schedules where next_at > now()"));

        // A push that leaves it alone does not put it off; one that takes it away stops it; another branch has no say.
        var before = await _world.ScalarAsync<DateTime>("select next_at from workflow_schedules where cron = '0 3 * * *'");
        await PushAsync("nightly.yml", """
            on: { schedule: [{ cron: '0 3 * * *', timezone: Europe/Berlin }] }
            jobs: { night: { runs-on: ubuntu-latest, steps: [{ run: x }] } }
            """);
        await _world.RunsAsync();
        Assert.Equal(before, await _world.ScalarAsync<DateTime>("select next_at from workflow_schedules"));
        await _world.Owner.RunAsync("rm", "--quiet", ".shithub/workflows/nightly.yml");
        await _world.Owner.RunAsync("commit", "--quiet", "-m", "No more");
        await _world.Owner.RunAsync("push", "--quiet", "origin", "HEAD:refs/heads/topic");
        await _world.RunsAsync();
        Assert.Equal(1, await _world.ScalarAsync<long>("select count(*) from workflow_schedules"));
        await _world.Owner.RunAsync("push", "--quiet", "origin", "trunk");
        await _world.RunsAsync();
        Assert.Equal(0, await _world.ScalarAsync<long>("select count(*) from workflow_schedules"));
    }

    [Fact]
    public async Task Schedules_of_a_repository_that_was_pushed_to_before_the_server_knew_of_any_are_found_at_its_start()
    {
        await PushAsync("nightly.yml", """
            on: { schedule: [{ cron: '0 3 * * *' }], workflow_run: { workflows: [Pull] } }
            jobs: { night: { runs-on: ubuntu-latest, steps: [{ run: x }] } }
            """);
        await _world.ScalarAsync<int>("delete from workflow_schedules returning 1");
        await _world.ScalarAsync<int>("update repositories set schedules_read = false, has_workflow_run = false where id = @Id returning 1", new { _world.Base.Id });
        var find = _world.Server.Get<FindSchedules>();
        await Task.WhenAll(find.ExecuteAsync(Cancellation), find.ExecuteAsync(Cancellation));
        Assert.Equal(
            "olga true", await _world.ScalarAsync<string>(
                "select o.name || ' ' || r.has_workflow_run from workflow_schedules s join owners o on o.id = s.actor_id join repositories r on r.id = s.repo_id"));
    }

    [Fact]
    public async Task A_repository_dispatch_starts_what_waits_for_its_type()
    {
        await PushAsync("dispatch.yml", """
            on: { repository_dispatch: { types: [deploy] } }
            jobs: { go: { runs-on: ubuntu-latest, steps: [{ run: x, env: { A: '${{ github.event.client_payload.place }}' } }] } }
            """);
        var path = $"/api/v1/repos/{_world.Base.FullName}/dispatches";
        (await _world.PostAsync(path, _world.Host.Stranger, """{"event_type":"deploy"}""")).MustBeProblem(HttpStatusCode.Forbidden);
        (await _world.PostAsync(path, _world.Host.Writer, "{}")).MustBeProblem(HttpStatusCode.UnprocessableEntity, "event_type");
        var many = string.Join(',', Enumerable.Range(0, 11).Select(number => $"\"k{number}\":1"));
        (await _world.PostAsync(path, _world.Host.Writer, $$$"""{"event_type":"deploy","client_payload":{{{{many}}}}}""")).MustBeProblem(HttpStatusCode.UnprocessableEntity, "client_payload");
        var large = new string('x', 65_530);
        (await _world.PostAsync(path, _world.Host.Writer, $$$"""{"event_type":"deploy","client_payload":{"a":"{{{large}}}"}}""")).MustBeProblem(HttpStatusCode.UnprocessableEntity, "client_payload");
        (await _world.PostAsync(path, _world.Host.Writer, """{"event_type":"test"}""")).MustBe(HttpStatusCode.NoContent);
        Assert.Empty(await _world.RunsAsync());
        (await _world.PostAsync(path, _world.Host.Writer, """{"event_type":"deploy","client_payload":{"place":"north"}}""")).MustBe(HttpStatusCode.NoContent);
        var run = Assert.Single(await _world.RunsAsync());
        Assert.Equal(("repository_dispatch", "refs/heads/trunk", "trusted"), (run.Event, run.HeadRef, run.Trust));
        var payload = JsonDocument.Parse((await _world.ScalarAsync<string>("select event_payload::text from workflow_runs"))!).RootElement;
        Assert.Equal(("deploy", "north"), (payload.GetProperty("action").GetString(), payload.GetProperty("client_payload").GetProperty("place").GetString()));
    }

    [Fact]
    public async Task A_run_s_end_starts_those_that_wait_for_it_three_deep_and_no_deeper()
    {
        for (var level = 1; level <= 5; level++)
        {
            await _world.Owner.CommitAsync($".shithub/workflows/level{level}.yml", $$"""
                name: Level {{level}}
                on: { workflow_run: { workflows: [Level {{level - 1}}], types: [completed], branches: [trunk] } }
                jobs: { go: { runs-on: ubuntu-latest, steps: [{ run: x }] } }
                """, "Level");
        }

        await PushAsync("level0.yml", """
            name: Level 0
            on: push
            jobs: { go: { runs-on: ubuntu-latest, steps: [{ run: x }] } }
            """);
        var runner = await _world.RunnerAsync();
        for (var claimed = 1; claimed <= 4; claimed++)
        {
            await _world.SettledAsync();
            await (await runner.ClaimAsync()).CompleteAsync();
        }

        var runs = await _world.RunsAsync();
        Assert.Equal(["push", "workflow_run", "workflow_run", "workflow_run"], runs.Select(run => run.Event));
        Assert.Null(await runner.TryClaimAsync());
        var payload = JsonDocument.Parse((await _world.ScalarAsync<string>("select event_payload::text from workflow_runs where id = @Id", new { runs[1].Id }))!).RootElement;
        Assert.Equal(
            ("completed", "success", "trunk", "Level 0"),
            (payload.GetProperty("action").GetString(), payload.GetProperty("workflow_run").GetProperty("conclusion").GetString(),
                payload.GetProperty("workflow_run").GetProperty("head_branch").GetString(), payload.GetProperty("workflow").GetProperty("name").GetString()));
    }

    [Fact]
    public async Task What_an_untrusted_run_leads_to_is_as_untrusted_and_comes_only_after_the_approval()
    {
        await PushAsync("after.yml", """
            on: { workflow_run: { workflows: [Pull], types: [requested, in_progress, completed] } }
            jobs: { go: { runs-on: ubuntu-latest, steps: [{ run: x, env: { A: '${{ secrets.S41J_SECRET_SMOKE }}' } }] } }
            """);
        var stranger = await _world.CloneAsync(_world.Host.Stranger);
        await stranger.CommitAsync("a.txt", "a", "Change");
        await stranger.RunAsync("push", "--quiet", "origin", "HEAD:refs/for/trunk");
        var pull = Assert.Single(await _world.RunsAsync());
        (await _world.ApproveAsync(pull.Id, _world.Host.Writer)).MustBe(HttpStatusCode.OK);
        await _world.SettledAsync();
        var runner = await _world.RunnerAsync();
        await (await _world.ClaimWithoutSecretsAsync(runner)).CompleteAsync();
        await _world.SettledAsync();
        await (await _world.ClaimWithoutSecretsAsync(runner)).CompleteAsync();
        await _world.SettledAsync();
        await (await _world.ClaimWithoutSecretsAsync(runner)).CompleteAsync();
        await (await _world.ClaimWithoutSecretsAsync(runner)).CompleteAsync();
        Assert.Equal(
            ["pull_request opened", "workflow_run requested", "workflow_run in_progress", "workflow_run completed"], (await _world.RunsAsync()).Select(run => $"{run.Event} {run.Action}"));
        Assert.All(await _world.RunsAsync(), run => Assert.Equal("untrusted", run.Trust));

        // One that nobody approves leads to nothing, also not when it ends.
        await stranger.CommitAsync("a.txt", "b", "Change again");
        await stranger.RunAsync("push", "--quiet", "origin", "HEAD:refs/for/trunk");
        var held = (await _world.RunsAsync())[^1];
        (await _world.PostAsync($"/api/v1/runs/{held.Id}/cancel", _world.Host.Writer, "")).MustBe(HttpStatusCode.OK);
        Assert.Equal(5, (await _world.RunsAsync()).Count);
    }

    private async Task PushAsync(string file, string workflow)
    {
        await _world.Owner.CommitAsync($".shithub/workflows/{file}", workflow, file);
        await _world.Owner.RunAsync("push", "--quiet", "origin", "trunk");
        await _world.SettledAsync();
    }
}
