using System.Diagnostics;
using System.Globalization;
using System.Text.Json;

namespace Shithub.Actions.Bench;

/// <summary>graphile-worker, a job queue in PostgreSQL for Node that is used widely, on the same cluster in a database of its own.</summary>
internal static class Graphile
{
    private static readonly string Folder = Path.Combine(Source.Root, "bench", "graphile-worker");

    /// <returns>Jobs taken and completed a second; null where npm or its registry is missing.</returns>
    public static async Task<double?> RunAsync(Cluster cluster, int jobs, int concurrency, CancellationToken cancellation)
    {
        if (!Directory.Exists(Path.Combine(Folder, "node_modules"))
            && await StartAsync("npm", ["ci", "--no-audit", "--no-fund", "--ignore-scripts"], cancellation) is null)
        {
            return null;
        }

        await using (var create = cluster.DataSource.CreateCommand("create database graphile"))
            await create.ExecuteNonQueryAsync(cancellation);
        try
        {
            var url = $"postgres://shithub@localhost/graphile?host={Uri.EscapeDataString(cluster.Folder)}";
            var output = await StartAsync("node", ["run.mjs", url, Text(jobs), Text(concurrency)], cancellation);
            if (output?.Trim().Split('\n')[^1] is not { Length: > 0 } line)
                return null;
            using var json = JsonDocument.Parse(line);
            return json.RootElement.GetProperty("per_second").GetDouble();
        }
        finally
        {
            await using var drop = cluster.DataSource.CreateCommand("drop database graphile with (force)");
            await drop.ExecuteNonQueryAsync(CancellationToken.None);
        }
    }

    private static async Task<string?> StartAsync(string program, string[] arguments, CancellationToken cancellation)
    {
        try
        {
            using var process = Process.Start(new ProcessStartInfo(program, arguments)
            {
                WorkingDirectory = Folder,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            })!;
            try
            {
                var errors = process.StandardError.ReadToEndAsync(cancellation);
                var output = await process.StandardOutput.ReadToEndAsync(cancellation);
                await process.WaitForExitAsync(cancellation);
                if (process.ExitCode == 0)
                    return output;
                Run.Say($"{program} failed: {(await errors).Trim()}");
                return null;
            }
            finally
            {
                if (!process.HasExited)
                    process.Kill(entireProcessTree: true);
            }
        }
        catch (System.ComponentModel.Win32Exception error)
        {
            Run.Say($"{program} can't be started ({error.Message}): the comparison with graphile-worker is left out.");
            return null;
        }
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
