using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using Shithub.Actions.Configuration;
using Shithub.Actions.Server.Access;
using Shithub.Actions.Server.Admin;
using Shithub.Actions.Server.Database;
using Shithub.Actions.Server.Logs;
using Shithub.Actions.Server.Repositories;
using Shithub.Actions.Server.Runners;
using Shithub.Actions.Server.Runs;

namespace Shithub.Actions.Server.Dev;

/// <summary>One session of <c>shithubd dev</c>, from an empty folder to a run's output, and back to nothing running.</summary>
internal sealed class DevSession(DevFolder folder, string listen, string image, string? runnerProgram, TextWriter output) : IAsyncDisposable
{
    private const string Owner = "demo";
    private const string Name = "hello";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    /// <summary>Ended in reverse order.</summary>
    private readonly Stack<IAsyncDisposable> _running = new();

    public async Task<int> RunAsync(bool once, CancellationToken cancellation)
    {
        var started = Stopwatch.StartNew();
        _running.Push(folder.Lock());
        _running.Push(new ExecMonitors());
        Say("Starting PostgreSQL …");
        var (postgres, connectionString) = await DevPostgres.StartAsync(folder, cancellation);
        _running.Push(postgres);
        var settings = Configure(connectionString);
        await MigrateAsync(settings, cancellation);

        Say("Starting the container engine …");
        await StartEngineAsync(cancellation);

        Say($"Starting the server on {settings.Server.BaseUrl} …");
        var app = ServerHost.Build(settings);
        _running.Push(new StoppedServer(app));
        await app.StartAsync(cancellation);
        var token = await CreateDemoAsync(app.Services, cancellation);

        Say("Starting a runner …");
        await StartRunnerAsync(app.Services, settings, cancellation);

        var url = $"{settings.Server.BaseUrl}{Owner}/{Name}.git";
        Directory.CreateDirectory(folder.DemoClone);
        Say($"Pushing to {url} …");
        var sha = await new DemoRepository(folder.DemoClone, url, token).PushAsync(cancellation);
        var run = await FindRunAsync(app.Services, sha, cancellation);
        Say($"Run {run.RunIndex} of {run.WorkflowName} was triggered by the push ({started.Elapsed.TotalSeconds:0.0} s after the start):");
        var follow = new FollowRun(
            app.Services.GetRequiredService<ReadRuns>(), app.Services.GetRequiredService<ReadLog>(),
            app.Services.GetRequiredService<Notifications>());
        run = await follow.ToEndAsync(run.Id, output, cancellation);
        Say($"Run {run.RunIndex} ended: {run.Conclusion}.");
        Say($"Its page: {settings.Server.BaseUrl}{Owner}/{Name}/actions/runs/{run.RunIndex}");
        if (once)
            return run.Conclusion == "success" ? CommandContext.Done : CommandContext.WrongUsage;

        Explain(settings, url);
        await Task.Delay(Timeout.Infinite, cancellation);
        return CommandContext.Done;
    }

    public async ValueTask DisposeAsync()
    {
        if (_running.Count > 0)
            Say("Stopping …");
        while (_running.TryPop(out var running))
            await running.DisposeAsync();
    }

    private ServerSettings Configure(string connectionString)
    {
        if (!File.Exists(folder.RootKey))
            DevFolder.WriteSecret(folder.RootKey, Convert.ToBase64String(RandomNumberGenerator.GetBytes(32)));
        File.WriteAllText(folder.ServerConfig, $"""
            # Written by 'shithubd dev' at every start.
            [server]
            listen = ["{listen}"]
            data_root = "{folder.ServerData}"

            [database]
            url = "{connectionString}"

            [auth]
            totp_key_b64_file = "{folder.RootKey}"

            """);
        return ServerSettings.Load(folder.ServerConfig, new Dictionary<string, string>(), new Dictionary<string, string>());
    }

    private async Task MigrateAsync(ServerSettings settings, CancellationToken cancellation)
    {
        await using var dataSource = DatabaseConnection.Open(settings.Database);
        try
        {
            await new Migrator(dataSource).MigrateAsync(name => Say($"Applied migration {name}"), cancellation);
        }
        catch (MigrationException error)
        {
            throw new DevException($"{error.Message} To start afresh, delete {folder.Root} and {folder.Postgres}.");
        }
    }

