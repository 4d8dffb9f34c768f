namespace Shithub.Actions.Bench;

/// <summary>
/// One job with one <c>run:</c> step, pushed with stock git: from its claim to its first output, and from the return of <c>git push</c> to its
/// conclusion in the database, with a container that waits and without, beside a bare exec and a bare container on the same socket.
/// </summary>
internal sealed class SpeedBenchmark(Cluster cluster, ServerProcess server)
{
    private const int Rounds = 15;
    private const int WarmUpRounds = 2;

    // Times are the beginnings of the transactions that stored the rows: one commit earlier than others see them.
    private const string Look = """
        select j.started_at as claimed_at, j.completed_at,
            (select min(c.created_at) from workflow_step_log_chunks c where c.job_id = j.id and c.step_id is not null) as first_output_at
        from workflow_runs r
        join workflow_jobs j on j.run_id = r.id
        where r.head_sha = @sha
        """;

    public async Task<Table> RunAsync(BenchEngine engine, Buildbot? buildbot, CancellationToken cancellation)
    {
        Run.Say($"speed: {engine.Name}, two runners are starting");
        await using var warm = await BenchRunner.StartAsync(cluster, server, engine, 1, warm: 1, fence: true, cancellation);
        await using var cold = await BenchRunner.StartAsync(cluster, server, engine, 1, warm: 0, fence: true, cancellation);
        foreach (var runner in (BenchRunner[])[warm, cold])
            await runner.Git.CommitAsync(".shithub/workflows/one.yml", Workflow(runner.Label), "Add the workflow");
        var container = await engine.StartAsync("while :; do sleep 3600 & wait $!; done", cancellation);
        var (exec, started, firstWarm, firstCold, conclusion, other) =
            (new Latencies(), new Latencies(), new Latencies(), new Latencies(), new Latencies(), new Latencies());
        for (var round = 1 - WarmUpRounds; round <= Rounds; round++)
        {
            if (round % 5 == 1)
                Run.Say($"speed: {engine.Name}, {round} of {Rounds}");
            var bareExec = await engine.ExecAsync(container, "echo hello", Stream.Null, cancellation);
            var (bareStart, _) = await engine.RunAsync("echo hello", cancellation);
            var (pushed, run) = await warm.PushAsync<EndedJob>("count.txt", $"{round}\n", Look, cancellation);
            await warm.BecomeIdleAsync(cancellation);
            var (_, coldRun) = await cold.PushAsync<EndedJob>("count.txt", $"{round}\n", Look, cancellation);
            await cold.BecomeIdleAsync(cancellation);
            var built = buildbot is null ? 0 : await buildbot.BuildAsync(cancellation);
            if (round < 1)
                continue;
            Add(exec, bareExec);
            Add(started, bareStart);
            Add(firstWarm, (run.FirstOutputAt - run.ClaimedAt).TotalMilliseconds);
            Add(firstCold, (coldRun.FirstOutputAt - coldRun.ClaimedAt).TotalMilliseconds);
            Add(conclusion, (run.CompletedAt - pushed.At).TotalMilliseconds);
            Add(other, built);
        }

        await engine.RemoveAsync(container, cancellation);
        string[][] rows =
        [
            [.. Numbers("bare exec, to its exit code", exec), "", ""],
            [.. Numbers("bare create + start", started), "", ""],
            [.. Numbers("from claim to first output, warm", firstWarm), Ratio(firstWarm, exec), "1.5 × bare exec"],
            [.. Numbers("from claim to first output, cold", firstCold), Ratio(firstCold, started), "1.3 × create + start"],
            [.. Numbers("from `git push` returning to the conclusion stored, warm", conclusion), Ratio(conclusion, exec), "3 × bare exec"],
        ];
        string[] last = buildbot is null ? [] : [.. Numbers("Buildbot: from a change told to a bare process's end noted", other), Ratio(other, exec), ""];
        return new Table(
            $"One job with one `run:` step, {Rounds} times, behind the network's fence: {engine.Name}",
            ["milliseconds", "median", "p95", "÷", "limit"],
            last.Length == 0 ? rows : [.. rows, last]);
    }

    private static void Add(Latencies latencies, double milliseconds) => latencies.Add([milliseconds], milliseconds / 1000);

    private static string[] Numbers(string name, Latencies latencies) => [name, Table.Number(latencies.Median), Table.Number(latencies.P95)];

    private static string Ratio(Latencies one, Latencies other) => Table.Number(one.Median / other.Median, 2);

    private static string Workflow(string label) => $"""
        name: One
        on:
          push:
            branches: [trunk]
        jobs:
          one:
            runs-on: {label}
            steps:
              - run: echo hello
        """;

    private sealed record EndedJob
    {
        public DateTime ClaimedAt { get; init; }

        public DateTime CompletedAt { get; init; }

        public DateTime FirstOutputAt { get; init; }
    }
}
