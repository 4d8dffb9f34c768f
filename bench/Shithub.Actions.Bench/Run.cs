using System.Diagnostics;
using System.Globalization;

namespace Shithub.Actions.Bench;

/// <summary>One run of the benchmarks: everything in it shares one PostgreSQL cluster and one server process.</summary>
internal static class Run
{
    private static readonly TimeSpan TimeLimit = TimeSpan.FromMinutes(20);
    private static readonly long Started = Stopwatch.GetTimestamp();

    /// <param name="only">Names of parts; none: all of them, and the numbers are written to the README.</param>
    public static async Task<int> AllAsync(string[] only, CancellationToken stop)
    {
        using var limited = CancellationTokenSource.CreateLinkedTokenSource(stop);
        limited.CancelAfter(TimeLimit);
        var cancellation = limited.Token;
        bool Wanted(string part) => only.Length == 0 || only.Contains(part);
        try
        {
            var machine = await Machine.DescribeAsync(cancellation);
            if (only is ["parse"] or ["scrub"])
            {
                var alone = new Report(machine);
                alone.Add(only is ["parse"] ? ParseBenchmark.Run() : ScrubBenchmark.Run());
                Console.WriteLine(alone.ToMarkdown());
                return 0;
            }

            Say("starting PostgreSQL and shithubd");
            await using var cluster = await Cluster.StartAsync(cancellation);
            await using var server = await ServerProcess.StartAsync(cluster, cancellation);
            var queue = new FilledQueue(cluster.DataSource);
            var report = new Report(machine, await cluster.DescribeAsync(cancellation));
            if (Wanted("parse"))
                report.Add(ParseBenchmark.Run());
            if (Wanted("scrub"))
                report.Add(ScrubBenchmark.Run());
            if (Wanted("claims"))
            {
                report.Add(await new ClaimBenchmark(cluster, server, queue).RunAsync(cancellation));
                report.Add(await new CompletionBenchmark(cluster, server, queue).RunAsync(cancellation));
            }

            if (Wanted("claims") || Wanted("scale"))
                report.Add(await new ScaleBenchmark(server, queue).RunAsync(cancellation));
            if (Wanted("logs"))
                report.Add(await new LogBenchmark(cluster, server, queue).RunAsync(cancellation));
            if (Wanted("push"))
                report.Add(await new PushBenchmark(cluster, server).RunAsync(cancellation));
            await foreach (var table in EngineBenchmarks.RunAsync(cluster, server, Wanted, cancellation))
                report.Add(table);
            if (Wanted("viewers"))
                report.Add(await new ViewerBenchmark(cluster, server, queue).RunAsync(cancellation));
            Console.WriteLine();
            Console.WriteLine(report.ToMarkdown());
            if (only.Length == 0)
            {
                await report.WriteAsync(cancellation);
                Say($"written to {Report.File}");
            }

            return 0;
        }
        catch (OperationCanceledException) when (limited.IsCancellationRequested)
        {
            Say(stop.IsCancellationRequested ? "stopped" : $"stopped: not done within {TimeLimit.TotalMinutes:0} minutes");
            return 1;
        }
        catch (BenchException error)
        {
            Say(error.Message);
            return 1;
        }
    }

    public static void Say(string what) => Console.WriteLine(string.Create(
        CultureInfo.InvariantCulture, $"[{Stopwatch.GetElapsedTime(Started).TotalSeconds,4:0} s] {what}"));
}

/// <summary>The benchmark can't go on; the message says why and what to do.</summary>
internal sealed class BenchException(string message) : Exception(message);
