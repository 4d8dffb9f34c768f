using System.Diagnostics;
using System.Globalization;
using Npgsql;
using Shithub.Actions.Server.Database;

namespace Shithub.Actions.Testing;

/// <summary>
/// A private PostgreSQL cluster for one test process: on a unix socket in a folder of its own, with nothing synced to disk, gone
/// when the process ends, however it ends. <see cref="CreateDatabaseAsync"/> copies databases from a migrated template.
/// </summary>
public sealed class PostgresFixture
{
    private const int OldestMajorVersion = 15;
    private const string Template = "shithub_template";

    // The shell outlives the tests by a moment: its standard input ends when the test process does, killed or not. Then it stops
    // the cluster and removes the folder. SIGINT is PostgreSQL's fast shutdown; Ctrl-C on a terminal must not take the shell first.
    private const string Guardian = """
        trap '' INT TERM HUP
        "$1/initdb" -D "$2/data" -U postgres -A trust -E UTF8 --locale=C --no-sync >"$2/initdb.log" 2>&1 || { echo failed; exit 1; }
        "$1/postgres" -D "$2/data" -k "$2" -c listen_addresses= -c fsync=off -c synchronous_commit=off -c full_page_writes=off \
            -c max_connections=400 -c shared_buffers=128MB -c max_wal_size=4GB >"$2/postgres.log" 2>&1 </dev/null &
        postgres=$!
        echo started
        cat >/dev/null
        kill -INT $postgres
        wait $postgres
        rm -rf "$2"
        """;

    private static readonly SemaphoreSlim Gate = new(1, 1);
    private static PostgresFixture? _shared;
    private static int _databases;

    private readonly string _folder;
    private readonly Process _guardian;

    private PostgresFixture(string folder, Process guardian) => (_folder, _guardian) = (folder, guardian);

    /// <summary>A fresh database with all migrations, in this process's cluster, which the first call starts.</summary>
    public static async Task<TestDatabase> CreateDatabaseAsync(CancellationToken cancellation = default)
    {
        PostgresFixture cluster;
        await Gate.WaitAsync(cancellation);
        try
        {
            cluster = _shared ??= await StartAsync(cancellation);
        }
        finally
        {
            Gate.Release();
        }

        var name = string.Create(CultureInfo.InvariantCulture, $"test_{Interlocked.Increment(ref _databases)}");
        await cluster.ExecuteAsync($"create database {name} template {Template}", cancellation);
        return new TestDatabase(cluster.Url(name), drop: () => cluster.ExecuteAsync($"drop database {name} with (force)", CancellationToken.None));
    }

    private static async Task<PostgresFixture> StartAsync(CancellationToken cancellation)
    {
        var binaries = FindBinaries();
        // A socket's path has at most 107 bytes, so the folder is a short one.
        var folder = Directory.CreateDirectory($"/tmp/shithub-pg-{Guid.NewGuid():N}"[..32]).FullName;
        var start = new ProcessStartInfo { RedirectStandardInput = true, RedirectStandardOutput = true, UseShellExecute = false };
        if (Environment.IsPrivilegedProcess)
        {
            // PostgreSQL refuses to run as root.
            using var chown = Process.Start("chown", ["postgres", folder]);
            await chown.WaitForExitAsync(cancellation);
            start.FileName = "runuser";
            string[] asPostgres = ["-u", "postgres", "--", "sh"];
            foreach (var argument in asPostgres)
                start.ArgumentList.Add(argument);
        }
        else
        {
            start.FileName = "sh";
        }

        string[] script = ["-c", Guardian, "guardian", binaries, folder];
        foreach (var argument in script)
            start.ArgumentList.Add(argument);
        var guardian = Process.Start(start)!;
        var fixture = new PostgresFixture(folder, guardian);
        AppDomain.CurrentDomain.ProcessExit += (_, _) => fixture.Stop();
        if (await guardian.StandardOutput.ReadLineAsync(cancellation) != "started")
            throw new InvalidOperationException($"initdb failed: {await File.ReadAllTextAsync(Path.Combine(folder, "initdb.log"), cancellation)}");
        await fixture.WaitUntilReadyAsync(cancellation);
        await fixture.ExecuteAsync($"create database {Template}", cancellation);
        await using (var template = DatabaseConnection.Open(fixture.Url(Template), 2))
            await new Migrator(template).MigrateAsync(null, cancellation);
        await fixture.ExecuteAsync($"alter database {Template} with allow_connections false", cancellation);
        return fixture;
    }

    public static string FindBinaries()
    {
        var found = Directory.Exists("/usr/lib/postgresql")
            ? Directory.GetDirectories("/usr/lib/postgresql")
                .Select(folder => (Version: int.TryParse(Path.GetFileName(folder), out var version) ? version : 0, Folder: $"{folder}/bin"))
                .Where(candidate => candidate.Version >= OldestMajorVersion && File.Exists($"{candidate.Folder}/initdb"))
                .MaxBy(candidate => candidate.Version)
                .Folder
            : null;
        found ??= Environment.GetEnvironmentVariable("PATH")?.Split(':').FirstOrDefault(folder => File.Exists(Path.Combine(folder, "initdb")));
        return found ?? throw new InvalidOperationException(
            $"The tests need PostgreSQL {OldestMajorVersion} or newer. Install it with: sudo apt-get install -y postgresql");
    }

    private async Task WaitUntilReadyAsync(CancellationToken cancellation)
    {
        var deadline = Stopwatch.StartNew();
        while (true)
        {
            try
            {
                await ExecuteAsync("select 1", cancellation);
                return;
            }
            catch (NpgsqlException) when (deadline.Elapsed < TimeSpan.FromSeconds(60) && !_guardian.HasExited)
            {
                await Task.Delay(20, cancellation);
            }
        }
    }

    private async Task ExecuteAsync(string sql, CancellationToken cancellation)
    {
        await using var connection = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(Url("postgres")) { Pooling = false }.ConnectionString);
        await connection.OpenAsync(cancellation);
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync(cancellation);
    }

    private string Url(string database) => $"Host={_folder};Username=postgres;Database={database}";

    private void Stop()
    {
        _guardian.StandardInput.Close();
        _guardian.WaitForExit(TimeSpan.FromSeconds(20));
    }
}
