using System.Globalization;
using System.Net;
using Xunit;

namespace Shithub.Actions.EndToEnd.Tests.Chaos;

/// <summary>
/// Two servers behind a proxy that drops answers, killed at random moments, on a database that crashes: what was acknowledged is kept, no
/// two attempts of a job are accepted, every run ends.
/// </summary>
/// <remarks>
/// The short form is part of the tests. The long one, and a failure again (the order of events, not their timing, follows from the seed):
/// <code>CHAOS_RUNS=200 CHAOS_CRASHES=20 CHAOS_SEED=1 Shithub.Actions.EndToEnd.Tests -class '*ChaosTests'</code>
/// </remarks>
public sealed class ChaosTests
{
    /// <summary>No chunk of a log looks like it: those are of small letters.</summary>
    public const string Secret = "CHAOS-4711-SECRET";

    internal const string Workflow = """
        on: [workflow_dispatch, pull_request]
        env:
          KEY: ${{ secrets.CHAOS }}
        jobs:
          build:
            runs-on: ubuntu-latest
            steps:
              - run: make
              - run: make check
          package:
            needs: build
            runs-on: ubuntu-latest
            steps:
              - run: make dist
        """;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task Whatever_is_killed_nothing_acknowledged_is_lost_and_every_run_ends()
    {
        var runs = Setting("RUNS", 16);
        var crashes = Setting("CRASHES", 1);
        var seed = Setting("SEED", Environment.TickCount);
        var replay = string.Create(
            CultureInfo.InvariantCulture, $"Again: CHAOS_RUNS={runs} CHAOS_CRASHES={crashes} CHAOS_SEED={seed}");
        TestContext.Current.TestOutputHelper?.WriteLine(replay);
        await using var plane = await ControlPlane.StartAsync(servers: 2);
        const string Repository = $"{ControlPlane.User}/chaos";
        await plane.PushAsync("chaos", Workflow, isPublic: true);
        await plane.SetSecretAsync(Repository, "CHAOS", Secret);
        var strangerToken = await plane.CreateUserAsync(ChaosStranger.Name);
        var pulls = (runs + 3) / 4;
        var ledger = new Ledger();
        await using var proxy = new DroppingProxy(plane.Ports, seed, dropRate: 0.03);
        using var http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{proxy.Port}"), Timeout = TimeSpan.FromSeconds(20) };
        var client = new ProtocolClient(http, Patience);
        using var over = new CancellationTokenSource();
        var runners = new List<Task>();
        for (var runner = 0; runner < 4; runner++)
        {
            var token = await plane.RegisterRunnerAsync($"chaos-{runner}");
            runners.Add(new ChaosRunner(client, token, ledger, new Random(seed + runner)).RunAsync(over.Token));
        }

        using var stranger = new ChaosStranger(plane, client, http.BaseAddress, strangerToken, ledger, new Random(seed - 1));
        await stranger.PrepareAsync(Repository, pulls);
        var proposing = stranger.RunAsync(Repository, pulls);
        var chaos = WreckAsync(plane, ledger, new Random(seed), kills: runs, crashes);
        for (var run = 0; run < runs; run++)
        {
            var (status, answer) = await client.PostAsync(
                $"/api/v1/repos/{Repository}/actions/workflows/chaos.yml/dispatches", plane.Token, new { @ref = "trunk" });
            Assert.True(status == HttpStatusCode.Created, $"{status}: {answer}. {replay}");
            ledger.Dispatched(answer!.Value.GetProperty("run_id").GetInt64());
        }

        await await Task.WhenAny([Task.WhenAll(chaos, proposing), .. runners]);
        await chaos;
        await proposing;
        await LiveSystem.UntilAsync(
            $"every run ends. {replay}\n{plane.Logs()}",
            async () =>
            {
                if (runners.Find(runner => runner.IsFaulted) is { } broken) await broken;
                await using var connection = await plane.DataSource.OpenConnectionAsync(TestContext.Current.CancellationToken);
                return await Ledger.OpenRunsAsync(connection) == 0;
            },
            // The longest way to an end: a lease of 20 s, lost four times.
            TimeSpan.FromSeconds(180));
        await over.CancelAsync();
        await Task.WhenAll(runners);
        await using (var connection = await plane.DataSource.OpenConnectionAsync(TestContext.Current.CancellationToken))
            await ledger.VerifyAsync(connection, replay);
        Assert.True(
            ledger.Runs >= runs && ledger.Chunks > 0 && ledger.Approvals >= pulls && proxy.Dropped > 0, $"Nothing happened. {replay}");
        TestContext.Current.TestOutputHelper?.WriteLine(
            $"{ledger.Runs} runs, {pulls} pull requests with {ledger.Approvals} approvals, {ledger.Claims} claims, {ledger.Acknowledged} calls, "
            + $"{ledger.Chunks} chunks, {runs} kills, {crashes} crashes, {proxy.Dropped} lost answers");
    }

    /// <summary>One server is killed at a time, so that the other one answers; the database is the only one there is.</summary>
    private static async Task WreckAsync(ControlPlane plane, Ledger ledger, Random random, int kills, int crashes)
    {
        // A run has about 14 calls, and there is a kill for each run: the last one comes while runs are under way.
        var acknowledged = 0;
        var crashAt = Enumerable.Range(0, kills).OrderBy(_ => random.Next()).Take(crashes).ToHashSet();
        for (var kill = 0; kill < kills; kill++)
        {
            acknowledged += random.Next(1, 16);
            await LiveSystem.UntilAsync(
                $"{acknowledged} calls are acknowledged\n{plane.Logs()}", () => Task.FromResult(ledger.Acknowledged >= acknowledged), Patience);
            if (crashAt.Contains(kill)) await plane.CrashDatabaseAsync();
            var server = random.Next(plane.Ports.Length);
            plane.KillServer(server);
            await plane.StartServerAsync(server);
        }
    }

    // No SHITHUB_…: the programs would take it for a setting of theirs, and refuse it.
    private static int Setting(string name, int otherwise) =>
        Environment.GetEnvironmentVariable($"CHAOS_{name}") is { Length: > 0 } text
            ? int.Parse(text, CultureInfo.InvariantCulture)
            : otherwise;
}
