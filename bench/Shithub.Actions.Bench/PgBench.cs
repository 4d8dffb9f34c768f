using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;

namespace Shithub.Actions.Bench;

/// <summary>PostgreSQL's own benchmark, with statements prepared once per connection, as Npgsql does.</summary>
internal static partial class PgBench
{
    /// <summary>The statement with what pgbench puts in place of each <c>@parameter</c>.</summary>
    public static string Statement(string sql, IReadOnlyDictionary<string, string> parameters) =>
        Parameter().Replace(sql, match => parameters[match.Groups[1].Value]).TrimEnd() + ";\n";

    /// <summary>Statements that go in one round trip and are one transaction, as an Npgsql batch is.</summary>
    public static string Batch(params string[] statements) => $"\\startpipeline\n{string.Concat(statements)}\\endpipeline\n";

    /// <returns>Each transaction's milliseconds, and the seconds they took together.</returns>
    public static async Task<(double[] Milliseconds, double Seconds)> RunAsync(
        Cluster cluster, string script, int clients, int transactions, CancellationToken cancellation)
    {
        var folder = Directory.CreateDirectory(Path.Combine(cluster.Folder, "pgbench")).FullName;
        var file = Path.Combine(folder, "script.sql");
        await File.WriteAllTextAsync(file, script, cancellation);
        var threads = Math.Min(clients, Environment.ProcessorCount);
        string[] arguments =
        [
            "-h", cluster.Folder, "-U", "shithub", "-n", "-M", "prepared", "-f", file, "-c", Text(clients), "-j", Text(threads),
            "-t", Text(transactions), "-D", $"clients={clients}", "-D", "seq=0", "--log", $"--log-prefix={folder}/log", "shithub",
        ];
        using var pgbench = Process.Start(new ProcessStartInfo($"{Cluster.Binaries}/pgbench", arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        try
        {
            var errors = pgbench.StandardError.ReadToEndAsync(cancellation);
            var output = await pgbench.StandardOutput.ReadToEndAsync(cancellation);
            await pgbench.WaitForExitAsync(cancellation);
            if (pgbench.ExitCode != 0)
                throw new BenchException($"pgbench failed: {await errors}");
            var milliseconds = Directory.GetFiles(folder, "log.*").SelectMany(File.ReadLines).Select(Microseconds).Select(us => us / 1000).ToArray();
            var perSecond = double.Parse(PerSecond().Match(output).Groups[1].Value, CultureInfo.InvariantCulture);
            return (milliseconds, milliseconds.Length / perSecond);
        }
        finally
        {
            if (!pgbench.HasExited)
                pgbench.Kill();
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>A line is: client, transaction, microseconds, script, and when it ended.</summary>
    private static double Microseconds(string line) => double.Parse(line.Split(' ')[2], CultureInfo.InvariantCulture);

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);

    [GeneratedRegex(@"@(\w+)")]
    private static partial Regex Parameter();

    [GeneratedRegex(@"tps = ([0-9.]+) \(without initial connection time\)")]
    private static partial Regex PerSecond();
}
