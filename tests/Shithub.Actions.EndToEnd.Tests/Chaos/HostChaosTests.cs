using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Dapper;
using Xunit;

namespace Shithub.Actions.EndToEnd.Tests.Chaos;

public sealed class PodmanHostChaosTests() : HostChaosTests(docker: false);

public sealed class DockerHostChaosTests() : HostChaosTests(docker: true);

/// <summary>
/// A runner, its engine's containers, its resolver, its firewall and its network, all of which are killed, flushed or cut at random moments while
/// jobs run: nothing stays behind, no job is freed, every job ends, and as the server says.
/// </summary>
/// <remarks>
/// The short form is part of the tests. The long one, and a failure again (the order of events, not their timing, follows from the seed):
/// <code>CHAOS_JOBS=100 CHAOS_SEED=1 Shithub.Actions.EndToEnd.Tests -class '*HostChaosTests'</code>
/// </remarks>
public abstract class HostChaosTests(bool docker)
{
    private const int JobsPerRun = 4;

    /// <summary>Seconds; the runner would have it longer.</summary>
    private const int Lease = 20;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(240);

    /// <summary>Each job tries all the time to get out.</summary>
    private static string Workflow(IPEndPoint outside) => $$"""
        on: workflow_dispatch
        jobs:
          plain:
            runs-on: ubuntu-latest
            steps:
              - run: &loop |
                  (while :; do timeout 5 bash -c '</dev/tcp/{{outside.Address}}/{{outside.Port}}'; sleep 0.01; done) >/dev/null 2>&1 &
                  for i in $(seq 20); do echo line $i; sleep 0.15; done
                  echo the end
          narrow:
            runs-on: ubuntu-latest
            permissions: {network: []}
            steps:
              - run: *loop
          beside:
            runs-on: ubuntu-latest
            services:
              web: {image: "localhost/shithub/runner:1", entrypoint: sleep, command: "1000"}
            steps:
              - run: *loop
          tree:
            runs-on: ubuntu-latest
            steps:
              - uses: actions/checkout@v4
              - run: *loop
        """;

    /// <summary>Why a job may fail that is good in itself, in the words of its log.</summary>
    private static readonly string[] Reasons =
    [
        "the network's fence on this runner was lost while it was running", "it was killed", "failed with exit code 143", "The job can't run here",
    ];

