using System.Diagnostics;
using Shithub.Actions.Server.Database;
using Shithub.Actions.Testing;

namespace Shithub.Actions.EndToEnd.Tests.Chaos;

/// <summary>
/// A PostgreSQL cluster with the settings it comes with, so that what it has answered survives a crash, and which a test may crash. The
/// other tests' cluster is fast and forgets.
/// </summary>
internal sealed class DurableCluster : IAsyncDisposable
{
    // Standard input ends with the test process, killed or not; then nothing of the cluster is left.
    private const string Guardian = """
        trap '' INT TERM HUP
        cat >/dev/null
        "$1/pg_ctl" -D "$2/data" -m immediate stop >/dev/null 2>&1
        rm -rf "$2"
        """;

    private readonly string _binaries;
    private readonly string _folder;
    private readonly Process _guardian;

    private DurableCluster(string binaries, string folder, Process guardian) =>
        (_binaries, _folder, _guardian) = (binaries, folder, guardian);

    public string Url => $"Host={_folder};Username=postgres;Database=postgres";

    /// <summary>Starts a cluster whose one database has all migrations.</summary>
    public static async Task<DurableCluster> StartAsync()
    {
        var binaries = PostgresFixture.FindBinaries();
        var folder = Directory.CreateDirectory($"/tmp/shithub-pg-{Guid.NewGuid():N}"[..32]).FullName;
        using (var chown = Process.Start("chown", ["postgres", folder])) await chown.WaitForExitAsync();
        var guardian = Process.Start(AsPostgres(["sh", "-c", Guardian, "guardian", binaries, folder], redirectInput: true))!;
        var cluster = new DurableCluster(binaries, folder, guardian);
        AppDomain.CurrentDomain.ProcessExit += (_, _) => cluster.End();
        await RunAsync($"{binaries}/initdb", "-D", $"{folder}/data", "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C");
        await cluster.StartAgainAsync();
        await using var dataSource = DatabaseConnection.Open(cluster.Url, 2);
        await new Migrator(dataSource).MigrateAsync(null, CancellationToken.None);
        return cluster;
    }

    /// <summary>As a power failure does, without the kernel's part in it: no process gets to say goodbye.</summary>
    public Task CrashAsync() => RunAsync($"{_binaries}/pg_ctl", "-D", $"{_folder}/data", "-m", "immediate", "-w", "stop");

    public Task StartAgainAsync() => RunAsync(
        $"{_binaries}/pg_ctl", "-D", $"{_folder}/data", "-l", $"{_folder}/postgres.log", "-w", "-t", "60",
        "-o", $"-k {_folder} -c listen_addresses= -c max_connections=200", "start");

    public ValueTask DisposeAsync()
    {
        End();
        return ValueTask.CompletedTask;
    }

    private void End()
    {
        _guardian.StandardInput.Close();
        _guardian.WaitForExit(TimeSpan.FromSeconds(20));
    }

    private static async Task RunAsync(string program, params string[] arguments)
    {
        using var process = Process.Start(AsPostgres([program, .. arguments], redirectInput: false))!;
        // pg_ctl's child keeps standard output open: waiting for its end would wait for the server's.
        await process.WaitForExitAsync();
        if (process.ExitCode != 0) throw new InvalidOperationException($"{program} {string.Join(' ', arguments)} ended with {process.ExitCode}.");
    }

    /// <summary>PostgreSQL refuses to run as root.</summary>
    private static ProcessStartInfo AsPostgres(string[] command, bool redirectInput) => new(
        "runuser", ["-u", "postgres", "--", "sh", "-c", "exec \"$@\" >/dev/null", "sh", .. command])
    {
        RedirectStandardInput = redirectInput,
        WorkingDirectory = "/",
    };
}
