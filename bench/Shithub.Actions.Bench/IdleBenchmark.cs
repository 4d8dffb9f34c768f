using Shithub.Actions.Testing;

namespace Shithub.Actions.Bench;

/// <summary>What a runner costs that waits for a job, with a container that waits, too: one that has run none, and one that has run a loud one.</summary>
internal sealed class IdleBenchmark(Cluster cluster, ServerProcess server)
{
    /// <summary>Two collections after it has seen that there is nothing to do (Claims/IdleMemory.cs).</summary>
    private static readonly TimeSpan Rest = TimeSpan.FromSeconds(50);
    private static readonly TimeSpan Settling = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Watched = TimeSpan.FromSeconds(30);
    private const string Look = "select 1 as one from workflow_runs where head_sha = @sha";

    public async Task<Table> RunAsync(BenchEngine engine, CancellationToken cancellation)
    {
        Run.Say($"idle: {engine.Name}, {Settling.TotalSeconds + Watched.TotalSeconds:0} s");
        await using var runner = await BenchRunner.StartAsync(cluster, server, engine, 1, warm: 1, fence: true, cancellation);
        var process = runner.FindProcess();
        await Task.Delay(Settling, cancellation);
        var before = Processes.Seconds(process);
        await Task.Delay(Watched, cancellation);
        var share = (Processes.Seconds(process) - before) / Watched.TotalSeconds;
        var memory = ProcessStatus.ResidentWithChildren(process) / 1_000_000.0;
        await runner.PushAsync<object>(".shithub/workflows/loud.yml", Workflow(runner.Label), Look, cancellation);
        await runner.BecomeIdleAsync(cancellation);
        await Task.Delay(Rest, cancellation);
        var later = ProcessStatus.ResidentWithChildren(process) / 1_000_000.0;
        return new Table(
            $"A runner that waits, with its children, over {Watched.TotalSeconds:0} s: {engine.Name}",
            ["", "", "limit"],
            [
                ["resident memory, MB", Table.Number(memory), "60"],
                ["the same after a job that printed 100 MB", Table.Number(later), "60"],
                ["processor, per cent of a core", Table.Number(share * 100, 2), "0.5"],
            ]);
    }

    private static string Workflow(string label) => $"""
        on: push
        jobs:
          loud:
            runs-on: {label}
            steps:
              - run: yes 'a line of output like any other' | head -c 100000000
        """;
}
