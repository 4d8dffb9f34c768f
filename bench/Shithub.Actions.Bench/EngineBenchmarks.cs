namespace Shithub.Actions.Bench;

/// <summary>The parts about runners, each on one engine.</summary>
internal static class EngineBenchmarks
{
    public static Task<Table> PushAsync(Func<CancellationToken, Task<BenchEngine>> engine, Cluster cluster, ServerProcess server, CancellationToken cancellation) =>
        WithAsync(engine, cluster, started => new PushBenchmark(cluster, server).RunAsync(started, cancellation), cancellation);

    public static Task<Table> SpeedAsync(Func<CancellationToken, Task<BenchEngine>> engine, Cluster cluster, ServerProcess server, CancellationToken cancellation) =>
        WithAsync(
            engine, cluster,
            async started =>
            {
                await using var buildbot = await Buildbot.TryStartAsync(cluster.Folder, cancellation);
                return await new SpeedBenchmark(cluster, server).RunAsync(started, buildbot, cancellation);
            },
            cancellation);

    public static Task<Table> ThroughputAsync(Func<CancellationToken, Task<BenchEngine>> engine, Cluster cluster, ServerProcess server, CancellationToken cancellation) =>
        WithAsync(engine, cluster, started => new ThroughputBenchmark(cluster, server).RunAsync(started, cancellation), cancellation);

    public static Task<Table> OutputAsync(Func<CancellationToken, Task<BenchEngine>> engine, Cluster cluster, ServerProcess server, CancellationToken cancellation) =>
        WithAsync(engine, cluster, started => new OutputBenchmark(cluster, server).RunAsync(started, cancellation), cancellation);

    public static Task<Table> IdleAsync(Func<CancellationToken, Task<BenchEngine>> engine, Cluster cluster, ServerProcess server, CancellationToken cancellation) =>
        WithAsync(engine, cluster, started => new IdleBenchmark(cluster, server).RunAsync(started, cancellation), cancellation);

    private static async Task<Table> WithAsync(
        Func<CancellationToken, Task<BenchEngine>> start, Cluster cluster, Func<BenchEngine, Task<Table>> run, CancellationToken cancellation)
    {
        await new FilledQueue(cluster.DataSource).ClearAsync(cancellation);
        // The next repository has the first number again.
        var repositories = Path.Combine(cluster.Folder, "shithubd", "repositories");
        if (Directory.Exists(repositories))
            Directory.Delete(repositories, recursive: true);
        using var engine = await start(cancellation);
        return await run(engine);
    }
}
