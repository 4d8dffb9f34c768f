using System.Diagnostics;
using System.Globalization;

namespace Shithub.Actions.Bench;

/// <summary>One run of the benchmarks: everything in it shares one PostgreSQL cluster and one server process.</summary>
internal static class Run
{
    /// <summary>Of one part; the largest fills a queue with a million jobs.</summary>
    private static readonly TimeSpan TimeLimit = TimeSpan.FromMinutes(6);
    private static readonly long Started = Stopwatch.GetTimestamp();

    private static readonly Part[] Alone =
    [
        new("parse", (_, _) => Task.FromResult(ParseBenchmark.Run())),
        new("scrub", (_, _) => Task.FromResult(ScrubBenchmark.Run())),
    ];

    private static readonly Part[] WithServer =
    [
        new("claims", (it, stop) => new ClaimBenchmark(it.Cluster, it.Server, it.Queue).RunAsync(stop)),
        new("completion", (it, stop) => new CompletionBenchmark(it.Cluster, it.Server, it.Queue).RunAsync(stop)),
        new("scale", (it, stop) => new ScaleBenchmark(it.Server, it.Queue).RunAsync(stop)),
        new("logs", (it, stop) => new LogBenchmark(it.Cluster, it.Server, it.Queue).RunAsync(stop)),
        new("push", (it, stop) => EngineBenchmarks.PushAsync(BenchEngine.PodmanAsync, it.Cluster, it.Server, stop)),
        new("speed-podman", (it, stop) => EngineBenchmarks.SpeedAsync(BenchEngine.PodmanAsync, it.Cluster, it.Server, stop)),
        new("speed-docker", (it, stop) => EngineBenchmarks.SpeedAsync(BenchEngine.DockerAsync, it.Cluster, it.Server, stop)),
        new("throughput-podman", (it, stop) => EngineBenchmarks.ThroughputAsync(BenchEngine.PodmanAsync, it.Cluster, it.Server, stop)),
        new("throughput-docker", (it, stop) => EngineBenchmarks.ThroughputAsync(BenchEngine.DockerAsync, it.Cluster, it.Server, stop)),
        new("output-podman", (it, stop) => EngineBenchmarks.OutputAsync(BenchEngine.PodmanAsync, it.Cluster, it.Server, stop)),
        new("output-docker", (it, stop) => EngineBenchmarks.OutputAsync(BenchEngine.DockerAsync, it.Cluster, it.Server, stop)),
        new("idle-podman", (it, stop) => EngineBenchmarks.IdleAsync(BenchEngine.PodmanAsync, it.Cluster, it.Server, stop)),
        new("idle-docker", (it, stop) => EngineBenchmarks.IdleAsync(BenchEngine.DockerAsync, it.Cluster, it.Server, stop)),
        new("viewers", (it, stop) => new ViewerBenchmark(it.Cluster, it.Server, it.Queue).RunAsync(stop)),
    ];

    /// <summary>What <c>--only</c> takes.</summary>
    public static IEnumerable<string> Parts => Alone.Concat(WithServer).Select(part => part.Name);

    /// <param name="only">Names of parts; none: all of them, and the numbers are written to the README.</param>
    public static async Task<int> AllAsync(string[] only, CancellationToken stop)
    {
        bool Wanted(Part part) => only.Length == 0 || only.Contains(part.Name);
        try
        {
            var report = new Report(await Machine.DescribeAsync(stop));
            foreach (var part in Alone.Where(Wanted))
                await RunAsync(part, null!, report, stop);
            if (WithServer.Any(Wanted))
            {
                Say("starting PostgreSQL and shithubd");
                await using var cluster = await Cluster.StartAsync(stop);
                await using var server = await ServerProcess.StartAsync(cluster, stop);
                report.Add(await cluster.DescribeAsync(stop));
                var shared = new Shared(cluster, server, new FilledQueue(cluster.DataSource));
                foreach (var part in WithServer.Where(Wanted))
                    await RunAsync(part, shared, report, stop);
            }

            Console.WriteLine();
            Console.WriteLine(report.ToMarkdown());
            if (only.Length == 0)
            {
                await report.WriteAsync(stop);
                Say($"written to {Report.File}");
            }

            return 0;
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            Say("stopped");
            return 1;
        }
        catch (BenchException error)
        {
            Say(error.Message);
            return 1;
        }
    }

    /// <summary>What a part found is printed when it is done: a run that is stopped later has not been for nothing.</summary>
    private static async Task RunAsync(Part part, Shared shared, Report report, CancellationToken stop)
    {
        using var limited = CancellationTokenSource.CreateLinkedTokenSource(stop);
        limited.CancelAfter(TimeLimit);
        try
        {
            var table = await part.RunAsync(shared, limited.Token);
            report.Add(table);
            Console.WriteLine(Report.ToMarkdown(table));
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            throw new BenchException($"{part.Name} was not done within {TimeLimit.TotalMinutes:0} minutes.");
        }
    }

    public static void Say(string what) => Console.WriteLine(string.Create(
        CultureInfo.InvariantCulture, $"[{Stopwatch.GetElapsedTime(Started).TotalSeconds,4:0} s] {what}"));
}

/// <param name="Name">What <c>--only</c> calls it.</param>
internal sealed record Part(string Name, Func<Shared, CancellationToken, Task<Table>> RunAsync);

/// <summary>What the parts of a run share.</summary>
internal sealed record Shared(Cluster Cluster, ServerProcess Server, FilledQueue Queue);

/// <summary>The benchmark can't go on; the message says why and what to do.</summary>
internal sealed class BenchException(string message) : Exception(message);
