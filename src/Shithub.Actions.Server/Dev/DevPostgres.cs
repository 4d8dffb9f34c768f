using System.Diagnostics;
using Npgsql;
using Shithub.Actions.Server.Admin;
using Shithub.Actions.Server.Database;

namespace Shithub.Actions.Server.Dev;

/// <summary>A private PostgreSQL cluster on a unix socket. Run by root it belongs to the user postgres, since PostgreSQL refuses root.</summary>
internal static class DevPostgres
{
    /// <summary>A unix socket's path has at most 107 bytes, and PostgreSQL adds its own name to the folder.</summary>
    private const int SocketFolderMax = 107 - 18;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    /// <returns>The running cluster and how to connect to its database.</returns>
    /// <exception cref="DevException">PostgreSQL is missing or does not start.</exception>
    public static async Task<(ChildProcess Process, string ConnectionString)> StartAsync(
        DevFolder folder, CancellationToken cancellation)
    {
        var binaries = FindBinaries();
        string[] asPostgres = Environment.IsPrivilegedProcess
            ? ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups", "--"]
            : [];
        var root = folder.Postgres;
        var sockets = root.Length <= SocketFolderMax ? root : folder.ShortSocketFolder;
        foreach (var made in (string[])[root, sockets])
        {
            Directory.CreateDirectory(made);
            if (Environment.IsPrivilegedProcess)
                await RunAsync(["chown", "postgres:", made], folder, cancellation);
        }

        var data = Path.Combine(root, "data");
        if (!File.Exists(Path.Combine(data, "PG_VERSION")))
        {
            await RunAsync(
                [.. asPostgres, $"{binaries}/initdb", "-D", data, "-U", "shithub", "-A", "trust", "-E", "UTF8", "--locale=C"],
                folder, cancellation);
        }

        var process = ChildProcess.Start("postgres", "INT", folder.Log("postgres"),
        [
            .. asPostgres, $"{binaries}/postgres", "-D", data, "-k", sockets, "-c", "listen_addresses=", "-c", "max_connections=200",
        ]);
        try
        {
            await WaitUntilReadyAsync($"Host={sockets};Username=shithub;Database=postgres", process, folder, cancellation);
            return (process, $"Host={sockets};Username=shithub;Database=shithub");
        }
        catch
        {
            await process.DisposeAsync();
            throw;
        }
    }

    private static async Task WaitUntilReadyAsync(
        string connectionString, ChildProcess process, DevFolder folder, CancellationToken cancellation)
    {
        await using var dataSource = DatabaseConnection.Open(connectionString, maxConnections: 2);
        var started = Stopwatch.StartNew();
        while (true)
        {
            try
            {
                await using var connection = await dataSource.OpenConnectionAsync(cancellation);
                await using var exists = new NpgsqlCommand("select exists (select from pg_database where datname = 'shithub')", connection);
                if (!(bool)(await exists.ExecuteScalarAsync(cancellation))!)
                {
                    await using var create = new NpgsqlCommand("create database shithub", connection);
                    await create.ExecuteNonQueryAsync(cancellation);
                }

                return;
            }
            catch (NpgsqlException) when (started.Elapsed < Patience && !process.Ended.IsCompleted)
            {
                await Task.Delay(50, cancellation);
            }
            catch (NpgsqlException error)
            {
                throw new DevException($"PostgreSQL did not start: {error.Message}. Its log is {folder.Log("postgres")}.");
            }
        }
    }

    private static async Task RunAsync(string[] command, DevFolder folder, CancellationToken cancellation)
    {
        var log = folder.Log("postgres");
        await using var process = ChildProcess.Start(command[0], "TERM", log, command);
        if (await process.Ended.WaitAsync(Patience, cancellation) != 0)
            throw new DevException($"'{string.Join(' ', command)}' failed; see {log}.");
    }

    private static string FindBinaries()
    {
        var installed = Directory.Exists("/usr/lib/postgresql")
            ? Directory.GetDirectories("/usr/lib/postgresql")
                .Where(version => File.Exists($"{version}/bin/initdb") && int.TryParse(Path.GetFileName(version), out _))
                .OrderByDescending(version => int.Parse(Path.GetFileName(version), System.Globalization.CultureInfo.InvariantCulture))
                .Select(version => $"{version}/bin")
                .FirstOrDefault()
            : null;
        return installed
            ?? Environment.GetEnvironmentVariable("PATH")?.Split(':').FirstOrDefault(path => File.Exists($"{path}/initdb"))
            ?? throw new DevException("PostgreSQL 15 or newer is needed. Install it: sudo apt-get install -y postgresql");
    }
}

/// <summary>The demo can't go on; the message says what to do.</summary>
public sealed class DevException(string message, int exitCode = CommandContext.WrongUsage) : Exception(message)
{
    public int ExitCode => exitCode;
}
