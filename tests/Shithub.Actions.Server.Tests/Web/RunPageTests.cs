using System.Net;
using System.Text.RegularExpressions;
using Shithub.Actions.Testing;
using Shithub.Actions.Workflows;
using Xunit;

namespace Shithub.Actions.Server.Tests.Web;

/// <summary>What the pages say, as the runbook and people look for it; without a script.</summary>
public sealed partial class RunPageTests : IAsyncLifetime
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
    public async Task A_green_run_says_what_the_runbook_expects_and_its_raw_log_is_the_same()
    {
        using var git = new GitClient();
        await git.InitAsync(GitClient.Url(_bench.BaseUrl, "mona/hello.git", _bench.Token));
        await git.RunAsync("push", "--quiet", "origin", "trunk");
        var head = await git.RunAsync("rev-parse", "HEAD");
        Assert.Contains("no workflow has run for it", await TextAsync("/mona/hello"), StringComparison.Ordinal);

        var run = await _bench.RunAsync(_repo, [Workbench.Job("green", "ubuntu-latest", "actions/checkout@v4", "Smoke")], sha: head);
        Assert.Contains("Checks of trunk: queued", (await _browser.GetAsync("/mona/hello")).Body, StringComparison.Ordinal);
        var job = await _bench.ClaimAsync();
        Assert.Contains("Checks of trunk: running", (await _browser.GetAsync("/mona/hello")).Body, StringComparison.Ordinal);
        const string Log = "shithub actions smoke passed\n  two  spaces\n";
        await job.StartStepAsync(1);
        await job.LogAsync(1, Log);
        await job.EndStepAsync(1);
        await job.EndAsync();

        var page = await TextAsync($"/mona/hello/actions/runs/{run.RunIndex}");
        Assert.Contains("Triggered via push on refs/heads/trunk", page, StringComparison.Ordinal);
        Assert.Contains("Status completed Conclusion success", page, StringComparison.Ordinal);
        Assert.Contains("shithub actions smoke passed", page, StringComparison.Ordinal);
        Assert.Contains("Checks of trunk: success", (await _browser.GetAsync("/mona/hello")).Body, StringComparison.Ordinal);
        var html = (await _browser.GetAsync($"/mona/hello/actions/runs/{run.RunIndex}")).Body;
        var shown = string.Concat(Line().Matches(html).Select(line => WebUtility.HtmlDecode(line.Groups[2].Value) + "\n"));
        var raw = await _browser.GetAsync(RawLink().Matches(html).Last().Groups[1].Value);
        Assert.Equal(Log, shown);
        Assert.Equal(Log, raw.Body);
    }

    [Fact]
    public async Task A_job_that_nobody_serves_says_what_it_waits_for_and_can_be_cancelled()
    {
        await _bench.RunAsync(_repo, [Workbench.Job("nope", ["windows-latest"], [], "echo should-not-run"), Workbench.Job("after", ["ubuntu-latest"], ["nope"], "x")], @event: "workflow_dispatch");
        var page = await TextAsync("/mona/hello/actions/runs/1");
        Assert.Contains("Waiting for runner with labels: windows-latest", page, StringComparison.Ordinal);
        Assert.Contains("Waiting for jobs: nope", page, StringComparison.Ordinal);
        Assert.Contains("No runner is registered for these labels", page, StringComparison.Ordinal);
        var cancelled = await _browser.PostAsync("/mona/hello/actions/runs/1/cancel");
        Assert.Equal("/mona/hello/actions/runs/1", cancelled.Response.Headers.Location!.OriginalString);
        page = await TextAsync("/mona/hello/actions/runs/1");
        Assert.Contains("Status cancelled Conclusion cancelled", page, StringComparison.Ordinal);
        Assert.DoesNotContain("Cancel run", page, StringComparison.Ordinal);
    }

    [Fact]
    public async Task One_job_of_a_run_can_be_cancelled_alone()
    {
        await _bench.RunAsync(_repo, [Workbench.Job("one", "windows-latest", "x"), Workbench.Job("two", "windows-latest", "x")]);
        var two = await _bench.QueryAsync<long>("select id from workflow_jobs where job_key = 'two'");
        var (_, _, response) = await _browser.PostAsync($"/mona/hello/actions/runs/1/jobs/{two}/cancel");
        Assert.Equal($"/mona/hello/actions/runs/1/jobs/{two}", response.Headers.Location!.OriginalString);
        Assert.Equal("queued", await _bench.QueryAsync<string>("select status from workflow_jobs where job_key = 'one'"));
        Assert.Equal("cancelled", await _bench.QueryAsync<string>("select status from workflow_jobs where job_key = 'two'"));
    }

    [Fact]
    public async Task A_run_can_be_run_again_once_it_has_ended()
    {
        using var git = new GitClient();
        await git.InitAsync(GitClient.Url(_bench.BaseUrl, "mona/hello.git", _bench.Token));
        await git.CommitAsync(".shithub/workflows/smoke.yml", "on: push\njobs:\n  green:\n    runs-on: ubuntu-latest\n    steps:\n      - run: 'true'\n", "Add the smoke");
        await git.RunAsync("push", "--quiet", "origin", "trunk");
        var job = await _bench.ClaimAsync();
        var early = await _browser.PostAsync("/mona/hello/actions/runs/1/rerun");
        Assert.Equal(HttpStatusCode.Conflict, early.Status);
        Assert.Contains("Cancel it or wait", early.Body, StringComparison.Ordinal);
        await job.EndAsync("failure");
        Assert.Contains("Run again", await TextAsync("/mona/hello/actions/runs/1"), StringComparison.Ordinal);
        var again = await _browser.PostAsync("/mona/hello/actions/runs/1/rerun");
        Assert.Equal("/mona/hello/actions/runs/2", again.Response.Headers.Location!.OriginalString);
        Assert.Contains("run #1", await TextAsync("/mona/hello/actions/runs/2"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_workflow_that_could_not_be_read_says_where_and_what_to_do()
    {
        await _bench.RunAsync(_repo, [], diagnostics:
            [new Diagnostic(DiagnosticSeverity.Error, "unknown-key", "Unknown key 'runs_on'", ".shithub/workflows/ci.yml", 6, 5, "jobs.x", "did you mean 'runs-on'?")]);
        var page = await TextAsync("/mona/hello/actions/runs/1");
        Assert.Contains(".shithub/workflows/ci.yml:6:5", page, StringComparison.Ordinal);
        Assert.Contains("Unknown key 'runs_on'", page, StringComparison.Ordinal);
        Assert.Contains("did you mean 'runs-on'?", page, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_long_log_shows_its_end_with_the_right_numbers_and_leads_to_the_rest()
    {
        await _bench.RunAsync(_repo, [Workbench.Job("loud", "ubuntu-latest", "Shout")]);
        var job = await _bench.ClaimAsync();
        await job.StartStepAsync(0);
        // 60,000 lines of 50 bytes are 3 MB: more than a page reads, so some lines are counted in the database.
        for (var i = 0; i < 60; i++)
            await job.LogAsync(0, string.Concat(Enumerable.Range(1 + (i * 1000), 1000).Select(n => $"line {n} ".PadRight(49, '.') + "\n")));
        var html = (await _browser.GetAsync("/mona/hello/actions/runs/1")).Body;
        var lines = Line().Matches(html);
        Assert.Equal(2000, lines.Count);
        Assert.Equal("58001", lines[0].Groups[1].Value);
        Assert.All(lines, line => Assert.StartsWith($"line {line.Groups[1].Value} ", line.Groups[2].Value, StringComparison.Ordinal));
        Assert.Contains("58000 earlier lines are not shown here.", Text(html), StringComparison.Ordinal);
        Assert.True(html.Length < 1_000_000, $"the page has {html.Length} characters");
    }

    [Fact]
    public async Task Runs_are_listed_newest_first_by_pages_and_by_workflow()
    {
        for (var i = 1; i <= 30; i++)
            await _bench.RunAsync(_repo, [Workbench.Job("x", "windows-latest", "x")], $"Commit {i}.", i % 10 == 0 ? "Nightly" : "Smoke");
        var first = (await _browser.GetAsync("/mona/hello/actions")).Body;
        var titles = Title().Matches(first).Select(match => match.Groups[1].Value).ToList();
        Assert.Equal(Enumerable.Range(6, 25).Reverse().Select(i => $"Commit {i}."), titles);
        var older = Regex.Match(first, "rel=\"next\" href=\"([^\"]+)\"").Groups[1].Value;
        Assert.Equal(["Commit 5.", "Commit 4.", "Commit 3.", "Commit 2.", "Commit 1."], Title().Matches((await _browser.GetAsync(WebUtility.HtmlDecode(older))).Body).Select(match => match.Groups[1].Value));
        var nightly = (await _browser.GetAsync("/mona/hello/actions?workflow=.shithub%2Fworkflows%2Fnightly.yml")).Body;
        Assert.Equal(["Commit 30.", "Commit 20.", "Commit 10."], Title().Matches(nightly).Select(match => match.Groups[1].Value));
    }

    private async Task<string> TextAsync(string path)
    {
        var (status, body, _) = await _browser.GetAsync(path);
        Assert.Equal(HttpStatusCode.OK, status);
        return Text(body);
    }

    /// <summary>What a reader sees, with single spaces.</summary>
    private static string Text(string html) => Space().Replace(WebUtility.HtmlDecode(Tag().Replace(html, " ")), " ");

    [GeneratedRegex(@"<div class=""l"" id=""L\d+-(\d+)""><a href=""[^""]*"">\d+</a><span>(.*?)</span></div>")]
    private static partial Regex Line();

    [GeneratedRegex(@"href=""(/api/v1/jobs/\d+/steps/\d+/logs)""")]
    private static partial Regex RawLink();

    [GeneratedRegex(@"class=""title"" href=""[^""]*""><bdi>([^<]*)<")]
    private static partial Regex Title();

    [GeneratedRegex("<[^>]*>")]
    private static partial Regex Tag();

    [GeneratedRegex(@"\s+")]
    private static partial Regex Space();
}
