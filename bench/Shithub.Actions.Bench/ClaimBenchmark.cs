using System.Globalization;
using Shithub.Actions.Server.Queue;

namespace Shithub.Actions.Bench;

/// <summary>
/// Claims per second: over HTTP as a runner makes them, beside pgbench with the bare claim statement, and with the three statements
/// that a claim really is (heartbeat, claim, reading the job).
/// </summary>
internal sealed class ClaimBenchmark(Cluster cluster, ServerProcess server, FilledQueue queue)
{
    private const int Rounds = 2;
    private const int WarmUpClaims = 600;
    private const string CountClaims = "select count(*) from workflow_jobs where status = 'running'";

    /// <summary>The longest: what was claimed in one measurement must not expire in it.</summary>
    private const int LeaseSeconds = 900;

    /// <summary>A lone client waits for the disk at every claim, so it makes fewer.</summary>
    private static readonly (int Clients, int Claims)[] Sizes = [(1, 500), (8, 300), (16, 300)];

    private static readonly Dictionary<string, string> Parameters = new()
    {
        ["token_hashes"] = $"array[{FilledQueue.TokenHashSql}]",
        ["claim_ids"] = "array['bench-' || :claim]",
        ["jtis"] = "array[gen_random_uuid()]",
        ["token_seconds"] = "900",
        ["lease_seconds"] = string.Create(CultureInfo.InvariantCulture, $"array[{LeaseSeconds}]"),
        ["labels"] = $"array['{string.Join(',', FilledQueue.Labels)}']",
        ["capacities"] = "array[1000]",
        ["host_names"] = "array['bench']",
        ["versions"] = "array['0.1.0']",
        ["not_claiming"] = "array[null::text]",
    };

    // Each client has the runners whose numbers leave its own remainder, as over HTTP.
    private static readonly string Choose = $"""
        \set runner 1 + :client_id + :clients * random(0, {FilledQueue.Runners} / :clients - 1)
        \set claim random(1, 9000000000000000000)

        """;

    private static readonly string BareScript = Choose + PgBench.Statement(ClaimJob.ClaimSql, Parameters);

    private static readonly string WholeScript = Choose + PgBench.Batch(
        PgBench.Statement(ClaimJob.RecordHeartbeats, Parameters),
        PgBench.Statement(ClaimJob.ClaimSql, Parameters),
        PgBench.Statement(ClaimJob.ReadClaimed, Parameters));

    private static readonly string Labels = string.Join(',', FilledQueue.Labels.Select(label => $"\"{label}\""));

    public async Task<Table> RunAsync(CancellationToken cancellation)
    {
        Run.Say("claims: warming up");
        await queue.RefillAsync(cancellation);
        Claim(16, WarmUpClaims, cancellation);

        var rows = new List<IReadOnlyList<string>>();
        foreach (var (clients, claims) in Sizes)
        {
            var (http, bare, whole) = (new Latencies(), new Latencies(), new Latencies());
            for (var round = 1; round <= Rounds; round++)
            {
                Run.Say($"claims: {clients} at once, round {round} of {Rounds}");
                await MeasureAsync(http, clients * claims, () => Task.FromResult(Claim(clients, claims, cancellation)), cancellation);
                await MeasureAsync(
                    bare, clients * claims, () => PgBench.RunAsync(cluster, BareScript, clients, claims, cancellation), cancellation);
                await MeasureAsync(
                    whole, clients * claims, () => PgBench.RunAsync(cluster, WholeScript, clients, claims, cancellation), cancellation);
            }

            rows.Add([
                $"{clients}",
                Table.Number(http.PerSecond), Table.Number(http.Median, 1), Table.Number(http.P95, 1),
                Table.Number(bare.PerSecond), Table.Number(bare.Median, 1), Table.Number(bare.P95, 1), Table.Number(http.PerSecond / bare.PerSecond, 2),
                Table.Number(whole.PerSecond), Table.Number(whole.Median, 1), Table.Number(whole.P95, 1), Table.Number(http.PerSecond / whole.PerSecond, 2),
            ]);
        }

        return new Table(
            $"Claims, {FilledQueue.Jobs:N0} jobs queued: `POST /api/v1/runners/heartbeat` beside pgbench running the claim statement alone, and all three statements of a claim",
            [
                "runners", "HTTP claims/s", "p50 ms", "p95 ms", "pgbench, claim alone/s", "p50 ms", "p95 ms", "HTTP ÷ pgbench",
                "pgbench, all three/s", "p50 ms", "p95 ms", "HTTP ÷ pgbench",
            ],
            rows);
    }

    private async Task MeasureAsync(
        Latencies latencies, int claims, Func<Task<(double[] Milliseconds, double Seconds)>> measure, CancellationToken cancellation)
    {
        await queue.RefillAsync(cancellation);
        var (milliseconds, seconds) = await measure();
        await queue.ExpectAsync(CountClaims, claims, cancellation);
        latencies.Add(milliseconds, seconds);
    }

    private (double[] Milliseconds, double Seconds) Claim(int clients, int claims, CancellationToken cancellation) => Load.Run(
        clients,
        claims,
        _ => new WireConnection(server),
        (connection, client, number) =>
        {
            var runner = 1 + client + (clients * (number % (FilledQueue.Runners / clients)));
            connection.Post("/api/v1/runners/heartbeat", FilledQueue.Token(runner), "", Message());
        },
        cancellation);

    /// <summary>As shithubd-runner sends it.</summary>
    public static string Message() => string.Create(
        CultureInfo.InvariantCulture,
        $$"""{"labels":[{{Labels}}],"capacity":1000,"host_name":"bench","version":"0.1.0","claim_id":"{{Guid.NewGuid()}}","wait_seconds":50,"lease_seconds":{{LeaseSeconds}}}""");
}
