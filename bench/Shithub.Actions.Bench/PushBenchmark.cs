namespace Shithub.Actions.Bench;

/// <summary>
/// From a <c>git push</c> that has returned to the first line of the run's log and to its conclusion in the database: both programs,
/// stock git over HTTP, real containers. Beside each push a bare container, so that both see the same machine.
/// </summary>
internal sealed class PushBenchmark(Cluster cluster, ServerProcess server)
{
    private const int Pushes = 30;
    private const int WarmUpPushes = 3;

    private static string Workflow(string label) => $"""
        name: Smoke
        on:
          push:
            branches: [trunk]
        jobs:
          green:
            runs-on: {label}
            steps:
              - uses: actions/checkout@v4
              - name: Verify checkout
                run: test -f README.md || test -f readme.md || pwd
              - name: Smoke
                run: printf 'shithub actions smoke passed\n'
        """;

    // Times are the beginnings of the transactions that stored the rows: one commit earlier than others see them.
    private const string Look = """
        select r.completed_at,
            (
                select min(c.created_at)
                from workflow_jobs j
                join workflow_step_log_chunks c on c.job_id = j.id
                where j.run_id = r.id
            ) as first_line_at,
            (
                select min(c.created_at)
                from workflow_jobs j
                join workflow_steps s on s.job_id = j.id and s.name = 'Smoke'
                join workflow_step_log_chunks c on c.job_id = j.id and c.step_id = s.id
                where j.run_id = r.id and position('smoke passed'::bytea in c.chunk) > 0
            ) as first_output_at
        from workflow_runs r
        where r.head_sha = @sha
        """;

    public async Task<Table> RunAsync(BenchEngine engine, CancellationToken cancellation)
    {
        Run.Say("push: starting shithubd-runner");
        await using var runner = await BenchRunner.StartAsync(cluster, server, engine, capacity: 1, warm: 0, fence: true, cancellation);
        await runner.Git.CommitAsync(".shithub/workflows/smoke.yml", Workflow(runner.Label), "Add the smoke workflow");

        var (push, firstLine, firstOutput, conclusion, container) =
            (new Latencies(), new Latencies(), new Latencies(), new Latencies(), new Latencies());
        for (var number = 1 - WarmUpPushes; number <= Pushes; number++)
        {
            if (number % 10 == 1)
                Run.Say($"push: {number} of {Pushes}");
            var (pushed, run) = await runner.PushAsync<EndedRun>("count.txt", $"{number}\n", Look, cancellation);
            await runner.BecomeIdleAsync(cancellation);
            var (_, bareMilliseconds) = await engine.RunAsync("printf 'shithub actions smoke passed\\n'", cancellation);
            if (number < 1)
                continue;
            push.Add([pushed.Took.TotalMilliseconds], pushed.Took.TotalSeconds);
            Add(firstLine, run.FirstLineAt);
            Add(firstOutput, run.FirstOutputAt ?? throw new BenchException("The run ended without its output."));
            Add(conclusion, run.CompletedAt);
            container.Add([bareMilliseconds], bareMilliseconds / 1000);

            void Add(Latencies latencies, DateTime at)
            {
                var after = at - pushed.At;
                latencies.Add([after.TotalMilliseconds], after.TotalSeconds);
            }
        }

        return new Table(
            $"A push of the smoke workflow (checkout and two `run:` steps), {Pushes} times, beside a bare container of the same image and limits after each",
            ["milliseconds", "median", "p95"],
            [
                Row("`git push` itself", push),
                Row("from its return to the first log line stored", firstLine),
                Row("from its return to the first line that a step printed stored", firstOutput),
                Row("from its return to the run's conclusion stored", conclusion),
                Row("bare container: create + start + wait + remove", container),
            ]);
    }

    private static string[] Row(string name, Latencies latencies) => [name, Table.Number(latencies.Median), Table.Number(latencies.P95)];

    private sealed record EndedRun
    {
        public DateTime CompletedAt { get; init; }

        public DateTime FirstLineAt { get; init; }

        public DateTime? FirstOutputAt { get; init; }
    }
}
