using System.Diagnostics;
using Dapper;
using Npgsql;
using Shithub.Actions.Server.Database;
using Shithub.Actions.Server.Dev;
using Shithub.Actions.Testing;

namespace Shithub.Actions.Bench;

/// <summary>
/// A private PostgreSQL cluster with the settings it comes with: every commit is on the disk before its client hears of it. It ends with
/// this process, however that ends.
/// </summary>
internal sealed class Cluster : IAsyncDisposable
{
    private const string Database = "shithub";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly ChildProcess _postgres;

    private Cluster(string folder, ChildProcess postgres)
    {
        (Folder, _postgres) = (folder, postgres);
        DataSource = DatabaseConnection.Open(ConnectionString, maxConnections: 5);
    }

    /// <summary>Also the folder of the unix socket, and of whatever else the run makes. Not in /tmp, which may be memory.</summary>
    public string Folder { get; }

    public string ConnectionString => Url(Folder, Database);

    public NpgsqlDataSource DataSource { get; }

    /// <summary>PostgreSQL's programs, pgbench among them.</summary>
    public static string Binaries { get; } = PostgresFixture.FindBinaries();

    public static async Task<Cluster> StartAsync(CancellationToken cancellation)
    {
        var folder = Directory.CreateDirectory($"/var/tmp/shithub-bench-{Environment.ProcessId}").FullName;
        string[] asPostgres = [];
        if (Environment.IsPrivilegedProcess)
        {
            // PostgreSQL refuses to run as root.
            await RunAsync(folder, ["chown", "postgres:", folder], cancellation);
            asPostgres = ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups", "--"];
        }

        await RunAsync(
            folder, [.. asPostgres, $"{Binaries}/initdb", "-D", $"{folder}/data", "-U", "shithub", "-A", "trust", "-E", "UTF8", "--locale=C"],
            cancellation);
        var postgres = ChildProcess.Start(
            "postgres", "INT", $"{folder}/postgres.log",
            [.. asPostgres, $"{Binaries}/postgres", "-D", $"{folder}/data", "-k", folder, "-c", "listen_addresses="]);
        try
        {
            await CreateDatabaseAsync(folder, postgres, cancellation);
            return new Cluster(folder, postgres);
        }
        catch
        {
            await postgres.DisposeAsync();
            throw;
        }
    }

    /// <summary>PostgreSQL's version and what this disk costs a commit.</summary>
    public async Task<IReadOnlyList<(string Name, string Value)>> DescribeAsync(CancellationToken cancellation)
    {
        await using var connection = await DataSource.OpenConnectionAsync(cancellation);
        async Task<string?> SettingAsync(string name) =>
            await connection.ExecuteScalarAsync<string>(new CommandDefinition("select current_setting(@name)", new { name }, cancellationToken: cancellation));
        var (median, p95) = Disk.MeasureSync(Folder);
        return
        [
            ("PostgreSQL", $"{await SettingAsync("server_version")}, as it comes: fsync {await SettingAsync("fsync")}, "
                + $"synchronous_commit {await SettingAsync("synchronous_commit")}, shared_buffers {await SettingAsync("shared_buffers")}"),
            ("disk", $"{Disk.FileSystem(Folder)}; writing 8 KiB and fsync: median {median:0.0} ms, p95 {p95:0.0} ms"),
        ];
    }

    public async ValueTask DisposeAsync()
    {
        await DataSource.DisposeAsync();
        await _postgres.DisposeAsync();
        Directory.Delete(Folder, recursive: true);
    }

    private static string Url(string folder, string database) => $"Host={folder};Username=shithub;Database={database}";

    private static async Task CreateDatabaseAsync(string folder, ChildProcess postgres, CancellationToken cancellation)
    {
        await using var dataSource = DatabaseConnection.Open(Url(folder, "postgres"), maxConnections: 1);
        var waited = Stopwatch.StartNew();
        while (true)
        {
            try
            {
                await using var create = dataSource.CreateCommand($"create database {Database}");
                await create.ExecuteNonQueryAsync(cancellation);
                return;
            }
            catch (NpgsqlException) when (waited.Elapsed < Patience && !postgres.Ended.IsCompleted)
            {
                await Task.Delay(50, cancellation);
            }
            catch (NpgsqlException error)
            {
                throw new BenchException(
                    $"PostgreSQL did not start: {error.Message}\n{await File.ReadAllTextAsync($"{folder}/postgres.log", cancellation)}");
            }
        }
    }

    private static async Task RunAsync(string folder, string[] command, CancellationToken cancellation)
    {
        // A log of its own: the folder belongs to another user before long, and root may write everywhere.
        var log = $"{folder}.log";
        await using var process = ChildProcess.Start(command[0], "TERM", log, command);
        if (await process.Ended.WaitAsync(Patience, cancellation) != 0)
            throw new BenchException($"'{string.Join(' ', command)}' failed: {await File.ReadAllTextAsync(log, cancellation)}");
        File.Delete(log);
    }
}
