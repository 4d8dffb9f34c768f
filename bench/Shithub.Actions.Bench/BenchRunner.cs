using System.Diagnostics;
using System.Globalization;
using Dapper;
using Microsoft.Extensions.DependencyInjection;
using Shithub.Actions.Configuration;
using Shithub.Actions.Server;
using Shithub.Actions.Server.Access;
using Shithub.Actions.Server.Dev;
using Shithub.Actions.Server.Repositories;
using Shithub.Actions.Server.Runners;
using Shithub.Actions.Testing;

namespace Shithub.Actions.Bench;

/// <summary>A running shithubd-runner with a label of its own, and a repository whose clone is in place.</summary>
internal sealed class BenchRunner : IAsyncDisposable
{
    private const string IsOnline = "select exists (select from workflow_runners where name = @name and last_heartbeat_at is not null)";
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    private readonly Cluster _cluster;
    private readonly ChildProcess _process;
    private readonly string _log;
    private readonly int _warm;

    private BenchRunner(Cluster cluster, ChildProcess process, string log, string workspaces, string label, int warm, GitClient git)
    {
        (_cluster, _process, _log, Workspaces, Label, _warm, Git) = (cluster, process, log, workspaces, label, warm, git);
    }

    public string Workspaces { get; }

    /// <summary>Also the repository's and the user's name.</summary>
    public string Label { get; }

    public GitClient Git { get; }

    /// <param name="fence">Off where nothing is measured that the network takes part in.</param>
    public static async Task<BenchRunner> StartAsync(
        Cluster cluster, ServerProcess server, BenchEngine engine, int capacity, int warm, bool fence, CancellationToken cancellation)
    {
        var label = $"b{Guid.NewGuid().ToString("N")[..8]}";
        var settings = ServerSettings.Load(server.Config, new Dictionary<string, string>(), new Dictionary<string, string>());
        var collection = new ServiceCollection().AddLogging();
        ServerHost.AddServices(collection, settings);
        await using var services = collection.BuildServiceProvider();
        var user = await services.GetRequiredService<Owners>().CreateUserAsync(label, isAdmin: false, cancellation);
        var token = await services.GetRequiredService<AccessTokens>().CreateAsync(label, "bench", [TokenScopes.RepoWrite], null, cancellation);
        await services.GetRequiredService<RepositoryStore>().CreateAsync(user!.Id, label, isPrivate: true, "trunk", cancellation);
        var registered = await services.GetRequiredService<RunnerPool>().RegisterAsync(label, [label], capacity, null, cancellation);
        var git = new GitClient();
        await git.InitAsync(GitClient.Url(server.BaseUrl, $"{label}/{label}.git", token!.Token));
        var workspaces = engine.NewWorkspaceRoot();
        var config = $"{cluster.Folder}/{label}.toml";
        await File.WriteAllTextAsync(config, string.Create(CultureInfo.InvariantCulture, $"""
            [server]
            base_url = "{server.BaseUrl}"

            [runner]
            token = "{registered!.Token}"
            workspace_root = "{workspaces}"
            capacity = {capacity}
            labels = ["{label}"]
            network_subnet = "{engine.Subnet}"

            [engine]
            kind = "{engine.Kind}"
            socket = "{engine.Socket}"
            default_image = "{PodmanFixture.Image}"
            network = "{engine.Network}"
            warm = {warm}
            {(fence ? "" : "network_fence = \"off\"\ndns_servers = []")}

            """), cancellation);
        var log = $"{cluster.Folder}/{label}.log";
        var process = ChildProcess.Start("shithubd-runner", "TERM", log, [Source.Runner, "run", "--config", config]);
        var runner = new BenchRunner(cluster, process, log, workspaces, label, warm, git);
        try
        {
            await runner.UntilAsync(() => runner.AskAsync<bool>(IsOnline, new { name = label }, cancellation), "The runner did not start", cancellation);
            await runner.BecomeIdleAsync(cancellation);
            return runner;
        }
        catch
        {
            await runner.DisposeAsync();
            throw;
        }
    }

    /// <summary>Pushes a commit, and waits for its run to end well.</summary>
    /// <returns>When <c>git push</c> returned and how long it took, and the answer of <paramref name="sql"/> about the commit <c>@sha</c>.</returns>
    public async Task<((DateTime At, TimeSpan Took) Pushed, T Run)> PushAsync<T>(string path, string contents, string sql, CancellationToken cancellation)
        where T : class
    {
        var sha = await Git.CommitAsync(path, contents, "Push");
        var started = Stopwatch.GetTimestamp();
        await Git.RunAsync("push", "--quiet", "origin", "trunk");
        var pushed = (DateTime.UtcNow, Stopwatch.GetElapsedTime(started));
        string? conclusion = null;
        await UntilAsync(
            async () => (conclusion = await AskAsync<string?>("select conclusion from workflow_runs where head_sha = @sha", new { sha }, cancellation)) is not null,
            $"The run of {sha} did not end", cancellation);
        if (conclusion != "success")
            throw new BenchException($"The run of {sha} ended with {conclusion}.\n{await File.ReadAllTextAsync(_log, cancellation)}");
        return (pushed, (await AskAsync<T>(sql, new { sha }, cancellation))!);
    }

    /// <summary>What a job left is removed, and as many containers wait as should.</summary>
    public async Task BecomeIdleAsync(CancellationToken cancellation)
    {
        await UntilAsync(
            () => Task.FromResult(Directory.EnumerateDirectories(Workspaces).Count() == _warm
                && Directory.EnumerateDirectories(Workspaces).All(folder => Path.GetFileName(folder).StartsWith("warm-", StringComparison.Ordinal))
                && WarmContainersSaid() == _warm + WarmContainersTaken()),
            "The runner did not become idle", cancellation);
    }

    /// <summary>The runner's own process.</summary>
    public int FindProcess() => Processes.Find("shithubd-runner", $"{_cluster.Folder}/{Label}.toml");

    public async Task<T?> AskAsync<T>(string sql, object? parameters, CancellationToken cancellation)
    {
        await using var connection = await _cluster.DataSource.OpenConnectionAsync(cancellation);
        return await connection.QuerySingleOrDefaultAsync<T>(new CommandDefinition(sql, parameters, cancellationToken: cancellation));
    }

    public async ValueTask DisposeAsync()
    {
        await _process.DisposeAsync();
        Git.Dispose();
    }

    private int WarmContainersSaid() => File.ReadLines(_log).Count(line => line.Contains("waits for a job", StringComparison.Ordinal));

    private int WarmContainersTaken() => File.ReadLines(_log).Count(line => line.Contains("has the warm container", StringComparison.Ordinal));

    private async Task UntilAsync(Func<Task<bool>> holds, string otherwise, CancellationToken cancellation)
    {
        var waited = Stopwatch.StartNew();
        while (!await holds())
        {
            if (waited.Elapsed > Patience || _process.Ended.IsCompleted)
                throw new BenchException($"{otherwise}.\n{await File.ReadAllTextAsync(_log, cancellation)}");
            await Task.Delay(20, cancellation);
        }
    }
}
