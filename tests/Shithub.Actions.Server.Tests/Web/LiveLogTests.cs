using System.Globalization;
using System.Net;
using Microsoft.Playwright;
using Shithub.Actions.Server.Queue;
using Xunit;

namespace Shithub.Actions.Server.Tests.Web;

public sealed class LiveLogTests(Chromium chromium) : IAsyncLifetime
{
    private Workbench _bench = null!;
    private long _repo;
    private string _cookie = "";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _bench = await Workbench.StartAsync();
        _repo = await _bench.RepositoryAsync("hello", isPrivate: true);
        _cookie = await _bench.CookieAsync(_bench.Token);
    }

    public ValueTask DisposeAsync() => _bench.DisposeAsync();

    [Fact]
    public async Task A_viewer_who_is_cut_off_again_and_again_gets_each_line_once_and_in_order()
    {
        await _bench.RunAsync(_repo, [Workbench.Job("count", "ubuntu-latest", "Count")]);
        var job = await _bench.ClaimAsync();
        await job.StartStepAsync(0);
        var random = new Random(7);
        var written = Task.Run(
            async () =>
            {
                var text = string.Concat(Enumerable.Range(1, 10_000).Select(n => $"\u001b[3{n % 8}mline {n} — ü\n"));
                var bytes = System.Text.Encoding.UTF8.GetBytes(text);
                for (var from = 0; from < bytes.Length;)
                {
                    // Chunks end within lines, escapes and characters.
                    var size = Math.Min(random.Next(1, 4000), bytes.Length - from);
                    await job.LogAsync(0, bytes[from..(from + size)]);
                    from += size;
                }

                await job.EndStepAsync(0);
                await job.EndAsync();
            },
            Cancellation);
        using var viewer = Viewer(1);
        var patience = new Random(8);
        var ended = false;
        while (!ended)
        {
            var events = patience.Next(1, 12);
            ended = !await viewer.ReadUntilAsync(() => --events == 0, Cancellation);
        }

        await written;
        Assert.Equal(0, viewer.Repeated);
        Assert.Equal(Enumerable.Range(1, 10_000), viewer.Logs[1].Keys);
        Assert.All(viewer.Logs[1], line => Assert.Contains($"line {line.Key} ", line.Value, StringComparison.Ordinal));
        Assert.Contains("<dd>success</dd>", viewer.Pieces["run"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_viewer_costs_a_bounded_window_and_gets_a_large_log_whole()
    {
        await _bench.RunAsync(_repo, [Workbench.Job("loud", "ubuntu-latest", "Shout")]);
        var job = await _bench.ClaimAsync();
        await job.StartStepAsync(0);
        for (var i = 0; i < 20; i++)
            await job.LogAsync(0, string.Concat(Enumerable.Range(1 + (i * 8000), 8000).Select(n => $"line {n} ".PadRight(49, '.') + "\n")));
        // One line alone is larger than any window.
        await job.LogAsync(0, new string('x', 500_000));
        await job.LogAsync(0, new string('x', 500_000) + "\nlast\n");
        await job.EndAsync();
        using var viewer = Viewer(1);
        await viewer.ReadUntilAsync(() => false, Cancellation);
        Assert.Equal(Enumerable.Range(1, 160_002), viewer.Logs[1].Keys);
        Assert.Equal("line 160000 ".PadRight(49, '.'), viewer.Logs[1][160_000]);
        Assert.InRange(viewer.Logs[1][160_001].Length, 16_000, 17_000);
        Assert.Equal("last", viewer.Logs[1][160_002]);
    }

    [Fact]
    public async Task A_line_is_shown_before_it_ends_and_grows()
    {
        await _bench.RunAsync(_repo, [Workbench.Job("slow", "ubuntu-latest", "Step")]);
        var job = await _bench.ClaimAsync();
        await job.LogAsync(0, "50");
        using var viewer = Viewer(1);
        await viewer.ReadUntilAsync(() => viewer.Log(1) == "50", Cancellation);
        await job.LogAsync(0, "%\r100%");
        await viewer.ReadUntilAsync(() => viewer.Log(1) == "100%", Cancellation);
        await job.LogAsync(0, "\ndone\n");
        await viewer.ReadUntilAsync(() => viewer.Log(1) == "100%\ndone", Cancellation);
        Assert.Equal([1, 2], viewer.Logs[1].Keys);
    }

    [Fact]
    public async Task A_new_attempt_begins_its_logs_anew()
    {
        await _bench.RunAsync(_repo, [Workbench.Job("lost", "ubuntu-latest", "Step")]);
        var first = await _bench.ClaimAsync();
        await first.LogAsync(null, "first attempt\n");
        using var viewer = Viewer(1);
        await viewer.ReadUntilAsync(() => viewer.Log(0) == "first attempt", Cancellation);
        var runId = await _bench.QueryAsync<long>("select id from workflow_runs");
        await _bench.Server.Get<RescueJob>().ExecuteAsync(first.Job.Id, runId, revokedRunner: 1, Cancellation);
        var second = await _bench.ClaimAsync();
        await second.LogAsync(null, "second attempt\n");
        await viewer.ReadUntilAsync(() => viewer.Log(0) == "second attempt", Cancellation);
        Assert.Equal([1], viewer.Logs[0].Keys);
    }

    [Fact]
    public async Task A_stopping_server_does_not_wait_for_its_viewers()
    {
        var bench = await Workbench.StartAsync();
        await bench.RunAsync(await bench.RepositoryAsync("hello"), [Workbench.Job("x", "windows-latest", "Step")]);
        using var viewer = new EventReader(bench.BaseUrl, await bench.CookieAsync(bench.Token), "/mona/hello/actions/runs/1/events");
        var seen = new TaskCompletionSource();
        var reading = viewer.ReadUntilAsync(
            () =>
            {
                seen.TrySetResult();
                return false;
            },
            Cancellation);
        await seen.Task.WaitAsync(TimeSpan.FromSeconds(20), Cancellation);
        var started = TimeProvider.System.GetTimestamp();
        await bench.DisposeAsync();
        Assert.False(await reading);
        Assert.True(TimeProvider.System.GetElapsedTime(started) < TimeSpan.FromSeconds(10));
    }

    [Fact]
    public async Task Events_of_what_one_may_not_see_are_not_found()
    {
        await _bench.RunAsync(_repo, [Workbench.Job("x", "windows-latest", "Step")]);
        using var stranger = new SignedIn(_bench.BaseUrl);
        Assert.Equal(HttpStatusCode.NotFound, (await stranger.GetAsync("/mona/hello/actions/runs/1/events")).Status);
        using var owner = new SignedIn(_bench.BaseUrl, _cookie);
        Assert.Equal(HttpStatusCode.NotFound, (await owner.GetAsync("/mona/hello/actions/runs/2/events")).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await owner.GetAsync("/mona/hello/actions/runs/1/events?job=99")).Status);
    }

    [Fact]
    public async Task In_a_browser_the_log_grows_without_reloading_and_survives_a_cut_connection()
    {
        await _bench.RunAsync(_repo, [Workbench.Job("green", "ubuntu-latest", "Count", "Finish"), Workbench.Job("nope", "windows-latest", "x")]);
        await using var wire = new CuttableWire(_bench.BaseUrl);
        var page = await chromium.OpenAsync(wire.Address, _cookie);
        await page.GotoAsync("/mona/hello/actions/runs/1");
        await page.EvaluateAsync("window.sameDocument = true");
        var body = page.Locator("body");
        await Assertions.Expect(body).ToContainTextAsync("Waiting for runner with labels: ubuntu-latest");

        var job = await _bench.ClaimAsync();
        await job.StartStepAsync(0);
        for (var n = 1; n <= 300; n++)
        {
            await job.LogAsync(0, $"line {n}\n");
            if (n % 100 == 50)
            {
                await Assertions.Expect(page.Locator("#L1-1 > span")).ToHaveTextAsync("line 1");
                wire.Cut();
            }
        }

        await Assertions.Expect(page.Locator("#L1-300 > span")).ToHaveTextAsync("line 300");
        var lines = await page.Locator("#log-1 .l > span").AllInnerTextsAsync();
        Assert.Equal(Enumerable.Range(1, 300).Select(n => $"line {n}"), lines);

        await job.EndStepAsync(0);
        await Assertions.Expect(page.Locator("#step-head-1 .icon.good")).ToBeVisibleAsync();
        await job.StartStepAsync(1);
        await job.LogAsync(1, "almost");
        await Assertions.Expect(page.Locator("#L2-1 > span")).ToHaveTextAsync("almost");
        await job.LogAsync(1, " done\n");
        await Assertions.Expect(page.Locator("#L2-1 > span")).ToHaveTextAsync("almost done");
        await job.EndStepAsync(1);
        await job.EndAsync();
        await Assertions.Expect(page.Locator("#job")).ToContainTextAsync("success");
        await Assertions.Expect(page.Locator(".jobs li").Nth(1)).ToContainTextAsync("Waiting for runner with labels: windows-latest");

        // The page was never loaded again; its buttons are those of now.
        await page.Locator("text=Cancel run").ClickAsync();
        await Assertions.Expect(page.Locator("#run")).ToContainTextAsync("cancelled");
        await Assertions.Expect(page.Locator("text=Run again")).ToBeVisibleAsync();
        await page.Context.CloseAsync();
    }

    [Fact]
    public async Task A_state_that_changes_comes_to_a_page_that_stays_open()
    {
        await _bench.RunAsync(_repo, [Workbench.Job("green", "ubuntu-latest", "Count")]);
        var page = await chromium.OpenAsync(_bench.BaseUrl, _cookie);
        await page.GotoAsync("/mona/hello/actions/runs/1");
        await page.EvaluateAsync("window.sameDocument = true");
        var job = await _bench.ClaimAsync();
        await job.StartStepAsync(0);
        await Assertions.Expect(page.Locator("#run .lead strong")).ToHaveTextAsync("running");
        await job.EndStepAsync(0);
        await job.EndAsync();
        await Assertions.Expect(page.Locator("#run .lead strong")).ToHaveTextAsync("success");
        Assert.True(await page.EvaluateAsync<bool>("window.sameDocument === true"));
        // Times are the reader's own: Berlin is never UTC.
        var created = DateTime.SpecifyKind(await _bench.QueryAsync<DateTime>("select created_at from workflow_runs"), DateTimeKind.Utc);
        var there = TimeZoneInfo.ConvertTimeFromUtc(created, TimeZoneInfo.FindSystemTimeZoneById("Europe/Berlin"));
        Assert.Contains(
            there.ToString("HH:mm:ss", CultureInfo.InvariantCulture), await page.Locator("#run time").GetAttributeAsync("title"), StringComparison.Ordinal);
        await page.Context.CloseAsync();
    }

    private EventReader Viewer(int run) => new(_bench.BaseUrl, _cookie, $"/mona/hello/actions/runs/{run}/events");
}
