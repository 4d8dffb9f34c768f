using System.Diagnostics;
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

/// <summary>
/// From a <c>git push</c> that has returned to the first line of the run's log and to its conclusion in the database: both programs,
/// stock git over HTTP, real containers. Beside each push a bare container, so that both see the same machine.
/// </summary>
internal sealed class PushBenchmark(Cluster cluster, ServerProcess server)
{
    private const int Pushes = 30;
    private const int WarmUpPushes = 3;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private const string Workflow = """
        name: Smoke
        on:
          push:
            branches: [trunk]
        jobs:
          green:
            runs-on: ubuntu-latest
            steps:
              - uses: actions/checkout@v4
              - name: Verify checkout
                run: test -f README.md || test -f readme.md || pwd
              - name: Smoke
                run: printf 'shithub actions smoke passed\n'
        """;

    // Times are the beginnings of the transactions that stored the rows: one commit earlier than others see them.
    private const string Look = """
        select r.conclusion, r.completed_at,
            (
                select min(c.created_at)
                from workflow_jobs j
                join workflow_step_log_chunks c on c.job_id = j.id
                where j.run_id = r.id
            ) as first_line_at,
            (
                select min(c.created_at)
                from workflow_jobs j
                join workflow_steps s on s.job_id = j.id and s.name = 'Smoke'
                join workflow_step_log_chunks c on c.job_id = j.id and c.step_id = s.id
                where j.run_id = r.id and position('smoke passed'::bytea in c.chunk) > 0
            ) as first_output_at
        from workflow_runs r
        where r.head_sha = @sha and r.conclusion is not null
        """;

    private const string IsOnline = "select exists (select from workflow_runners where name = 'bench' and last_heartbeat_at is not null)";

    public async Task<Table> RunAsync(CancellationToken cancellation)
    {
        Run.Say("push: starting Podman and shithubd-runner");
        await new FilledQueue(cluster.DataSource).ClearAsync(cancellation);
        var podman = await PodmanFixture.GetAsync(cancellation);
        var workspaces = podman.NewWorkspaceRoot();
        using var git = new GitClient();
        using var engine = await BenchEngine.PodmanAsync(cancellation);
        await using var runner = await PrepareAsync(podman, engine.Subnet, workspaces, git, cancellation);

        var (push, firstLine, firstOutput, conclusion, container) =
            (new Latencies(), new Latencies(), new Latencies(), new Latencies(), new Latencies());
        for (var number = 1 - WarmUpPushes; number <= Pushes; number++)
        {
            if (number % 10 == 1)
                Run.Say($"push: {number} of {Pushes}");
            var sha = await git.CommitAsync("count.txt", $"{number}\n", $"Push {number}");
            var started = Stopwatch.GetTimestamp();
            await git.RunAsync("push", "--quiet", "origin", "trunk");
            var pushed = DateTimeOffset.UtcNow;
            var took = Stopwatch.GetElapsedTime(started);
            var run = await WaitForEndAsync(sha, runner, cancellation);
            await WaitForIdleAsync(workspaces, runner, cancellation);
            var (_, bareMilliseconds) = await engine.RunAsync("printf 'shithub actions smoke passed\\n'", cancellation);
            if (number < 1)
                continue;
            push.Add([took.TotalMilliseconds], took.TotalSeconds);
            Add(firstLine, run.FirstLineAt);
            Add(firstOutput, run.FirstOutputAt);
            Add(conclusion, run.CompletedAt);
            container.Add([bareMilliseconds], bareMilliseconds / 1000);

            void Add(Latencies latencies, DateTime? at)
            {
                var after = at!.Value - pushed.UtcDateTime;
                latencies.Add([after.TotalMilliseconds], after.TotalSeconds);
            }
        }

        return new Table(
            $"A push of the smoke workflow (checkout and two `run:` steps), {Pushes} times, beside a bare container of the same image and limits after each",
            ["milliseconds", "median", "p95"],
            [
                Row("`git push` itself", push),
                Row("from its return to the first log line stored", firstLine),
                Row("from its return to the first line that a step printed stored", firstOutput),
                Row("from its return to the run's conclusion stored", conclusion),
                Row("bare container: create + start + wait + remove", container),
            ]);
    }

    private static string[] Row(string name, Latencies latencies) => [name, Table.Number(latencies.Median), Table.Number(latencies.P95)];