    [Fact]
    public async Task Whatever_is_killed_on_a_host_nothing_is_left_and_every_job_ends_as_the_server_says()
    {
        var jobs = Setting("JOBS", 12);
        var seed = Setting("SEED", Environment.TickCount);
        var replay = string.Create(CultureInfo.InvariantCulture, $"Again: CHAOS_JOBS={jobs} CHAOS_SEED={seed}");
        TestContext.Current.TestOutputHelper?.WriteLine(replay);
        await using var machine = await HostMachine.StartAsync(docker);
        await using var plane = await ControlPlane.StartAsync(
            1, address: machine.Outside, settings: $"[runners]\nlease_max = \"{Lease}s\"");
        using var outside = new TcpListener(IPAddress.Parse(machine.Outside), 0);
        outside.Start();
        var target = (IPEndPoint)outside.LocalEndpoint;

        // From the machine itself there is a way: what stops jobs is the fence alone.
        await machine.RunAsync($"timeout 5 bash -c '</dev/tcp/{target.Address}/{target.Port}'");
        (await outside.AcceptTcpClientAsync(TestContext.Current.CancellationToken)).Dispose();
        await plane.PushAsync("chaos", Workflow(target));
        using var client = plane.Client(0);

        // What a host looks like on which the same has run undisturbed.
        var runner = new HostRunner(machine, plane, await plane.RegisterRunnerAsync("host", capacity: JobsPerRun));
        runner.Start();
        await DispatchAsync(client);
        await LiveSystem.UntilAsync($"the first jobs end\n{runner.Log()}\n{plane.Logs()}", () => EndedAsync(plane), Patience);
        Assert.All(await JobsAsync(plane), job => Assert.True(job.Conclusion == "success", $"{job}\n{runner.Log()}"));
        await runner.StopAsync();
        await runner.RemoveNetworkAsync();
        var before = await runner.EverythingAsync();
        await LiveSystem.UntilAsync(
            "the host rests",
            async () => before.SequenceEqual(before = await runner.EverythingAsync()),
            TimeSpan.FromSeconds(15));

        runner.Start();
        for (var started = 0; started < jobs; started += JobsPerRun) await DispatchAsync(client);
        var trouble = new HostTrouble(machine, runner, new Random(seed), Lease);
        await trouble.MakeAsync(jobs, async () => (await JobsAsync(plane)).Any(job => job.Status == "running"), () => EndedAsync(plane));
        await LiveSystem.UntilAsync(
            $"every job ends. {replay}\n{trouble}\n{runner.Log()}\n{plane.Logs()}", () => EndedAsync(plane), Patience);
        await runner.StopAsync();

        var said = $"{replay}\n{trouble}\n{runner.Log()}";
        Assert.False(outside.Pending(), $"A job got out. {said}");
        foreach (var job in await JobsAsync(plane))
        {
            var log = await client.GetStringAsync($"/api/v1/jobs/{job.Id}/logs", TestContext.Current.CancellationToken);
            if (job.Conclusion == "success") Assert.True(log.Contains("the end\n", StringComparison.Ordinal), $"{job} has not ended:\n{log}\n{said}");
            else if (job.Conclusion == "failure") Assert.True(Reasons.Any(reason => log.Contains(reason, StringComparison.Ordinal)), $"{job} does not say why:\n{log}\n{said}");
            else Assert.True(job.Conclusion == "runner_lost", $"{job}:\n{log}\n{said}");
        }

        IReadOnlyList<string> left = [];
        await LiveSystem.UntilAsync(
            () => $"nothing of jobs is left:\n{string.Join('\n', left)}\n{said}",
            async () => (left = await runner.LeftAsync()).Count == 0,
            TimeSpan.FromSeconds(10));
        await runner.RemoveNetworkAsync();
        await LiveSystem.UntilAsync(
            () => $"the host is as before; left:\n{string.Join('\n', left)}\n{said}",
            async () => (left = [.. (await runner.EverythingAsync()).Except(before)]).Count == 0,
            TimeSpan.FromSeconds(15));
        Assert.True(trouble.Count > 0, $"Nothing happened. {said}");
    }

    private static async Task DispatchAsync(HttpClient client)
    {
        using var content = new StringContent("""{"ref":"trunk"}""", System.Text.Encoding.UTF8, "application/json");
        using var answer = await client.PostAsync(
            $"/api/v1/repos/{ControlPlane.User}/chaos/actions/workflows/chaos.yml/dispatches", content, TestContext.Current.CancellationToken);
        Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
    }

    private static async Task<bool> EndedAsync(ControlPlane plane) => (await JobsAsync(plane)).All(job => job.Conclusion is not null);

    private static async Task<IReadOnlyList<Job>> JobsAsync(ControlPlane plane)
    {
        await using var connection = await plane.DataSource.OpenConnectionAsync(TestContext.Current.CancellationToken);
        return [.. await connection.QueryAsync<Job>("select id, job_key as key, attempt, status, conclusion from workflow_jobs order by id")];
    }

    // No SHITHUB_…: the programs would take it for a setting of theirs, and refuse it.
    private static int Setting(string name, int otherwise) =>
        Environment.GetEnvironmentVariable($"CHAOS_{name}") is { Length: > 0 } text
            ? int.Parse(text, CultureInfo.InvariantCulture)
            : otherwise;

    private sealed record Job(long Id, string Key, int Attempt, string Status, string? Conclusion);
}
