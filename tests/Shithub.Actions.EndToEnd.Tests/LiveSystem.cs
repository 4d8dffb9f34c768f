using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text.Json;
using Shithub.Actions.Server.Access;
using Shithub.Actions.Testing;
using Xunit;

namespace Shithub.Actions.EndToEnd.Tests;

/// <summary>
/// The two programs as their users run them: processes of their own, with a real database, real git and real containers. A test may kill
/// either at any moment and start it again.
/// </summary>
public sealed class LiveSystem : IAsyncDisposable
{
    public const string User = "smoke";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly TestDatabase _database;
    private readonly PodmanFixture _podman;
    private readonly string _folder;
    private readonly string _workspaces;
    private Process? _server;
    private Process? _runner;
    private string? _runnerToken;

    private LiveSystem(TestDatabase database, PodmanFixture podman, string folder, int port)
    {
        (_database, _podman, _folder) = (database, podman, folder);
        _workspaces = podman.NewWorkspaceRoot();
        BaseUrl = $"http://127.0.0.1:{port}";
        Config = Path.Combine(folder, "shithubd.toml");
        Client = new HttpClient { BaseAddress = new Uri(BaseUrl) };
    }

    public string BaseUrl { get; }

    /// <summary>The server's settings file: what <c>shithubd admin</c> needs.</summary>
    public string Config { get; }

    /// <summary>A token of <see cref="User"/> that may write to repositories.</summary>
    public string Token { get; private set; } = "";

    /// <summary>Shows <see cref="Token"/>.</summary>
    public HttpClient Client { get; }

    public TestDatabase Database => _database;

    public static async Task<LiveSystem> StartAsync(bool withRunner)
    {
        var database = await PostgresFixture.CreateDatabaseAsync();
        var folder = Directory.CreateTempSubdirectory("shithub-live-").FullName;
        var system = new LiveSystem(database, await PodmanFixture.GetAsync(), folder, FreePort());
        await File.WriteAllTextAsync(system.Config, $"""
            [server]
            listen = ["{new Uri(system.BaseUrl).Authority}"]
            data_root = "{folder}/data"

            [database]
            url = "{database.Url}"

            [auth]
            totp_key_b64 = "{Convert.ToBase64String(RandomNumberGenerator.GetBytes(32))}"
            """);
        await new Owners(database.DataSource, Shithub.Actions.Server.Audit.AuditLog.OfSystem).CreateUserAsync(User, isAdmin: false, CancellationToken.None);
        system.Token = (await new AccessTokens(database.DataSource, Shithub.Actions.Server.Audit.AuditLog.OfSystem).CreateAsync(
            User, "smoke", [TokenScopes.RepoWrite], null, CancellationToken.None))!.Token;
        system.Client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", system.Token);
        await system.StartServerAsync();
        if (withRunner)
            await system.StartRunnerAsync();
        return system;
    }

    public async Task StartServerAsync()
    {
        _server = Start("server.log", "dotnet", SourceTree.Server, "serve", "--config", Config);
        await UntilAsync("the server is ready", async () =>
        {
            try
            {
                using var ready = await Client.GetAsync("/ready");
                return ready.IsSuccessStatusCode;
            }
            catch (HttpRequestException)
            {
                return false;
            }
        });
    }

    public void KillServer() => Kill(ref _server);

    /// <summary>Registers a runner at the first call; later ones start the same runner again.</summary>
    public async Task StartRunnerAsync()
    {
        _runnerToken ??= (await AdminAsync(
            "runner", "register", "--name", "live", "--labels", "self-hosted,linux,ubuntu-latest,x64", "--capacity", "2"))
            .GetProperty("token").GetString();
        var config = Path.Combine(_folder, "runner.toml");
        await File.WriteAllTextAsync(config, $"""
            [server]
            base_url = "{BaseUrl}"

            [runner]
            token = "{_runnerToken}"
            labels = ["self-hosted", "linux", "ubuntu-latest", "x64"]
            capacity = 2
            workspace_root = "{_workspaces}"

            [engine]
            kind = "podman"
            socket = "{_podman.Socket}"
            default_image = "{PodmanFixture.Image}"
            network = "{_podman.Network}"
            network_fence = "off"
            dns_servers = []
            warm = 0
            """);
        _runner = Start("runner.log", SourceTree.Runner, "run", "--config", config);
    }

    /// <summary>Bytes: what of the runner is in memory, its children's included.</summary>
    public long RunnerMemory() => ProcessStatus.ResidentWithChildren(_runner!.Id);

    public void KillRunner() => Kill(ref _runner);

    /// <summary>The ids of the containers that this system's runner made and that exist.</summary>
    public async Task<IReadOnlyList<string>> ContainersAsync() =>
        (await _podman.PodmanAsync("ps", "--all", "--quiet", "--filter", $"label=shithub.runner={_workspaces}"))
            .Split('\n', StringSplitOptions.RemoveEmptyEntries);

    /// <summary>The first process of this system's one container, as the host numbers it.</summary>
    public async Task<int> ContainerProcessAsync() => int.Parse(
        await _podman.PodmanAsync("inspect", "--format", "{{.State.Pid}}", (await ContainersAsync()).Single()),
        System.Globalization.CultureInfo.InvariantCulture);

