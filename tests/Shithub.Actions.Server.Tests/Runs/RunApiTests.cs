using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Shithub.Actions.Server.Tests.Protocol;
using Shithub.Actions.Server.Tests.Repositories;
using Xunit;

namespace Shithub.Actions.Server.Tests.Runs;

/// <summary>The API of runs with odd questions: whatever is asked, the answer says what was wrong with it.</summary>
public sealed class RunApiTests : IAsyncLifetime
{
    private GitHost _host = null!;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _host = await GitHost.StartAsync();
        var client = await _host.ClientAsync(_host.Private, _host.Writer);
        await client.CommitAsync(
            ".shithub/workflows/push.yml", "on: push\njobs: { a: { runs-on: windows-latest, steps: [{ run: 'true' }] } }\n", "One");
        await client.RunAsync("push", "--quiet", "origin", "trunk");
    }

    public async ValueTask DisposeAsync() => await _host.DisposeAsync();

    [Theory]
    [InlineData("limit=x", "limit")]
    [InlineData("limit=", "limit")]
    [InlineData("limit=0", "limit")]
    [InlineData("limit=101", "limit")]
    [InlineData("limit=99999999999", "limit")]
    [InlineData("limit=1&limit=2", "limit")]
    [InlineData("before=x", "before")]
    [InlineData("before=99999999999999999999", "before")]
    [InlineData("head_sha=%00", "head_sha")]
    [InlineData("workflow_file=a%00b", "workflow_file")]
    public async Task A_wrong_question_for_runs_is_refused_by_name(string query, string field)
    {
        var (status, problem) = await GetAsync($"/api/v1/repos/{_host.Private.FullName}/runs?{query}");
        Assert.Equal(HttpStatusCode.UnprocessableEntity, status);
        Assert.Equal(field, (string?)problem!["field"]);
        Assert.Contains(field, (string?)problem["detail"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_not_there_is_called_by_its_name()
    {
        JsonNode? run = null;
        await Until.TrueAsync(async () =>
        {
            var (_, runs) = await GetAsync($"/api/v1/repos/{_host.Private.FullName}/runs?limit=1&before={long.MaxValue}");
            run = runs!["runs"]!.AsArray().FirstOrDefault();
            return run is not null;
        });
        var (_, whole) = await GetAsync($"/api/v1/runs/{run!["id"]}");
        var job = whole!["jobs"]![0]!;
        var (status, _) = await GetAsync($"/api/v1/jobs/{job["id"]}/steps/{job["steps"]![0]!["id"]}/logs");
        Assert.Equal(HttpStatusCode.OK, status);
        await MissingAsync($"/api/v1/jobs/{job["id"]}/steps/987654321/logs", "step");
        await MissingAsync("/api/v1/jobs/987654321", "job");
        await MissingAsync("/api/v1/runs/-1", "run");
    }

    private async Task MissingAsync(string path, string what)
    {
        var (status, problem) = await GetAsync(path);
        Assert.Equal(HttpStatusCode.NotFound, status);
        Assert.StartsWith($"There is no such {what}, ", (string?)problem!["detail"], StringComparison.Ordinal);
    }

    private async Task<(HttpStatusCode Status, JsonNode? Body)> GetAsync(string path)
    {
        using var reader = _host.Server.ClientWith(_host.Reader);
        using var response = await reader.GetAsync(path, Cancellation);
        var isJson = response.Content.Headers.ContentType?.MediaType is "application/json" or "application/problem+json";
        return (response.StatusCode, isJson ? await response.Content.ReadFromJsonAsync<JsonNode>(Cancellation) : null);
    }
}
