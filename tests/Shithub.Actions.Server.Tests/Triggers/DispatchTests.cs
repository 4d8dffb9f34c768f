using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Shithub.Actions.Server.Access;
using Shithub.Actions.Server.Tests.Protocol;
using Shithub.Actions.Server.Tests.Repositories;
using Xunit;

namespace Shithub.Actions.Server.Tests.Triggers;

public sealed class DispatchTests : IAsyncLifetime
{
    private const string Workflow = """
        name: By hand
        on:
          workflow_dispatch:
            inputs:
              level: { type: choice, options: [low, high], required: true }
              count: { type: number, default: 3 }
        jobs:
          nope:
            runs-on: windows-latest
            steps:
              - run: echo ok
                env:
                  LEVEL: ${{ inputs.level }}-${{ inputs.count }}-${{ github.event.inputs.level }}
        """;

    private const string OnPush = """
        on: { push: { branches: [never] } }
        jobs: { a: { runs-on: x, steps: [{ run: 'true' }] } }
        """;

    private GitHost _host = null!;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _host = await GitHost.StartAsync();
        var client = await _host.ClientAsync(_host.Private, _host.Writer);
        await client.CommitAsync(".shithub/workflows/hand.yml", Workflow, "One");
        await client.CommitAsync(".shithub/workflows/push.yml", OnPush, "Two");
        await client.RunAsync("tag", "v1");
        await client.RunAsync("push", "--quiet", "origin", "trunk", "v1");
    }

    public async ValueTask DisposeAsync() => await _host.DisposeAsync();

    [Fact]
    public async Task A_dispatch_whose_answer_was_lost_is_asked_for_again_and_makes_no_second_run()
    {
        const string Body = """{"ref":"trunk","inputs":{"level":"high"}}""";
        async Task<(HttpStatusCode, long)> WithKeyAsync(string key)
        {
            var answer = await Answer.PostAsync(
                _host.Server.Client, $"/api/v1/repos/{_host.Private.FullName}/actions/workflows/hand.yml/dispatches", _host.Writer, Body, key);
            return (answer.Status, answer.Status == HttpStatusCode.Created ? answer.Json.GetProperty("run_id").GetInt64() : 0);
        }

        var (status, run) = await WithKeyAsync("one");
        Assert.Equal(HttpStatusCode.Created, status);
        Assert.Equal([(status, run), (status, run)], await Task.WhenAll(WithKeyAsync("one"), WithKeyAsync("one")));
        Assert.NotEqual(run, (await WithKeyAsync("two")).Item2);
        // A key that can't be kept is refused: a second run would be what the caller wants to avoid.
        Assert.Equal(HttpStatusCode.UnprocessableEntity, (await WithKeyAsync(new string('k', 101))).Item1);
    }

    [Fact]
    public async Task A_dispatch_answers_with_its_run()
    {
        var (status, first) = await DispatchAsync("hand.yml", """{"ref":"trunk","inputs":{"level":"high"}}""");
        Assert.Equal(HttpStatusCode.Created, status);
        var (_, second) = await DispatchAsync("hand.yml", """{"ref":"refs/tags/v1","inputs":{"level":"low","count":"7"}}""");
        Assert.Equal((int)first["run_index"]! + 1, (int)second["run_index"]!);
        using var reader = _host.Server.ClientWith(_host.Reader);
        var run = await reader.GetFromJsonAsync<JsonNode>($"/api/v1/runs/{first["run_id"]}", Cancellation);
        Assert.Equal("queued", (string?)run!["status"]);
        Assert.Equal("refs/heads/trunk", (string?)run["head_ref"]);
    }

    [Theory]
    [InlineData("hand.yml", """{"ref":"nowhere","inputs":{"level":"high"}}""", "ref")]
    [InlineData("hand.yml", """{"ref":"refs/heads/../x","inputs":{"level":"high"}}""", "ref")]
    [InlineData("hand.yml", """{"ref":"--help","inputs":{"level":"high"}}""", "ref")]
    [InlineData("hand.yml", """{"ref":"trunk\u0000","inputs":{"level":"high"}}""", "ref")]
    [InlineData("hand.yml", """{"ref":"trunk"}""", "inputs.level")]
    [InlineData("hand.yml", """{"ref":"trunk","inputs":{"level":"middle"}}""", "inputs.level")]
    [InlineData("hand.yml", """{"ref":"trunk","inputs":{"level":"high","count":"many"}}""", "inputs.count")]
    [InlineData("hand.yml", """{"ref":"trunk","inputs":{"level":"high","other":"1"}}""", "inputs.other")]
    [InlineData("hand.yml", """{"ref":"trunk","inputs":{"level":null}}""", "inputs.level")]
    [InlineData("missing.yml", """{"ref":"trunk"}""", "workflow")]
    [InlineData("push.yml", """{"ref":"trunk"}""", "workflow")]
    [InlineData("..%2F..%2FREADME.md", """{"ref":"trunk"}""", "workflow")]
    public async Task What_is_wrong_with_a_dispatch_is_named(string file, string body, string field)
    {
        var (status, problem) = await DispatchAsync(file, body);
        Assert.Equal(HttpStatusCode.UnprocessableEntity, status);
        Assert.Equal(field, (string?)problem["field"]);
    }

    [Fact]
    public async Task A_dispatch_needs_write_permission_and_enabled_actions()
    {
        const string Body = """{"ref":"trunk","inputs":{"level":"high"}}""";
        Assert.Equal(HttpStatusCode.Forbidden, (await DispatchAsync("hand.yml", Body, _host.Reader)).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await DispatchAsync("hand.yml", Body, _host.Stranger)).Status);
        await _host.Server.Get<ActionsPolicy>().SetSiteAsync(false, Cancellation);
        Assert.Equal(HttpStatusCode.Conflict, (await DispatchAsync("hand.yml", Body)).Status);
    }

    private async Task<(HttpStatusCode Status, JsonNode Body)> DispatchAsync(string file, string body, string? token = null)
    {
        using var client = _host.Server.ClientWith(token ?? _host.Writer);
        using var content = new StringContent(body, System.Text.Encoding.UTF8, "application/json");
        using var response = await client.PostAsync($"/api/v1/repos/olga/hidden/actions/workflows/{file}/dispatches", content, Cancellation);
        return (response.StatusCode, (await response.Content.ReadFromJsonAsync<JsonNode>(Cancellation))!);
    }
}
