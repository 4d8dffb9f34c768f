using System.Net;
using Shithub.Actions.Server.Tests.Protocol;
using Shithub.Actions.Server.Tests.PullRequests;
using Xunit;

namespace Shithub.Actions.Server.Tests.Triggers;

/// <summary>Every call that makes something takes an Idempotency-Key, and takes it in the same way.</summary>
public sealed class IdempotencyKeyTests : IAsyncLifetime
{
    private const string Workflow = """
        on: [workflow_dispatch, repository_dispatch, pull_request]
        jobs:
          build:
            runs-on: ubuntu-latest
            steps:
              - run: make
        """;

    private Proposals _world = null!;
    private long _ended;

    public async ValueTask InitializeAsync()
    {
        _world = await Proposals.StartAsync(Workflow);
        var client = await _world.CloneAsync(_world.Host.Writer);
        await client.CommitAsync("a.txt", "a\n", "A change");
        await client.RunAsync("push", "--quiet", "origin", "HEAD:refs/heads/topic");
        await client.RunAsync("push", "--quiet", "origin", "HEAD:refs/heads/other");
        var run = (await SendAsync("dispatch", "{}", "first")).MustBe(HttpStatusCode.Created).Json.GetProperty("run_id").GetInt64();
        (await Answer.PostAsync(_world.Server.Client, $"/api/v1/runs/{run}/cancel", _world.Host.Writer, "")).MustBe(HttpStatusCode.OK);
        _ended = run;
    }

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    [Theory]
    [InlineData("dispatch", """{"ref": "trunk"}""", """{"ref": "topic"}""", "select count(*) from workflow_runs")]
    [InlineData("repository_dispatch", """{"event_type": "a"}""", """{"event_type": "b"}""", "select count(*) from trigger_events")]
    [InlineData("pulls", """{"title": "A", "head": "topic"}""", """{"title": "A", "head": "other"}""", "select count(*) from pull_requests")]
    public async Task The_same_request_twice_has_one_effect_and_one_answer_and_another_one_with_its_key_is_refused(
        string what, string body, string otherBody, string counted)
    {
        await _world.SettledAsync();
        var before = await _world.ScalarAsync<long>(counted, new { });
        var answers = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => SendAsync(what, body, "one")));
        answers = [.. answers, await SendAsync(what, body, "one")];
        Assert.True(answers[0].Status is HttpStatusCode.Created or HttpStatusCode.NoContent, answers[0].Body);
        Assert.All(answers, answer => Assert.Equal((answers[0].Status, answers[0].Body), (answer.Status, answer.Body)));
        Assert.Equal(before + 1, await _world.ScalarAsync<long>(counted, new { }));

        var refused = (await SendAsync(what, otherBody, "one")).MustBeProblem(HttpStatusCode.UnprocessableEntity, "Idempotency-Key");
        Assert.Contains("key of its own", refused.Detail, StringComparison.Ordinal);
        Assert.Equal(before + 1, await _world.ScalarAsync<long>(counted, new { }));
        Assert.NotEqual(HttpStatusCode.UnprocessableEntity, (await SendAsync(what, otherBody, "two")).Status);
        Assert.Equal(before + 2, await _world.ScalarAsync<long>(counted, new { }));
    }

    [Fact]
    public async Task A_rerun_is_one_for_its_key_and_the_key_is_good_for_nothing_else()
    {
        var first = (await SendAsync("rerun", "", "again")).MustBe(HttpStatusCode.Created);
        Assert.Equal(first.Body, (await SendAsync("rerun", "", "again")).MustBe(HttpStatusCode.Created).Body);
        Assert.NotEqual(first.Body, (await SendAsync("rerun", "", "once-more")).MustBe(HttpStatusCode.Created).Body);
        (await SendAsync("dispatch", "{}", "again")).MustBeProblem(HttpStatusCode.UnprocessableEntity, "Idempotency-Key");
        (await SendAsync("rerun", "", "first")).MustBeProblem(HttpStatusCode.UnprocessableEntity, "Idempotency-Key");
    }

    [Fact]
    public async Task A_repeat_is_answered_though_the_request_would_be_refused_by_now()
    {
        var first = (await SendAsync("pulls", """{"title": "A", "head": "topic"}""", "one")).MustBe(HttpStatusCode.Created);
        await _world.Owner.RunAsync("push", "--quiet", "origin", "--delete", "topic");
        await _world.SettledAsync();
        var again = (await SendAsync("pulls", """{"title": "A", "head": "topic"}""", "one")).MustBe(HttpStatusCode.Created);
        Assert.Equal(first.Json.GetProperty("number").GetInt32(), again.Json.GetProperty("number").GetInt32());
    }

    [Fact]
    public async Task What_was_refused_keeps_its_key_free_and_another_persons_key_is_another_key()
    {
        (await SendAsync("pulls", """{"title": "A", "head": "absent"}""", "one")).MustBeProblem(HttpStatusCode.UnprocessableEntity, "head");
        (await SendAsync("pulls", """{"title": "A", "head": "topic"}""", "one")).MustBe(HttpStatusCode.Created);
        var stranger = await _world.UserAsync("stranger");
        (await SendAsync("pulls", """{"title": "A", "head": "other"}""", "one", stranger)).MustBe(HttpStatusCode.Created);
    }

    [Theory]
    [InlineData("dispatch")]
    [InlineData("repository_dispatch")]
    [InlineData("pulls")]
    [InlineData("rerun")]
    public async Task A_key_that_can_not_be_kept_is_refused(string what)
    {
        var body = what switch { "repository_dispatch" => """{"event_type": "a"}""", "pulls" => """{"title": "A", "head": "topic"}""", _ => "{}" };
        foreach (var key in (string[])["a b", new string('k', 101)])
            (await SendAsync(what, body, key)).MustBeProblem(HttpStatusCode.UnprocessableEntity, "Idempotency-Key");
    }

    [Fact]
    public async Task Keys_are_forgotten_after_a_week()
    {
        (await SendAsync("dispatch", "{}", "old")).MustBe(HttpStatusCode.Created);
        await _world.ScalarAsync<int?>("update idempotent_calls set created_at = now() - interval '8 days' returning 1", new { });
        (await SendAsync("dispatch", "{}", "new")).MustBe(HttpStatusCode.Created);
        Assert.Equal("new", await _world.ScalarAsync<string>("select string_agg(key, ',') from idempotent_calls", new { }));
    }

    private Task<Answer> SendAsync(string what, string body, string key, string? token = null)
    {
        var repository = $"/api/v1/repos/{_world.Base.FullName}";
        var path = what switch
        {
            "dispatch" => $"{repository}/actions/workflows/pull.yml/dispatches",
            "repository_dispatch" => $"{repository}/dispatches",
            "pulls" => $"{repository}/pulls",
            _ => $"/api/v1/runs/{_ended}/rerun",
        };
        return Answer.PostAsync(_world.Server.Client, path, token ?? _world.Host.Writer, body, key);
    }
}