    /// <summary>Runs <c>shithubd admin … --output json</c>.</summary>
    public async Task<JsonElement> AdminAsync(params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo("dotnet", [SourceTree.Server, "admin", .. arguments, "--config", Config, "--output", "json"])
        {
            RedirectStandardOutput = true,
        })!;
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        return process.ExitCode == 0
            ? JsonDocument.Parse(output).RootElement
            : throw new InvalidOperationException($"shithubd admin {string.Join(' ', arguments)} ended with {process.ExitCode}.");
    }

    /// <summary>Makes a repository, pushes this workflow to it and waits for the run.</summary>
    /// <returns>The run's id.</returns>
    public async Task<long> PushAsync(string name, string workflow)
    {
        await AdminAsync("repo", "create", $"{User}/{name}");
        var result = await ScriptAsync($"""
            . "{SourceTree.Root}/tests/smoke/lib.sh"
            run_of {name} "$(push_workflow {name} workflow.yml)"
            """, workflow);
        return long.Parse(result.Output.Trim(), System.Globalization.CultureInfo.InvariantCulture);
    }

    /// <summary>Makes a repository whose <c>.shithub</c> is a copy of a folder, pushes it and waits for the run.</summary>
    /// <returns>The run's id.</returns>
    /// <param name="secret">A secret of the repository, before anything is pushed to it.</param>
    public async Task<long> PushFolderAsync(string name, string folder, string message, (string Name, string Value) secret)
    {
        await AdminAsync("repo", "create", $"{User}/{name}");
        var value = Path.Combine(_folder, "secret");
        await File.WriteAllTextAsync(value, secret.Value);
        await AdminAsync("secret", "set", secret.Name, "--repo", $"{User}/{name}", "--file", value);
        var result = await ScriptAsync($$"""
            set -euo pipefail
            . "{{SourceTree.Root}}/tests/smoke/lib.sh"
            tree=$(mktemp -d)
            trap 'rm -rf "$tree"' EXIT
            git init -q -b trunk "$tree"
            cp -r "{{folder}}" "$tree/.shithub"
            cd "$tree"
            git add -A
            git commit -q -F -
            git push -q "http://{{User}}:$PAT_WITH_REPO_WRITE@${BASE#http://}/{{User}}/{{name}}.git" trunk
            run_of {{name}} "$(git rev-parse HEAD)"
            """, message);
        return long.Parse(result.Output.Trim(), System.Globalization.CultureInfo.InvariantCulture);
    }

    public Task<(int ExitCode, string Output)> SmokeAsync(string script) => ScriptAsync($". {SourceTree.Root}/tests/smoke/{script}", "");

    public async Task<JsonElement> RunAsync(long id)
    {
        await using var stream = await Client.GetStreamAsync($"/api/v1/runs/{id}");
        return (await JsonDocument.ParseAsync(stream)).RootElement;
    }

    public async Task<JsonElement> JobAsync(long runId) => (await RunAsync(runId)).GetProperty("jobs")[0];

    /// <summary>Looks again until it is so.</summary>
    public static Task UntilAsync(string what, Func<Task<bool>> isSo, TimeSpan? patience = null) => UntilAsync(() => what, isSo, patience);

    /// <param name="what">Asked when it is not so in time.</param>
    public static async Task UntilAsync(Func<string> what, Func<Task<bool>> isSo, TimeSpan? patience = null)
    {
        var waited = Stopwatch.StartNew();
        while (!await isSo())
        {
            if (waited.Elapsed > (patience ?? Patience)) Assert.Fail($"Not within {(patience ?? Patience).TotalSeconds} s: {what()}");
            await Task.Delay(50);
        }
    }

    public async ValueTask DisposeAsync()
    {
        KillRunner();
        KillServer();
        foreach (var container in await ContainersAsync())
            await _podman.PodmanAsync("rm", "--force", "--time", "0", container);
        Client.Dispose();
        await _database.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    /// <summary>What the programs wrote, for a failure's message.</summary>
    public string Logs() => string.Join('\n', Directory.GetFiles(_folder, "*.log").Select(log => $"── {Path.GetFileName(log)}\n{File.ReadAllText(log)}"));

    private async Task<(int ExitCode, string Output)> ScriptAsync(string script, string input)
    {
        var start = new ProcessStartInfo("bash", ["-c", script, $"{SourceTree.Root}/tests/smoke/lib.sh"])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment =
            {
                ["BASE"] = BaseUrl,
                ["SHITHUBD"] = $"dotnet {SourceTree.Server}",
                ["SHITHUB_CONFIG"] = Config,
                ["SMOKE_USER"] = User,
                ["PAT_WITH_REPO_WRITE"] = Token,
            },
        };
        using var process = Process.Start(start)!;
        await process.StandardInput.WriteAsync(input);
        process.StandardInput.Close();
        var errors = process.StandardError.ReadToEndAsync();
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        Assert.True(process.ExitCode == 0, $"exit code {process.ExitCode}\n{output}\n{await errors}\n{Logs()}");
        return (process.ExitCode, output);
    }

    /// <summary>Output goes to a file: nobody has to read a pipe while a test waits for something else.</summary>
    private Process Start(string log, params string[] command)
    {
        var start = new ProcessStartInfo("sh", ["-c", "log=$1; shift; exec \"$@\" >>\"$log\" 2>&1 </dev/null", "sh", Path.Combine(_folder, log), .. command])
        {
            Environment = { ["CONTAINERS_CONF"] = _podman.ContainersConf },
        };
        return Process.Start(start)!;
    }

    private static void Kill(ref Process? process)
    {
        if (process is null)
            return;
        // SIGKILL: the program gets no chance to tidy up.
        process.Kill();
        process.WaitForExit();
        process.Dispose();
        process = null;
    }

    public static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
