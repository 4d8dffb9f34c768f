namespace Shithub.Actions.Bench;

/// <summary>What a runner costs that waits for a job, with a container that waits, too.</summary>
internal sealed class IdleBenchmark(Cluster cluster, ServerProcess server)
{
    private static readonly TimeSpan Settling = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Watched = TimeSpan.FromSeconds(30);

    public async Task<Table> RunAsync(BenchEngine engine, CancellationToken cancellation)
    {
        Run.Say($"idle: {engine.Name}, {Settling.TotalSeconds + Watched.TotalSeconds:0} s");
        await using var runner = await BenchRunner.StartAsync(cluster, server, engine, 1, warm: 1, fence: true, cancellation);
        var process = runner.FindProcess();
        await Task.Delay(Settling, cancellation);
        var before = Processes.Seconds(process);
        await Task.Delay(Watched, cancellation);
        var share = (Processes.Seconds(process) - before) / Watched.TotalSeconds;
        var memory = Processes.Resident(process) / 1_000_000.0;
        return new Table(
            $"A runner that waits, with its children, over {Watched.TotalSeconds:0} s: {engine.Name}",
            ["", "", "limit"],
            [
                ["resident memory, MB", Table.Number(memory), "60"],
                ["processor, per cent of a core", Table.Number(share * 100, 2), "0.5"],
            ]);
    }
}
