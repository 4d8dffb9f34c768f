using System.Globalization;
using System.Text.RegularExpressions;
using Shithub.Actions.Server.Metrics;
using Shithub.Actions.Server.Runners;
using Shithub.Actions.Server.Tests.Web;
using Shithub.Actions.Testing;
using Xunit;

namespace Shithub.Actions.Server.Tests.Metrics;

public sealed partial class MetricsPageTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Every_series_of_the_runbook_is_there_from_the_first_scrape()
    {
        await using var server = await TestServer.StartAsync();
        using var response = await server.Client.GetAsync("/metrics", Cancellation);
        Assert.Equal("text/plain; version=0.0.4; charset=utf-8", response.Content.Headers.ContentType?.ToString());
        var page = await response.Content.ReadAsStringAsync(Cancellation);
        string[] expected =
        [
            "shithub_actions_runner_registrations_total 0",
            "shithub_actions_runner_heartbeats_total{result=\"claimed\"} 0",
            "shithub_actions_runner_jwt_issued_total{purpose=\"api\"} 0",
            "shithub_actions_runner_jwt_calls_total{result=\"replayed\"} 0",
            "shithub_actions_job_cancellations_total{state=\"running\"} 0",
            "shithub_actions_log_scrub_replacements_total 0",
            "shithub_actions_step_timeouts_total 0",
            "shithub_actions_runs_pruned_total{kind=\"chunks\"} 0",
            "shithub_actions_runs_pruned_total{kind=\"blobs\"} 0",
            "shithub_actions_runs_pruned_total{kind=\"runs\"} 0",
            "shithub_actions_runs_pruned_total{kind=\"jwt_used\"} 0",
            "# TYPE shithub_actions_queue_depth gauge",
            "# TYPE shithub_actions_claim_latency_seconds histogram",
            "shithub_actions_runners_online 0",
            "shithub_actions_runners_stale 0",
            "shithub_actions_runners_draining 0",
            "shithub_actions_runner_revocations_total 0",
            "shithub_actions_queue_oldest_seconds 0",
            "shithub_actions_jobs_running 0",
            "shithub_actions_database_up 1",
        ];
        var lines = page.Split('\n');
        Assert.All(expected, line => Assert.Contains(line, lines));
    }

    [Fact]
    public async Task Every_line_is_one_that_Prometheus_reads()
    {
        await using var bench = await Workbench.StartAsync();
        await bench.RunAsync(await bench.RepositoryAsync("hello"), [Workbench.Job("a", "ubuntu-latest", "x")]);
        await bench.ClaimAsync();
        var page = await bench.Server.Client.GetStringAsync("/metrics", Cancellation);
        var typed = new HashSet<string>();
        foreach (var line in page.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            if (line.StartsWith("# TYPE ", StringComparison.Ordinal))
            {
                Assert.True(typed.Add(line.Split(' ')[2]), $"two families are called the same: {line}");
                continue;
            }

            Assert.True(line.StartsWith("# HELP ", StringComparison.Ordinal) || Sample().IsMatch(line), line);
        }

        Assert.All(ListedNames(), name => Assert.Contains(name, page, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Numbers_follow_what_happens()
    {
        await using var bench = await Workbench.StartAsync();
        var repo = await bench.RepositoryAsync("hello");
        var pool = bench.Server.Get<RunnerPool>();
        await bench.RunAsync(repo, [Workbench.Job("a", "ubuntu-latest", "x"), Workbench.Job("b", "windows-latest", "x")]);
        var job = await bench.ClaimAsync();
        await job.StartStepAsync(0);
        await job.EndStepAsync(0, "timed_out");
        var other = await pool.RegisterAsync("runner-2", ["odd"], 1, null, Cancellation);
        await pool.RevokeAsync(other!.Id, "test", Cancellation);

        await ExpectAsync(bench, "shithub_actions_queue_depth{label=\"windows-latest\"}", 1);
        await ExpectAsync(bench, "shithub_actions_queue_depth{label=\"ubuntu-latest\"}", 0);
        await ExpectAsync(bench, "shithub_actions_jobs_running", 1);
        await ExpectAsync(bench, "shithub_actions_runners_online", 1);
        await ExpectAsync(bench, "shithub_actions_runner_registrations_total", 2);
        await ExpectAsync(bench, "shithub_actions_runner_revocations_total", 1);
        await ExpectAsync(bench, "shithub_actions_runner_heartbeats_total{result=\"claimed\"}", 1);
        await ExpectAsync(bench, "shithub_actions_step_timeouts_total", 1);
        await ExpectAsync(bench, "shithub_actions_claim_latency_seconds_count", 1);
        await ExpectAsync(bench, "shithub_actions_claim_latency_seconds_bucket{le=\"+Inf\"}", 1);
        await pool.DrainAsync(1, "test", Cancellation);
        await ExpectAsync(bench, "shithub_actions_runners_draining", 1);
        await ExpectAsync(bench, "shithub_actions_runners_online", 0);
    }

    [Fact]
    public async Task Two_servers_in_one_process_count_apart()
    {
        await using var busy = await Workbench.StartAsync();
        await using var idle = await TestServer.StartAsync();
        await busy.RunAsync(await busy.RepositoryAsync("hello"), [Workbench.Job("a", "ubuntu-latest", "x")]);
        await busy.ClaimAsync();
        Assert.Contains("heartbeats_total{result=\"claimed\"} 0", await idle.Client.GetStringAsync("/metrics", Cancellation), StringComparison.Ordinal);
    }

    [Fact]
    public async Task There_is_no_page_where_it_is_turned_off()
    {
        await using var server = await TestServer.StartAsync(("metrics.enabled", "false"));
        using var response = await server.Client.GetAsync("/metrics", Cancellation);
        Assert.Equal(System.Net.HttpStatusCode.NotFound, response.StatusCode);
    }

    [Fact]
    public void Labels_are_escaped()
    {
        var text = new PrometheusText();
        text.Family("a", "gauge", "one\\two\nthree");
        text.Sample("a", PrometheusText.Label("l", "say \"hi\"\\\n"), 1.5);
        Assert.Equal("# HELP a one\\\\two\\nthree\n# TYPE a gauge\na{l=\"say \\\"hi\\\"\\\\\\n\"} 1.5\n", text.ToString());
    }

    /// <summary>The metrics that the README's table promises.</summary>
    private static IEnumerable<string> ListedNames()
    {
        var folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "Shithub.Actions.sln")))
            folder = Path.GetDirectoryName(folder)!;
        var readme = File.ReadAllText(Path.Combine(folder, "src/Shithub.Actions.Server/Metrics/README.md"));
        return ListedName().Matches(readme).Select(match => match.Groups[1].Value);
    }

    /// <summary>Waits until the page, which may be a second old, says so.</summary>
    private static async Task ExpectAsync(Workbench bench, string series, double value)
    {
        var deadline = TimeProvider.System.GetTimestamp();
        while (true)
        {
            var page = await bench.Server.Client.GetStringAsync("/metrics", Cancellation);
            var line = page.Split('\n').FirstOrDefault(line => line.StartsWith(series + " ", StringComparison.Ordinal));
            if (line is not null && double.Parse(line.Split(' ')[^1], CultureInfo.InvariantCulture).Equals(value))
                return;
            Assert.True(TimeProvider.System.GetElapsedTime(deadline) < TimeSpan.FromSeconds(10), $"{series} is not {value} but: {line}");
            await Task.Delay(50, Cancellation);
        }
    }

    [GeneratedRegex("""^[a-zA-Z_][a-zA-Z0-9_]*(\{[a-zA-Z_]+="([^"\\]|\\.)*"(,[a-zA-Z_]+="([^"\\]|\\.)*")*\})? (-?[0-9.]+(E[+-]?[0-9]+)?|\+Inf|NaN)$""")]
    private static partial Regex Sample();

    [GeneratedRegex(@"^\| `(shithub_[a-z_]+)", RegexOptions.Multiline)]
    private static partial Regex ListedName();
}
