using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Dapper;

namespace Shithub.Actions.Bench;

/// <summary>200 people watch one job's live log while a million jobs are queued: what the server's memory is, and how soon they see a line.</summary>
internal sealed partial class ViewerBenchmark(Cluster cluster, ServerProcess server, FilledQueue queue)
{
    private const int Viewers = 200;
    private const int Queued = 1_000_000;
    private const int Chunks = 150;
    private static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(100);

    private readonly ConcurrentQueue<double> _milliseconds = [];
    private int _seen;

    public async Task<Table> RunAsync(CancellationToken cancellation)
    {
        Run.Say($"viewers: queueing {Queued:N0} jobs");
        await queue.RefillAsync(cancellation, Queued);
        await using (var connection = await cluster.DataSource.OpenConnectionAsync(cancellation))
            await connection.ExecuteAsync(new CommandDefinition("update repositories set is_private = false", cancellationToken: cancellation));
        using var runner = new WireConnection(server);
        using var claim = JsonDocument.Parse(runner.Post("/api/v1/runners/heartbeat", FilledQueue.Token(1), "", ClaimBenchmark.Message()));
        var job = claim.RootElement.GetProperty("job");
        var (id, step) = (job.GetProperty("id").GetInt64(), job.GetProperty("steps")[2].GetProperty("id").GetInt64());
        var page = string.Create(
            CultureInfo.InvariantCulture,
            $"{job.GetProperty("repository").GetString()}/actions/runs/{job.GetProperty("run_index").GetInt32()}/events?job={id}");

        using var http = new HttpClient { BaseAddress = server.BaseUrl, Timeout = Timeout.InfiniteTimeSpan };
        var idle = await MemoryAsync(http, cancellation);
        Run.Say($"viewers: {Viewers} open the live log");
        using var done = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var watching = Enumerable.Range(0, Viewers).Select(_ => WatchAsync(http, page, done.Token)).ToArray();
        var token = claim.RootElement.GetProperty("token").GetString()!;
        var most = 0.0;
        for (var seq = 0; seq < Chunks; seq++)
        {
            await Task.Delay(Pace, cancellation);
            var text = string.Create(CultureInfo.InvariantCulture, $"at={Stopwatch.GetTimestamp()}=\n") + string.Concat(Enumerable.Repeat("building a part of it\n", 180));
            var answer = runner.Post(
                string.Create(CultureInfo.InvariantCulture, $"/api/v1/jobs/{id}/logs"), token, "",
                string.Create(CultureInfo.InvariantCulture, $$"""{"seq":{{seq}},"chunk":"{{Convert.ToBase64String(Encoding.ASCII.GetBytes(text))}}","step_id":{{step}}}"""));
            using var next = JsonDocument.Parse(answer);
            token = next.RootElement.GetProperty("next_token").GetString()!;
            if (seq % 10 == 9)
                most = Math.Max(most, await MemoryAsync(http, cancellation));
        }

        var waited = Stopwatch.StartNew();
        while (_seen < Viewers * Chunks && waited.Elapsed < TimeSpan.FromSeconds(60))
            await Task.Delay(50, cancellation);
        if (_seen != Viewers * Chunks)
            throw new BenchException($"The viewers saw {_seen} chunks of {Viewers * Chunks}.");
        most = Math.Max(most, await MemoryAsync(http, cancellation));
        await done.CancelAsync();
        await Task.WhenAll(watching);
        var sorted = _milliseconds.Order().ToArray();
        return new Table(
            $"{Viewers} viewers of one live log with {Queued:N0} jobs queued; ten chunks of 4 KiB a second",
            ["viewers", "chunks seen by each", "append to seen, p50 ms", "p95 ms", "server MiB before", "most MiB"],
            [[
                $"{Viewers}", $"{Chunks}", Table.Number(sorted[sorted.Length / 2], 0), Table.Number(sorted[(int)(sorted.Length * 0.95)], 0),
                Table.Number(idle, 0), Table.Number(most, 0),
            ]]);
    }

    private async Task WatchAsync(HttpClient http, string page, CancellationToken cancellation)
    {
        try
        {
            using var response = await http.GetAsync(new Uri(page, UriKind.Relative), HttpCompletionOption.ResponseHeadersRead, cancellation);
            response.EnsureSuccessStatusCode();
            using var reader = new StreamReader(await response.Content.ReadAsStreamAsync(cancellation));
            while (await reader.ReadLineAsync(cancellation) is { } line)
            {
                foreach (var at in At().Matches(line).Select(match => long.Parse(match.Groups[1].ValueSpan, CultureInfo.InvariantCulture)))
                {
                    _milliseconds.Enqueue(Stopwatch.GetElapsedTime(at).TotalMilliseconds);
                    Interlocked.Increment(ref _seen);
                }
            }
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
        }
    }

    /// <returns>MiB of the server process, as it says itself.</returns>
    private static async Task<double> MemoryAsync(HttpClient http, CancellationToken cancellation)
    {
        var page = await http.GetStringAsync(new Uri("metrics", UriKind.Relative), cancellation);
        return double.Parse(Resident().Match(page).Groups[1].ValueSpan, CultureInfo.InvariantCulture) / (1024 * 1024);
    }

    [GeneratedRegex("at=([0-9]+)=")]
    private static partial Regex At();

    [GeneratedRegex("^process_resident_memory_bytes ([0-9.e+]+)", RegexOptions.Multiline)]
    private static partial Regex Resident();
}