    private async Task StartEngineAsync(CancellationToken cancellation)
    {
        File.Delete(folder.EngineSocket);
        var engine = ChildProcess.Start("podman", "TERM", folder.Log("podman"),
            ["podman", "system", "service", "--time=0", $"unix://{folder.EngineSocket}"]);
        _running.Push(engine);
        var waited = Stopwatch.StartNew();
        while (!File.Exists(folder.EngineSocket))
        {
            if (engine.Ended.IsCompleted || waited.Elapsed > Patience)
                throw new DevException($"Podman's service did not start; see {folder.Log("podman")}. Install it: sudo apt-get install -y podman");
            await Task.Delay(20, cancellation);
        }
    }

    /// <summary>The user, the repository and the token, made at the first start and found at the next.</summary>
    /// <returns>The user's token.</returns>
    private async Task<string> CreateDemoAsync(IServiceProvider services, CancellationToken cancellation)
    {
        var owners = services.GetRequiredService<Owners>();
        var user = await owners.FindAsync(Owner, cancellation)
            ?? await owners.CreateUserAsync(Owner, isAdmin: true, cancellation)
            ?? throw new DevException("The demo user could not be made.");
        var tokens = services.GetRequiredService<AccessTokens>();
        var token = File.Exists(folder.UserToken) ? await File.ReadAllTextAsync(folder.UserToken, cancellation) : null;
        if (token is null || await tokens.FindActorAsync(token, cancellation) is null)
        {
            token = (await tokens.CreateAsync(Owner, "demo", [TokenScopes.Admin], null, cancellation))!.Token;
            DevFolder.WriteSecret(folder.UserToken, token);
        }

        var repositories = services.GetRequiredService<RepositoryStore>();
        if (await repositories.FindAsync(Owner, Name, cancellation) is null)
            await repositories.CreateAsync(user.Id, Name, isPrivate: false, "trunk", cancellation);
        return token;
    }

    private async Task StartRunnerAsync(IServiceProvider services, ServerSettings settings, CancellationToken cancellation)
    {
        var pool = services.GetRequiredService<RunnerPool>();
        var list = services.GetRequiredService<RunnerList>();
        var known = (await list.ListAsync(settings.Runners.StaleAfter, cancellation)).FirstOrDefault(row => row.Name == "dev" && !row.Revoked);
        if (known is null)
        {
            var registered = await pool.RegisterAsync("dev", ["self-hosted", "linux", "ubuntu-latest", "x64"], 2, null, cancellation);
            DevFolder.WriteSecret(folder.RunnerToken, registered!.Token);
        }
        else if (!File.Exists(folder.RunnerToken))
        {
            DevFolder.WriteSecret(folder.RunnerToken, (await pool.RotateTokenAsync(known.Id, null, cancellation))!.Value.Token);
        }

        File.WriteAllText(folder.RunnerConfig, $"""
            # Written by 'shithubd dev' at every start.
            [server]
            base_url = "{settings.Server.BaseUrl}"

            [runner]
            token_file = "{folder.RunnerToken}"
            labels = ["self-hosted", "linux", "ubuntu-latest", "x64"]
            capacity = 2
            workspace_root = "{folder.Workspaces}"
            # Add what your own workflows need; 'shithubd-runner network up --config' with this file's name tells it to a running session.
            network_allowlist = []
            network_subnet = "{folder.Subnet}"
            # Whoever presses Ctrl-C does not want to wait for a long job; the next start finds it and ends it.
            drain_timeout = "1s"

            [engine]
            kind = "podman"
            socket = "{folder.EngineSocket}"
            default_image = "{image}"
            network = "{folder.Network}"

            """);
        var (program, arguments) = FindRunner();
        await FenceAsync(program, arguments, cancellation);
        var runner = ChildProcess.Start("shithubd-runner", "TERM", folder.Log("runner"),
            [program, .. arguments, "run", "--config", folder.RunnerConfig]);
        _running.Push(runner);

        var waited = Stopwatch.StartNew();
        while (!(await list.ListAsync(settings.Runners.StaleAfter, cancellation)).Any(row => row.Name == "dev" && row.Status == "online"))
        {
            if (runner.Ended.IsCompleted || waited.Elapsed > Patience)
                throw new DevException($"The runner did not start: {LastLine(folder.Log("runner"))} Its log is {folder.Log("runner")}.");
            await Task.Delay(50, cancellation);
        }
    }

