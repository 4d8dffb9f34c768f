
namespace Shithub.Actions.Bench;

/// <summary>What a claim over HTTP takes while the queue grows: more jobs, more repositories, jobs that nobody serves or may run.</summary>
internal sealed class ScaleBenchmark(ServerProcess server, FilledQueue queue)
{
    private const int Clients = 8;
    private const int ClaimsEach = 100;
    private const int Base = 1000;

    public async Task<Table> RunAsync(CancellationToken cancellation)
    {
        await queue.RefillAsync(cancellation, Base);
        Claim(cancellation);
        var first = await MeasureAsync("1,000", 0, "", cancellation);
        var rows = new List<(string Name, Latencies Latencies)>
        {
            ("1,000 queued", first),
            ("100,000 queued", await MeasureAsync("100,000", 99_000, FilledQueue.Served, cancellation)),
            ("1,000,000 queued", await MeasureAsync("1,000,000", 999_000, FilledQueue.Served, cancellation)),
            ("1,000 queued and 100,000 that nobody serves", await MeasureAsync("unserved", 100_000, FilledQueue.Unserved, cancellation)),
            ("1,000 queued and 100,000 of an owner that is switched off", await MeasureAsync("switched off", 100_000, FilledQueue.SwitchedOff, cancellation)),
            ("1,000 queued and 20,000 in as many repositories", await MeasureAsync("repositories", 20_000, FilledQueue.ManyRepositories, cancellation)),
            ("1,000 queued, again", await MeasureAsync("1,000", 0, "", cancellation)),
        };
        var few = (rows[0].Latencies.Median + rows[^1].Latencies.Median) / 2;
        return new Table(
            $"Claims over HTTP, {Clients} at once, by what is queued: `÷ 1,000` is the median beside that of the two measurements with 1,000 jobs",
            ["queue", "claims/s", "p50 ms", "p95 ms", "÷ 1,000"],
            [.. rows.Select(row => (IReadOnlyList<string>)[
                row.Name, Table.Number(row.Latencies.PerSecond), Table.Number(row.Latencies.Median, 1), Table.Number(row.Latencies.P95, 1),
                Table.Number(row.Latencies.Median / few, 2),
            ])]);
    }

    private async Task<Latencies> MeasureAsync(string name, int more, string kind, CancellationToken cancellation)
    {
        Run.Say($"scale: {name}");
        await queue.RefillAsync(cancellation, Base);
        if (more > 0)
            await queue.AddAsync(more, kind, cancellation);
        var latencies = new Latencies();
        var (milliseconds, seconds) = Claim(cancellation);
        await queue.ExpectAsync("select count(*) from workflow_jobs where status = 'running'", Clients * ClaimsEach, cancellation);
        latencies.Add(milliseconds, seconds);
        return latencies;
    }

    private (double[] Milliseconds, double Seconds) Claim(CancellationToken cancellation) => Load.Run(
        Clients,
        ClaimsEach,
        _ => new WireConnection(server),
        (connection, client, number) => connection.Post(
            "/api/v1/runners/heartbeat", FilledQueue.Token(1 + client + (Clients * (number % (FilledQueue.Runners / Clients)))), "",
            ClaimBenchmark.Message()),
        cancellation);
}
