using System.Globalization;
using Shithub.Actions.Testing;

namespace Shithub.Actions.Bench;

/// <summary>1 GB of output from one step, as it arrives in the database, beside the same output straight from the engine's socket into a file.</summary>
internal sealed class OutputBenchmark(Cluster cluster, ServerProcess server)
{
    private const long Bytes = 1_000_000_000;
    private const long WarmUpBytes = 100_000_000;
    private const double BytesPerMiB = 1024 * 1024;

    private const string Look = """
        select s.completed_at - s.started_at as took, (
                select sum(octet_length(c.chunk))::bigint from workflow_step_log_chunks c where c.job_id = j.id and c.attempt = j.attempt
            ) as log_bytes
        from workflow_runs r
        join workflow_jobs j on j.run_id = r.id
        join workflow_steps s on s.job_id = j.id
        where r.head_sha = @sha
        """;

    public async Task<Table> RunAsync(BenchEngine engine, CancellationToken cancellation)
    {
        Run.Say($"output: {engine.Name}, {Bytes / 1_000_000} MB");
        await using var runner = await BenchRunner.StartAsync(cluster, server, engine, 1, warm: 1, fence: true, cancellation);
        var container = await engine.StartAsync("while :; do sleep 3600 & wait $!; done", cancellation);
        var path = $"{cluster.Folder}/output";
        double bare;
        await using (var file = File.Create(path))
            bare = Bytes / (await engine.ExecAsync(container, Print(Bytes), file, cancellation) / 1000);
        File.Delete(path);
        await engine.RemoveAsync(container, cancellation);

        await runner.PushAsync<EndedStep>(".shithub/workflows/much.yml", Workflow(runner.Label, WarmUpBytes), Look, cancellation);
        await runner.BecomeIdleAsync(cancellation);
        var process = runner.FindProcess();
        using var over = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var memory = WatchAsync(process, over.Token);
        var (_, run) = await runner.PushAsync<EndedStep>(".shithub/workflows/much.yml", Workflow(runner.Label, Bytes), Look, cancellation);
        await over.CancelAsync();
        var (early, most) = await memory;
        var rate = Bytes / run.Took.TotalSeconds;
        return new Table(
            $"1 GB of output from one step: {engine.Name}",
            ["", "MB/s", "÷", "limit"],
            [
                ["straight from the engine's socket into a file", Table.Number(bare / 1_000_000), "", ""],
                [$"into the run's log, {Table.Number(run.LogBytes)} bytes stored", Table.Number(rate / 1_000_000), Table.Number(rate / bare, 2), "at least 0.33"],
                [$"the runner's memory meanwhile: {Table.Number(early / BytesPerMiB)} MiB after a tenth, {Table.Number(most / BytesPerMiB)} MiB at most", "", Table.Number((double)most / early, 2), "does not grow"],
            ]);
    }

    /// <returns>The resident memory after two seconds, and the highest after that.</returns>
    private static async Task<(long Early, long Most)> WatchAsync(int process, CancellationToken cancellation)
    {
        var (early, most) = (0L, 0L);
        try
        {
            for (var look = 0; ; look++)
            {
                await Task.Delay(200, cancellation);
                var now = ProcessStatus.Resident(process);
                if (look == 10) early = now;
                if (look > 10) most = Math.Max(most, now);
            }
        }
        catch (OperationCanceledException)
        {
            return (early, most);
        }
    }

    private static string Print(long bytes) => string.Create(
        CultureInfo.InvariantCulture, $"yes 'this is a line of some output, about as long as they are in builds' | head -c {bytes}");

    private static string Workflow(string label, long bytes) => string.Create(CultureInfo.InvariantCulture, $"""
        name: Much
        on:
          push:
            branches: [trunk]
        jobs:
          much:
            runs-on: {label}
            steps:
              - run: {Print(bytes)} || true
        """);

    private sealed record EndedStep
    {
        public long LogBytes { get; init; }

        public TimeSpan Took { get; init; }
    }
}
