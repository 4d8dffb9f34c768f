using System.Globalization;

namespace Shithub.Actions.Bench;

/// <summary>A claim and the completion of its job, both over HTTP, beside graphile-worker doing the same without HTTP.</summary>
internal sealed class CompletionBenchmark(Cluster cluster, ServerProcess server, FilledQueue queue)
{
    private const int Clients = 16;
    private const int JobsEach = 300;

    /// <summary>As many as before claims are measured: then the server's code is compiled for good.</summary>
    private const int WarmUpJobsEach = 600;
    private const int GraphileJobs = 5000;

    public async Task<Table> RunAsync(CancellationToken cancellation)
    {
        Run.Say($"claims with completions: {Clients} at once");
        await queue.RefillAsync(cancellation);
        await CompleteAsync(WarmUpJobsEach, cancellation);
        await queue.RefillAsync(cancellation);
        var ours = new Latencies();
        var (milliseconds, seconds) = await CompleteAsync(JobsEach, cancellation);
        await queue.ExpectAsync("select count(*) from workflow_jobs where status = 'completed'", Clients * JobsEach, cancellation);
        ours.Add(milliseconds, seconds);
        Run.Say("graphile-worker");
        var graphile = await Graphile.RunAsync(cluster, GraphileJobs, Clients, cancellation);
        return new Table(
            $"A claim and the completion of its job, {Clients} at once: over HTTP beside graphile-worker 0.17 with concurrency {Clients}, unbatched, without HTTP",
            ["", "HTTP jobs/s", "p50 ms", "p95 ms", "graphile-worker jobs/s", "HTTP ÷ graphile-worker"],
            [[
                "jobs", Table.Number(ours.PerSecond), Table.Number(ours.Median, 1), Table.Number(ours.P95, 1),
                graphile is { } rate ? Table.Number(rate) : "npm is missing", graphile is { } other ? Table.Number(ours.PerSecond / other, 2) : "-",
            ]]);
    }

    private Task<(double[] Milliseconds, double Seconds)> CompleteAsync(int jobs, CancellationToken cancellation) => Task.FromResult(Load.Run(
        Clients,
        jobs,
        _ => new WireConnection(server),
        (connection, client, number) =>
        {
            var runner = 1 + client + (Clients * (number % (FilledQueue.Runners / Clients)));
            var claim = connection.Post("/api/v1/runners/heartbeat", FilledQueue.Token(runner), "", ClaimBenchmark.Message());
            var job = Between(claim, "\"job\":{\"id\":", ",");
            connection.Post(
                string.Create(CultureInfo.InvariantCulture, $"/api/v1/jobs/{job}/status"), Between(claim, "\"token\":\"", "\""),
                $"Idempotency-Key: {Guid.NewGuid()}\r\n", """{"status":"completed","conclusion":"success"}""");
        },
        cancellation));

    private static string Between(string text, string before, string after)
    {
        var start = text.IndexOf(before, StringComparison.Ordinal) + before.Length;
        return text[start..text.IndexOf(after, start, StringComparison.Ordinal)];
    }
}
