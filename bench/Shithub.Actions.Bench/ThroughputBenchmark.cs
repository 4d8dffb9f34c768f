using System.Diagnostics;

namespace Shithub.Actions.Bench;

/// <summary>100 jobs of <c>true</c> on a runner of capacity 4, beside as many bare containers, four at a time.</summary>
internal sealed class ThroughputBenchmark(Cluster cluster, ServerProcess server)
{
    private const int Jobs = 100;
    private const int Capacity = 4;

    private const string Look = """
        select extract(epoch from max(j.completed_at) - min(j.started_at))::float8 as seconds, count(*) as jobs
        from workflow_runs r
        join workflow_jobs j on j.run_id = r.id
        where r.head_sha = @sha and j.conclusion = 'success'
        """;

    public async Task<Table> RunAsync(BenchEngine engine, CancellationToken cancellation)
    {
        Run.Say($"throughput: {engine.Name}, {Jobs} jobs");
        await using var runner = await BenchRunner.StartAsync(cluster, server, engine, Capacity, warm: 1, fence: true, cancellation);
        await runner.PushAsync<Burst>(".shithub/workflows/many.yml", Workflow(runner.Label, 1), Look, cancellation);
        await runner.BecomeIdleAsync(cancellation);
        var before = await BareAsync(engine, Jobs / 2, cancellation);
        var (_, burst) = await runner.PushAsync<Burst>(".shithub/workflows/many.yml", Workflow(runner.Label, Jobs), Look, cancellation);
        await runner.BecomeIdleAsync(cancellation);
        var bare = before + await BareAsync(engine, Jobs / 2, cancellation);
        return burst.Jobs != Jobs
            ? throw new BenchException($"{burst.Jobs} of {Jobs} jobs succeeded.")
            : new Table(
                $"{Jobs} jobs of `true` at capacity {Capacity}: {engine.Name}",
                ["seconds", "all", "÷", "limit"],
                [
                    [$"bare containers, {Capacity} at a time", Table.Number(bare, 1), "", ""],
                    ["jobs, from the first claim to the last conclusion", Table.Number(burst.Seconds, 1), Table.Number(burst.Seconds / bare, 2), "1.3 × bare containers"],
                ]);
    }

    private static async Task<double> BareAsync(BenchEngine engine, int count, CancellationToken cancellation)
    {
        var began = Stopwatch.GetTimestamp();
        var left = count;
        await Task.WhenAll(Enumerable.Range(0, Capacity).Select(async _ =>
        {
            while (Interlocked.Decrement(ref left) >= 0)
                await engine.RunAsync("true", cancellation);
        }));
        return Stopwatch.GetElapsedTime(began).TotalSeconds;
    }

    private static string Workflow(string label, int jobs) => $$"""
        name: Many
        on:
          push:
            branches: [trunk]
        jobs:
          many:
            runs-on: {{label}}
            strategy:
              matrix:
                n: [{{string.Join(", ", Enumerable.Range(1, jobs))}}]
            steps:
              - run: 'true'
        """;

    private sealed record Burst
    {
        public double Seconds { get; init; }

        public long Jobs { get; init; }
    }
}
