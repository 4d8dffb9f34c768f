using System.Globalization;
using System.Text;

namespace Shithub.Actions.Bench;

/// <summary>A claim and the completion of its job, both over HTTP, beside graphile-worker doing the same without HTTP.</summary>
internal sealed class CompletionBenchmark(Cluster cluster, ServerProcess server, FilledQueue queue)
{
    private const int Jobs = 9_600;

    /// <summary>After so many rounds the server's code is compiled for good: in the second it still takes twentieths of the processor time.</summary>
    private const int WarmUpRounds = 3;

    private const int GraphileJobs = 5000;

    private static readonly int[] AtOnce = [16, 64];

    public async Task<Table> RunAsync(CancellationToken cancellation)
    {
        for (var round = 0; round < WarmUpRounds; round++)
        {
            await queue.RefillAsync(cancellation);
            Complete(AtOnce[0], cancellation);
        }

        var rows = new List<string[]>();
        foreach (var clients in AtOnce)
            rows.Add(await MeasureAsync(clients, cancellation));
        return new Table(
            "A claim and the completion of its job: over HTTP beside graphile-worker 0.17, unbatched, without HTTP, with as many at once",
            [
                "at once", "HTTP jobs/s", "p50 ms", "p95 ms", "graphile-worker jobs/s", "HTTP ÷ graphile-worker", "processor time of a job, µs: PostgreSQL", "server",
                "clients",
            ],
            rows);
    }

    private async Task<string[]> MeasureAsync(int clients, CancellationToken cancellation)
    {
        Run.Say($"claims with completions: {clients} at once");
        await queue.RefillAsync(cancellation);
        var ours = new Latencies();
        var before = ProcessorTime();
        var (milliseconds, seconds) = Complete(clients, cancellation);
        var after = ProcessorTime();
        await queue.ExpectAsync("select count(*) from workflow_jobs where status = 'completed'", Jobs, cancellation);
        ours.Add(milliseconds, seconds);
        Run.Say("graphile-worker");
        var graphile = await Graphile.RunAsync(cluster, GraphileJobs, clients, cancellation);
        return
        [
            Table.Number(clients), Table.Number(ours.PerSecond), Table.Number(ours.Median, 1), Table.Number(ours.P95, 1),
            graphile is { } rate ? Table.Number(rate) : "npm is missing", graphile is { } other ? Table.Number(ours.PerSecond / other, 2) : "-",
            .. after.Zip(before, (to, from) => Table.Number((to - from) / Jobs * 1e6)),
        ];
    }

    /// <summary>Seconds: PostgreSQL's, the server's and the clients'.</summary>
    private double[] ProcessorTime() =>
    [
        Processes.SecondsWithChildren(Processes.Find("postgres", $"{cluster.Folder}/data")), Processes.Seconds(Processes.Find("shithubd", server.Config)),
        Processes.Seconds(Environment.ProcessId),
    ];

    private (double[] Milliseconds, double Seconds) Complete(int clients, CancellationToken cancellation)
    {
        var claims = new string[clients];
        // Two calls for each job: the even ones claim, the odd ones report.
        var (calls, seconds) = Load.RunOnFewThreads(
            clients,
            2 * (Jobs / clients),
            _ => new WireConnection(server),
            (connection, client, number) =>
            {
                if (number % 2 == 0)
                {
                    var runner = 1 + client + (clients * (number / 2 % (FilledQueue.Runners / clients)));
                    connection.SendPost("/api/v1/runners/heartbeat", FilledQueue.Token(runner), "", Encoding.UTF8.GetBytes(ClaimBenchmark.Message()));
                    return;
                }

                var claim = claims[client];
                connection.SendPost(
                    string.Create(CultureInfo.InvariantCulture, $"/api/v1/jobs/{Between(claim, "\"job\":{\"id\":", ",")}/status"),
                    Between(claim, "\"token\":\"", "\""),
                    $"Idempotency-Key: {Guid.NewGuid()}\r\n",
                    """{"status":"completed","conclusion":"success"}"""u8);
            },
            (connection, client) => claims[client] = connection.ReceiveAnswer(),
            cancellation);
        return ([.. calls.Chunk(2).Select(pair => pair.Sum())], seconds);
    }

    private static string Between(string text, string before, string after)
    {
        var start = text.IndexOf(before, StringComparison.Ordinal) + before.Length;
        return text[start..text.IndexOf(after, start, StringComparison.Ordinal)];
    }
}
