using System.Text.Json.Nodes;
using Xunit;

namespace Shithub.Actions.Server.Tests.Web;

/// <summary>Annotations and summaries of steps, as the API and the page of a run show them.</summary>
public sealed class StepNoteTests : IAsyncLifetime
{
    private Workbench _bench = null!;
    private SignedIn _browser = null!;
    private long _repo;

    public async ValueTask InitializeAsync()
    {
        _bench = await Workbench.StartAsync();
        _browser = new SignedIn(_bench.BaseUrl, await _bench.CookieAsync(_bench.Token));
        _repo = await _bench.RepositoryAsync("hello", isPrivate: true);
    }

    public async ValueTask DisposeAsync()
    {
        _browser.Dispose();
        await _bench.DisposeAsync();
    }

    [Fact]
    public async Task What_a_step_leaves_is_in_the_api_in_the_check_run_and_on_the_page()
    {
        var run = await _bench.RunAsync(_repo, [Workbench.Job("green", "ubuntu-latest", "one", "two")]);
        var job = await _bench.ClaimAsync();
        await job.StartStepAsync(0);
        await job.EndStepAsync(
            0, [new { level = "error", message = "Missing <semicolon>", title = "T", file = "app.js", line = 1, col = 5 }, new { level = "notice", message = "n" }],
            "# Coverage\n\n| file | % |\n| --- | --- |\n| a | 90 |\n\n<script>alert(1)</script>\n");
        await job.StartStepAsync(1);
        await job.EndStepAsync(1, [], null);
        await job.EndAsync();

        var answer = JsonNode.Parse(await GetAsync($"/api/v1/runs/{job.Job.RunId}"))!;
        var step = answer["jobs"]![0]!["steps"]![0]!;
        Assert.Equal(
            """[{"level":"error","message":"Missing <semicolon>","title":"T","file":"app.js","line":1,"col":5},{"level":"notice","message":"n"}]""",
            step["annotations"]!.ToJsonString(new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping }));
        Assert.True(step["summary_bytes"]!.GetValue<int>() > 50);
        Assert.Null(answer["jobs"]![0]!["steps"]![1]!["annotations"]);
        Assert.StartsWith("# Coverage", await GetAsync($"/api/v1/jobs/{job.Job.Id}/summary"), StringComparison.Ordinal);
        var check = JsonNode.Parse(await GetAsync($"/api/v1/repos/mona/hello/commits/{job.Job.HeadSha}/check-runs"))!["check_runs"]![0]!;
        Assert.Equal(2, check["output"]!["annotations_count"]!.GetValue<int>());
        Assert.StartsWith("# Coverage", check["output"]!["summary"]!.GetValue<string>(), StringComparison.Ordinal);

        var page = (await _browser.GetAsync($"/mona/hello/actions/runs/{run.RunIndex}")).Body;
        Assert.Contains("app.js:1", page, StringComparison.Ordinal);
        Assert.Contains("Missing &lt;semicolon&gt;", page, StringComparison.Ordinal);
        Assert.Contains("<td>90</td>", page, StringComparison.Ordinal);
        Assert.DoesNotContain("<script>alert", page, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_a_runner_says_of_a_job_is_in_the_api_and_on_the_page()
    {
        var run = await _bench.RunAsync(_repo, [Workbench.Job("green", "ubuntu-latest", "one")]);
        var job = await _bench.ClaimAsync();
        await job.StartStepAsync(0);
        await job.EndStepAsync(0, [], null);
        var digest = "sha256:" + new string('a', 64);
        await job.EndAsync(
            images: [new { image = "localhost/runner:1", digest }, new { image = "docker.io/redis:7", digest, service = "db" }],
            notes: [new { level = "notice", message = "Blocked: <evil>.test:*", title = "Refused by the network's fence" }]);

        var answer = JsonNode.Parse(await GetAsync($"/api/v1/jobs/{job.Job.Id}"))!;
        Assert.Equal("localhost/runner:1", answer["images"]![0]!["image"]!.GetValue<string>());
        Assert.Null(answer["images"]![0]!["service"]);
        Assert.Equal(digest, answer["images"]![1]!["digest"]!.GetValue<string>());
        Assert.Equal("db", answer["images"]![1]!["service"]!.GetValue<string>());
        Assert.Equal("Blocked: <evil>.test:*", answer["annotations"]![0]!["message"]!.GetValue<string>());

        var page = (await _browser.GetAsync($"/mona/hello/actions/runs/{run.RunIndex}")).Body;
        Assert.Contains("Blocked: &lt;evil&gt;.test:*", page, StringComparison.Ordinal);
        Assert.Contains($"<code>docker.io/redis:7</code> <code>{digest}</code>", page, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"images": [{"image": "a", "digest": "sha256:12"}]}""", "images")]
    [InlineData("""{"images": [{"digest": "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}]}""", "images")]
    [InlineData("""{"notes": [{"level": "loud", "message": "m"}]}""", "notes")]
    [InlineData("""{"notes": [null]}""", "notes")]
    public async Task A_report_that_is_none_is_refused_by_name(string report, string field)
    {
        await _bench.RunAsync(_repo, [Workbench.Job("green", "ubuntu-latest", "one")]);
        var job = await _bench.ClaimAsync();
        var body = JsonNode.Parse(report)!.AsObject();
        (body["status"], body["conclusion"]) = ("completed", "success");
        Assert.Equal(field, await job.RefusedFieldAsync("status", body));
    }

    [Fact]
    public async Task A_job_has_fifty_annotations_and_twenty_summaries()
    {
        await _bench.RunAsync(_repo, [Workbench.Job("green", "ubuntu-latest", [.. Enumerable.Range(0, 22).Select(n => $"step {n}")])]);
        var job = await _bench.ClaimAsync();
        for (var step = 0; step < 22; step++)
        {
            await job.StartStepAsync(step);
            await job.EndStepAsync(step, [.. Enumerable.Range(0, 3).Select(n => new { level = "warning", message = $"{step}.{n}" })], $"s{step}");
        }

        await job.EndAsync();
        Assert.Equal(50, await _bench.QueryAsync<long>("select count(*) from workflow_annotations"));
        Assert.Equal(20, (await GetAsync($"/api/v1/jobs/{job.Job.Id}/summary")).Split('\n').Length);
    }

    private async Task<string> GetAsync(string path)
    {
        using var client = _bench.Server.ClientWith(_bench.Token);
        return await client.GetStringAsync(path, TestContext.Current.CancellationToken);
    }
}