    /// <summary>
    /// Jobs of a demo are fenced as any; where this machine does not let a fence be made, the demo goes on without one and says so, here and in
    /// each job's log.
    /// </summary>
    private async Task FenceAsync(string program, string[] arguments, CancellationToken cancellation)
    {
        // Pushed before it is made: half of one must go, too.
        _running.Push(new FenceRemoval(program, [.. arguments, "network", "down", "--config", folder.RunnerConfig], folder.Network));
        var made = ChildProcess.Start("shithubd-runner network", "TERM", folder.Log("network"),
            [program, .. arguments, "network", "up", "--config", folder.RunnerConfig]);
        await made.Ended.WaitAsync(cancellation);
        var said = LastLine(folder.Log("network"));
        if (said.StartsWith("The network ", StringComparison.Ordinal)) return;
        Say($"Jobs are NOT fenced from the network: {said}");
        await File.AppendAllTextAsync(folder.RunnerConfig, "network_fence = \"off\"\ndns_servers = []\n", cancellation);
    }

    private static string LastLine(string log) => File.ReadLines(log).LastOrDefault(line => line.Length > 0) ?? "";

    private (string Program, string[] Arguments) FindRunner()
    {
        var beside = Path.Combine(AppContext.BaseDirectory, "shithubd-runner");
        var found = runnerProgram ?? (File.Exists(beside) ? beside : null)
            ?? throw new DevException($"The runner is not at {beside}. Build it, and name it with --runner-program.");
        return found.EndsWith(".dll", StringComparison.Ordinal) ? ("dotnet", [found]) : (found, []);
    }

    private static async Task<RunRow> FindRunAsync(IServiceProvider services, string sha, CancellationToken cancellation)
    {
        var repository = await services.GetRequiredService<RepositoryStore>().FindAsync(Owner, Name, cancellation);
        var runs = services.GetRequiredService<ReadRuns>();
        var waited = Stopwatch.StartNew();
        while (waited.Elapsed < Patience)
        {
            if (await runs.ListAsync(repository!.Id, null, 1, sha, null, cancellation) is [var run, ..])
                return run;
            await Task.Delay(10, cancellation);
        }

        throw new DevException("The push triggered no run within a minute.");
    }

    private void Explain(ServerSettings settings, string url) => output.WriteLine($"""

        Push something of your own (user demo, the password is in {folder.UserToken}):
          git clone {url} && cd {Name}
          … change a file, commit …
          git push origin trunk

        Administer it:
          export SHITHUB_CONFIG={folder.ServerConfig}
          dotnet {Environment.GetCommandLineArgs()[0]} admin runner list

        All repositories: {settings.Server.BaseUrl}   Metrics: {settings.Server.BaseUrl}metrics   Logs: {Path.Combine(folder.Root, "logs")}
        Ctrl-C stops everything.
        """);

    private void Say(string what) =>
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"▸ {what}"));

    /// <summary>Calls in flight end before what they need goes away.</summary>
    private sealed class StoppedServer(WebApplication app) : IAsyncDisposable
    {
        public async ValueTask DisposeAsync()
        {
            await app.StopAsync(CancellationToken.None);
            await app.DisposeAsync();
        }
    }

    /// <summary>
    /// The runner's network with its fence, or what was made of it. Podman's own command takes away what is left where there was no fence.
    /// </summary>
    private sealed class FenceRemoval(string program, string[] down, string network) : IAsyncDisposable
    {
        public async ValueTask DisposeAsync()
        {
            await RunAsync(program, down);
            await RunAsync("podman", ["network", "rm", "--force", network]);
        }

        private static async Task RunAsync(string command, string[] arguments)
        {
            using var remove = Process.Start(new ProcessStartInfo(command, arguments)
            {
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            })!;
            var output = remove.StandardOutput.ReadToEndAsync();
            await remove.StandardError.ReadToEndAsync();
            await output;
            await remove.WaitForExitAsync();
        }
    }
}
