namespace Shithub.Actions.Bench;

/// <summary>The parts about runners, each on Podman and on Docker; every table is printed as soon as it is there.</summary>
internal static class EngineBenchmarks
{
    /// <param name="wanted">Asked with a part's name.</param>
    public static async IAsyncEnumerable<Table> RunAsync(
        Cluster cluster, ServerProcess server, Func<string, bool> wanted, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellation)
    {
        string[] parts = ["speed", "throughput", "output", "idle"];
        if (!parts.Any(wanted))
            yield break;
        await new FilledQueue(cluster.DataSource).ClearAsync(cancellation);
        using var podman = await BenchEngine.PodmanAsync(cancellation);
        using var docker = await BenchEngine.DockerAsync(cancellation);
        foreach (var part in parts.Where(wanted))
        {
            await using var buildbot = part == "speed" ? await Buildbot.TryStartAsync(cluster.Folder, cancellation) : null;
            foreach (var engine in (BenchEngine[])[podman, docker])
            {
                var table = part switch
                {
                    "speed" => await new SpeedBenchmark(cluster, server).RunAsync(engine, buildbot, cancellation),
                    "throughput" => await new ThroughputBenchmark(cluster, server).RunAsync(engine, cancellation),
                    "output" => await new OutputBenchmark(cluster, server).RunAsync(engine, cancellation),
                    _ => await new IdleBenchmark(cluster, server).RunAsync(engine, cancellation),
                };
                foreach (var row in table.Rows)
                    Run.Say($"{engine.Name}: {string.Join(" | ", row)}");
                yield return table;
            }
        }
    }
}