    /// <summary>A user with a repository whose clone is in place, and a registered runner that claims.</summary>
    private async Task<ChildProcess> PrepareAsync(PodmanFixture podman, string subnet, string workspaces, GitClient git, CancellationToken cancellation)
    {
        var settings = ServerSettings.Load(server.Config, new Dictionary<string, string>(), new Dictionary<string, string>());
        var collection = new ServiceCollection().AddLogging();
        ServerHost.AddServices(collection, settings);
        await using var services = collection.BuildServiceProvider();
        var user = await services.GetRequiredService<Owners>().CreateUserAsync("ada", isAdmin: false, cancellation);
        var token = await services.GetRequiredService<AccessTokens>().CreateAsync("ada", "bench", [TokenScopes.RepoWrite], null, cancellation);
        await services.GetRequiredService<RepositoryStore>().CreateAsync(user!.Id, "hello", isPrivate: true, "trunk", cancellation);
        var registered = await services.GetRequiredService<RunnerPool>().RegisterAsync("bench", FilledQueue.Labels, 1, null, cancellation);
        await git.InitAsync(GitClient.Url(server.BaseUrl, "ada/hello.git", token!.Token));
        await git.CommitAsync(".shithub/workflows/smoke.yml", Workflow, "Add the smoke workflow");

        var config = $"{cluster.Folder}/shithubd-runner.toml";
        await File.WriteAllTextAsync(config, $"""
            [server]
            base_url = "{server.BaseUrl}"

            [runner]
            token = "{registered!.Token}"
            workspace_root = "{workspaces}"
            network_subnet = "{subnet}"

            [engine]
            kind = "podman"
            socket = "{podman.Socket}"
            default_image = "{PodmanFixture.Image}"
            network = "{podman.Network}"
            warm = 0

            """, cancellation);
        var log = $"{cluster.Folder}/shithubd-runner.log";
        var runner = ChildProcess.Start("shithubd-runner", "TERM", log, [Source.Runner, "run", "--config", config]);
        try
        {
            await UntilAsync(() => AskAsync<bool>(IsOnline, null, cancellation), runner, "The runner did not start", cancellation);
            return runner;
        }
        catch
        {
            await runner.DisposeAsync();
            throw;
        }
    }

    private async Task<EndedRun> WaitForEndAsync(string sha, ChildProcess runner, CancellationToken cancellation)
    {
        EndedRun? run = null;
        await UntilAsync(
            async () => (run = await AskAsync<EndedRun?>(Look, new { sha }, cancellation)) is not null,
            runner, $"The run of {sha} did not end", cancellation);
        return run is { Conclusion: "success", FirstOutputAt: not null }
            ? run
            : throw new BenchException($"The run of {sha} ended with {run!.Conclusion}, or without its output.\n{await RunnerLogAsync()}");
    }

    /// <summary>The runner clears up after it has reported; the next push must not wait for that.</summary>
    private Task WaitForIdleAsync(string workspaces, ChildProcess runner, CancellationToken cancellation) => UntilAsync(
        () => Task.FromResult(!Directory.EnumerateDirectories(workspaces).Any()), runner, "The runner's workspaces were not removed", cancellation);

    private async Task UntilAsync(Func<Task<bool>> holds, ChildProcess runner, string otherwise, CancellationToken cancellation)
    {
        var waited = Stopwatch.StartNew();
        while (!await holds())
        {
            if (waited.Elapsed > Patience || runner.Ended.IsCompleted)
                throw new BenchException($"{otherwise}.\n{await RunnerLogAsync()}");
            await Task.Delay(20, cancellation);
        }
    }

    private async Task<T?> AskAsync<T>(string sql, object? parameters, CancellationToken cancellation)
    {
        await using var connection = await cluster.DataSource.OpenConnectionAsync(cancellation);
        return await connection.QuerySingleOrDefaultAsync<T>(new CommandDefinition(sql, parameters, cancellationToken: cancellation));
    }

    private Task<string> RunnerLogAsync() => File.ReadAllTextAsync($"{cluster.Folder}/shithubd-runner.log");

    private sealed record EndedRun
    {
        public string Conclusion { get; init; } = "";

        public DateTime CompletedAt { get; init; }

        public DateTime? FirstLineAt { get; init; }

        public DateTime? FirstOutputAt { get; init; }
    }
}
