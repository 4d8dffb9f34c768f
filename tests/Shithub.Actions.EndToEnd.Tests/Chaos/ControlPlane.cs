using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using Npgsql;
using Shithub.Actions.Server.Database;
using Shithub.Actions.Testing;

namespace Shithub.Actions.EndToEnd.Tests.Chaos;

/// <summary>Several <c>shithubd serve</c> on one durable database and one data folder. Each may be killed and started again.</summary>
internal sealed class ControlPlane : IAsyncDisposable
{
    public const string User = "chaos";

    private readonly string _folder;
    private readonly string _program;
    private readonly Process?[] _servers;
    private readonly string _rootKey = Convert.ToBase64String(RandomNumberGenerator.GetBytes(32));

    private readonly string _address;
    private readonly string _settings;

    private ControlPlane(DurableCluster cluster, string folder, string program, int servers, string address, string settings)
    {
        (Cluster, _folder, _program, _address, _settings) = (cluster, folder, program, address, settings);
        _servers = new Process?[servers];
        Ports = [.. Enumerable.Range(0, servers).Select(_ => LiveSystem.FreePort())];
        DataSource = DatabaseConnection.Open(cluster.Url, 10);
    }

    public DurableCluster Cluster { get; }

    public int[] Ports { get; }

    public NpgsqlDataSource DataSource { get; private set; }

    /// <summary>May write to all of <see cref="User"/>'s repositories.</summary>
    public string Token { get; private set; } = "";

    /// <param name="program">The first server's <c>shithubd.dll</c>; the others are always the one under test.</param>
    /// <param name="address">Where they listen.</param>
    /// <param name="settings">More of their settings, as TOML.</param>
    public static async Task<ControlPlane> StartAsync(
        int servers, string? program = null, string address = "127.0.0.1", string settings = "")
    {
        var plane = new ControlPlane(
            await DurableCluster.StartAsync(), Directory.CreateTempSubdirectory("shithub-plane-").FullName, program ?? SourceTree.Server, servers,
            address, settings);
        for (var server = 0; server < servers; server++) await plane.StartServerAsync(server);
        plane.Token = await plane.CreateUserAsync(User);
        return plane;
    }

    /// <returns>A token of the user, who may write to nothing but their own.</returns>
    public async Task<string> CreateUserAsync(string name)
    {
        await AdminAsync("user", "create", name);
        return (await AdminAsync("token", "create", "--user", name, "--scopes", "repo:write")).GetProperty("token").GetString()!;
    }

    public async Task SetSecretAsync(string repository, string name, string value)
    {
        var file = Path.Combine(_folder, "secret");
        await File.WriteAllTextAsync(file, value);
        await AdminAsync("secret", "set", name, "--repo", repository, "--file", file);
    }

    public Uri Url(int server) => new($"http://{_address}:{Ports[server].ToString(CultureInfo.InvariantCulture)}");

    /// <summary>A client of one server that shows <see cref="Token"/>.</summary>
    public HttpClient Client(int server)
    {
        var client = new HttpClient { BaseAddress = Url(server) };
        client.DefaultRequestHeaders.Authorization = new("Bearer", Token);
        return client;
    }

    public async Task StartServerAsync(int server)
    {
        var config = Config(server);
        await File.WriteAllTextAsync(config, $"""
            [server]
            listen = ["{Url(server).Authority}"]
            data_root = "{_folder}/data"

            [database]
            url = "{Cluster.Url}"

            [auth]
            totp_key_b64 = "{_rootKey}"

            {_settings}
            """);
        _servers[server] = Process.Start(new ProcessStartInfo("sh",
        [
            "-c", "log=$1; shift; exec \"$@\" >>\"$log\" 2>&1 </dev/null", "sh", Path.Combine(_folder, $"server-{server}.log"),
            "dotnet", server == 0 ? _program : SourceTree.Server, "serve", "--config", config,
        ]));
        using var client = new HttpClient { BaseAddress = Url(server) };
        await LiveSystem.UntilAsync($"server {server} is ready", async () =>
        {
            try
            {
                using var ready = await client.GetAsync("/ready");
                return ready.IsSuccessStatusCode;
            }
            catch (HttpRequestException)
            {
                return _servers[server] is { HasExited: false } ? false : throw new InvalidOperationException($"Server {server} has ended.\n{Logs()}");
            }
        });
    }

    /// <summary>SIGKILL: the program gets no chance to tidy up.</summary>
    public void KillServer(int server)
    {
        if (_servers[server] is not { } process) return;
        process.Kill();
        process.WaitForExit();
        process.Dispose();
        _servers[server] = null;
    }

    /// <summary>PostgreSQL dies and comes back.</summary>
    public async Task CrashDatabaseAsync()
    {
        await Cluster.CrashAsync();
        await Cluster.StartAgainAsync();
        // Its connections are gone.
        await DataSource.DisposeAsync();
        DataSource = DatabaseConnection.Open(Cluster.Url, 10);
    }

    /// <summary>A repository of <see cref="User"/> with this workflow on its branch <c>trunk</c>, pushed to the first server.</summary>
    /// <returns>The pushed commit.</returns>
    public async Task<string> PushAsync(string name, string workflow, int server = 0, bool isPublic = false)
    {
        await AdminAsync(["repo", "create", $"{User}/{name}", .. isPublic ? (string[])["--public"] : []]);
        using var git = new GitClient();
        await git.InitAsync(GitClient.Url(Url(server), $"{User}/{name}.git", Token));
        var sha = await git.CommitAsync(".shithub/workflows/chaos.yml", workflow, "A workflow");
        await git.RunAsync("push", "--quiet", "origin", "trunk");
        return sha;
    }

    public async Task<string> RegisterRunnerAsync(string name, int capacity = 1) => (await AdminAsync(
        "runner", "register", "--name", name, "--labels", "ubuntu-latest", "--capacity", capacity.ToString(CultureInfo.InvariantCulture)))
        .GetProperty("token").GetString()!;

    /// <summary>Runs <c>shithubd admin … --output json</c> of the build under test.</summary>
    public async Task<JsonElement> AdminAsync(params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(
            "dotnet", [SourceTree.Server, "admin", .. arguments, "--config", Config(0), "--output", "json"])
        {
            RedirectStandardOutput = true,
        })!;
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        return process.ExitCode == 0
            ? JsonDocument.Parse(output).RootElement
            : throw new InvalidOperationException($"shithubd admin {string.Join(' ', arguments)} ended with {process.ExitCode}: {output}");
    }

    private string Config(int server) => Path.Combine(_folder, $"shithubd-{server.ToString(CultureInfo.InvariantCulture)}.toml");

    /// <summary>What the servers wrote, for a failure's message.</summary>
    public string Logs() => string.Join(
        '\n', Directory.GetFiles(_folder, "*.log").Select(log => $"── {Path.GetFileName(log)}\n{Tail(File.ReadAllText(log))}"));

    public async ValueTask DisposeAsync()
    {
        for (var server = 0; server < _servers.Length; server++) KillServer(server);
        await DataSource.DisposeAsync();
        await Cluster.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    private static string Tail(string text) => text.Length <= 4000 ? text : text[^4000..];
}
