using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Shithub.Actions.Server.Access;
using Shithub.Actions.Server.Repositories;
using Shithub.Actions.Server.Runs;
using Shithub.Actions.Server.Tests.Repositories;
using Xunit;

namespace Shithub.Actions.Server.Tests.Triggers;

/// <summary>Caps on what is queued and started: nothing is dropped without a word.</summary>
public sealed class QueueCapTests : IAsyncLifetime
{
    private const string Workflow = """
        on: workflow_dispatch
        jobs:
          a: { runs-on: nobody, steps: [{ run: 'true' }] }
          b: { runs-on: nobody, steps: [{ run: 'true' }] }
        """;

    private GitHost _host = null!;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _host = await GitHost.StartAsync();
        var client = await _host.ClientAsync(_host.Private, _host.Writer);
        await client.CommitAsync(".shithub/workflows/hand.yml", Workflow, "One");
        await client.RunAsync("push", "--quiet", "origin", "trunk");
    }

    public async ValueTask DisposeAsync() => await _host.DisposeAsync();

    [Fact]
    public async Task A_run_beyond_the_cap_on_queued_jobs_ends_at_once_and_says_so()
    {
        await CapAsync(policy => policy with { MaxQueued = 3 });
        Assert.Equal("queued", (string?)(await DispatchAsync())["status"]);
        var refused = await DispatchAsync();
        Assert.Equal(("completed", "failure"), ((string?)refused["status"], (string?)refused["conclusion"]));
        Assert.Equal("queue-full", (string?)refused["diagnostics"]![0]!["code"]);
        await CapAsync(policy => policy with { MaxQueued = 4 });
        Assert.Equal("queued", (string?)(await DispatchAsync())["status"]);
    }

    [Fact]
    public async Task A_run_beyond_the_cap_on_triggers_ends_at_once_and_does_not_count()
    {
        await CapAsync(policy => policy with { MaxTriggersPerHour = 2 });
        Assert.Equal("queued", (string?)(await DispatchAsync())["status"]);
        Assert.Equal("queued", (string?)(await DispatchAsync())["status"]);
        Assert.Equal("too-many-triggers", (string?)(await DispatchAsync())["diagnostics"]![0]!["code"]);
        Assert.Equal("too-many-triggers", (string?)(await DispatchAsync())["diagnostics"]![0]!["code"]);
        await CapAsync(policy => policy with { MaxTriggersPerHour = 3 });
        Assert.Equal("queued", (string?)(await DispatchAsync())["status"]);
    }

    [Fact]
    public async Task A_rerun_while_its_repository_is_deleted_is_there_or_gone_and_never_half()
    {
        var run = await DispatchAsync();
        using var client = _host.Server.ClientWith(_host.Writer);
        (await client.PostAsync($"/api/v1/runs/{run["id"]}/cancel", null, Cancellation)).EnsureSuccessStatusCode();
        var reruns = Enumerable.Range(0, 8).Select(async _ =>
        {
            using var response = await client.PostAsync($"/api/v1/runs/{run["id"]}/rerun", null, Cancellation);
            return response.StatusCode;
        }).ToList();
        await _host.Server.Get<RepositoryStore>().DeleteAsync(_host.Private.Id, Cancellation);
        foreach (var status in await Task.WhenAll(reruns))
            Assert.Contains(status, (HttpStatusCode[])[HttpStatusCode.Created, HttpStatusCode.NotFound]);
        Assert.Null(await _host.Server.Get<ReadRuns>().FindAsync((long)run["id"]!, Cancellation));
        Assert.Empty(await _host.Server.Get<ReadRuns>().ListAsync(_host.Private.Id, null, 10, null, null, Cancellation));
    }

    /// <summary>What retention does is to delete runs that have ended: before the rerun, after it, and while it is made.</summary>
    [Theory]
    [InlineData("rerun first")]
    [InlineData("pruned first")]
    [InlineData("together")]
    public async Task A_rerun_of_a_run_that_is_being_pruned_is_a_whole_run_or_none(string order)
    {
        using var client = _host.Server.ClientWith(_host.Writer);
        for (var round = 0; round < (order == "together" ? 10 : 1); round++)
        {
            var run = await DispatchAsync();
            var id = (long)run["id"]!;
            (await client.PostAsync($"/api/v1/runs/{id}/cancel", null, Cancellation)).EnsureSuccessStatusCode();
            if (order == "pruned first")
                await PruneAsync(id);
            var rerunning = client.PostAsync($"/api/v1/runs/{id}/rerun", null, Cancellation);
            if (order == "rerun first")
                await rerunning;
            await PruneAsync(id);
            using var answer = await rerunning;
            Assert.Contains(answer.StatusCode, order switch
            {
                "rerun first" => [HttpStatusCode.Created],
                "pruned first" => [HttpStatusCode.NotFound],
                _ => (HttpStatusCode[])[HttpStatusCode.Created, HttpStatusCode.NotFound],
            });
            var left = await _host.Server.Get<ReadRuns>().ListAsync(_host.Private.Id, null, 10, null, null, Cancellation);
            Assert.Equal(answer.StatusCode == HttpStatusCode.Created ? 1 : 0, left.Count);
            foreach (var rerun in left)
            {
                Assert.Equal(("queued", null), (rerun.Status, rerun.ParentRunId));
                await PruneAsync(rerun.Id);
            }
        }
    }

    private async Task PruneAsync(long run)
    {
        await using var command = _host.Server.Database.DataSource.CreateCommand($"delete from workflow_runs where id = {run}");
        await command.ExecuteNonQueryAsync(Cancellation);
    }

    private Task CapAsync(Func<PolicyRow, PolicyRow> change) =>
        _host.Server.Get<ActionsPolicy>().ChangeAsync(PolicyScope.OfRepository(_host.Private.Id, null), change, Cancellation);

    /// <summary>The run that a dispatch made.</summary>
    private async Task<JsonNode> DispatchAsync()
    {
        using var client = _host.Server.ClientWith(_host.Writer);
        using var content = new StringContent("""{"ref":"trunk"}""", System.Text.Encoding.UTF8, "application/json");
        using var response = await client.PostAsync("/api/v1/repos/olga/hidden/actions/workflows/hand.yml/dispatches", content, Cancellation);
        var made = (await response.Content.ReadFromJsonAsync<JsonNode>(Cancellation))!;
        return (await client.GetFromJsonAsync<JsonNode>($"/api/v1/runs/{made["run_id"]}", Cancellation))!;
    }
}
