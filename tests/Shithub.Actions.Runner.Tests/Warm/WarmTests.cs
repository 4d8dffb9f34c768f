using System.Diagnostics;
using System.Net;
using System.Text.Json;
using System.Text.RegularExpressions;
using Shithub.Actions.Runner.Engine;
using Shithub.Actions.Runner.Jobs;
using Shithub.Actions.Runner.Sandbox;
using Shithub.Actions.Runner.Tests.Escape;
using Shithub.Actions.Runner.Tests.Fake;
using Shithub.Actions.Testing;
using Xunit;

namespace Shithub.Actions.Runner.Tests.Warm;

public sealed class PodmanWarmTests(EscapePodman engine) : WarmTests(engine), IClassFixture<EscapePodman>;

public sealed class DockerWarmTests(EscapeDocker engine) : WarmTests(engine), IClassFixture<EscapeDocker>;

/// <summary>Containers that wait for jobs.</summary>
public abstract partial class WarmTests(EscapeEngine engine)
{
    private const string ShowName = "echo ${{ job.container.id }}";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Each_container_that_waits_is_used_for_one_job_and_another_is_made()
    {
        await using var server = await FakeServer.StartAsync();
        await using var runner = await engine.StartAsync(server, ("engine.warm", "1"));
        var names = new List<string>();
        for (var number = 0; number < 3; number++)
        {
            var waiting = await WaitingAsync(runner, names);
            var job = server.Enqueue(ShowName);
            Assert.Equal("success", await job.ConclusionAsync());
            Assert.Equal(waiting, job.Log(0).Trim());
            names.Add(waiting);
        }

        await WaitingAsync(runner, names);
    }

    [Fact]
    public async Task Two_jobs_in_a_row_see_nothing_of_each_other()
    {
        const string Look = """
            find . $HOME /tmp $RUNNER_TEMP $RUNNER_TOOL_CACHE /github/scripts /github/commands -mindepth 1 -name '*left*' || true
            ls /github/scripts /github/commands | wc -l
            cat /proc/[0-9]*/cmdline | tr '\0' ' ' | grep -c 'sleep 9876[5]' || true
            env | grep -i left || true
            cat $GITHUB_EVENT_PATH
            """;
        const string Leave = """
            for folder in . $HOME /tmp $RUNNER_TEMP $RUNNER_TOOL_CACHE; do echo left > $folder/left; done
            echo LEFT=behind >> $GITHUB_ENV
            setsid sleep 98765 < /dev/null > /dev/null 2>&1 &
            """;
        await using var server = await FakeServer.StartAsync();
        await using var runner = await engine.StartAsync(server, ("engine.warm", "1"));
        await WaitingAsync(runner, []);
        var first = server.Enqueue(
            job => job with { EventPayload = JsonDocument.Parse("""{"of":"first"}""").RootElement }, FakeServer.Script(Leave), FakeServer.Script(Look));
        Assert.True(await first.ConclusionAsync() == "success", first.Log(null) + first.Log(0) + first.Log(1));
        Assert.Contains("LEFT=behind", first.Log(1), StringComparison.Ordinal);
        Assert.Contains("left\n", first.Log(1), StringComparison.Ordinal);

        // One right behind it, and one that comes when a container waits again.
        var second = server.Enqueue(job => job with { EventPayload = JsonDocument.Parse("""{"of":"next"}""").RootElement }, FakeServer.Script(Look));
        Assert.Equal("success", await second.ConclusionAsync());
        await WaitingAsync(runner, []);
        var third = server.Enqueue(job => job with { EventPayload = JsonDocument.Parse("""{"of":"next"}""").RootElement }, FakeServer.Script(Look));
        Assert.Equal("success", await third.ConclusionAsync());
        Assert.Equal("5\n0\n{\"of\":\"next\"}", second.Log(0));
        Assert.Equal("5\n0\n{\"of\":\"next\"}", third.Log(0));
    }

    [Fact]
    public async Task The_log_of_a_job_is_the_same_with_a_container_that_waited_and_with_one_of_its_own()
    {
        async Task<string> RunAsync(string warm)
        {
            await using var server = await FakeServer.StartAsync();
            await using var runner = await engine.StartAsync(server, ("engine.warm", warm));
            if (warm != "0") await WaitingAsync(runner, []);
            var job = server.Enqueue(ShowName, "id; env | sort | grep -vE 'HOSTNAME|_ID=|TOKEN|GITHUB_(ENV|OUTPUT|PATH|STATE|STEP_SUMMARY)|SHITHUB_(ENV|OUTPUT|PATH|STATE|STEP_SUMMARY)'; ls -la /github; stat -fc %T . /tmp $HOME; cat /proc/self/limits");
            Assert.Equal("success", await job.ConclusionAsync());
            Assert.Equal(warm != "0", job.Log(0).StartsWith("shithub-warm-", StringComparison.Ordinal));
            return string.Join('\n', Variable().Replace(job.Log(null), "<id>"), Variable().Replace(job.Log(1), "<id>"));
        }

        Assert.Equal(await RunAsync("0"), await RunAsync("1"));
    }

    [Fact]
    public async Task A_job_that_wants_more_than_the_default_container_gets_its_own()
    {
        await using var server = await FakeServer.StartAsync();
        await using var runner = await engine.StartAsync(server, ("engine.warm", "1"));
        var waiting = await WaitingAsync(runner, []);
        var own = server.Enqueue(job => job with { Container = Json($"{{\"image\":\"{PodmanFixture.Image}\",\"env\":{{\"OWN\":\"yes\"}}}}") }, FakeServer.Script($"{ShowName}; echo $OWN"));
        var narrow = server.Enqueue(job => job with { Permissions = Json("""{"network":[]}""") }, FakeServer.Script(ShowName));

        Assert.Equal("success", await own.ConclusionAsync());
        Assert.Equal("success", await narrow.ConclusionAsync());
        Assert.Matches($@"\Ashithub-{own.Job.Id}-1-[0-9a-f]{{8}}\nyes\n\z", own.Log(0));
        Assert.Matches($@"\Ashithub-{narrow.Job.Id}-1-[0-9a-f]{{8}}\n\z", narrow.Log(0));
        var plain = server.Enqueue(ShowName);
        Assert.Equal("success", await plain.ConclusionAsync());
        Assert.Equal(waiting, plain.Log(0).Trim());
    }

    [Fact]
    public async Task A_container_that_died_while_it_waited_is_not_used()
    {
        await using var server = await FakeServer.StartAsync();
        await using var runner = await engine.StartAsync(server, ("engine.warm", "1"));
        var waiting = await WaitingAsync(runner, []);
        using (var client = await ClientAsync())
        {
            await Eventually.BecomesAsync(true, () => RunsAsync(client, waiting));
            await client.KillContainerAsync(waiting, "SIGKILL", Cancellation);
            await client.WaitContainerAsync(waiting, Cancellation);
        }

        var job = server.Enqueue(ShowName);
        Assert.Equal("success", await job.ConclusionAsync());
        Assert.NotEqual(waiting, job.Log(0).Trim());
        await WaitingAsync(runner, [waiting]);
    }

    [Fact]
    public async Task A_runner_that_drains_removes_the_container_that_waits()
    {
        await using var server = await FakeServer.StartAsync();
        await using var runner = await engine.StartAsync(server, ("engine.warm", "2"));
        var first = await WaitingAsync(runner, []);
        await WaitingAsync(runner, [first]);

        await runner.DrainAsync();
        await runner.Ended.WaitAsync(TimeSpan.FromSeconds(120), Cancellation);
        Assert.Equal("", await runner.ContainersAsync());
        Assert.Empty(runner.Workspaces());
        Assert.Empty(WorkspaceDisk.Mounted(runner.WorkspaceRoot));
    }

    [Fact]
    public async Task Without_warm_containers_none_waits()
    {
        await using var server = await FakeServer.StartAsync();
        await using var runner = await engine.StartAsync(server, ("engine.warm", "0"));
        var job = server.Enqueue(ShowName);

        Assert.Equal("success", await job.ConclusionAsync());
        Assert.StartsWith($"shithub-{job.Job.Id}-1-", job.Log(0), StringComparison.Ordinal);
        await Eventually.BecomesAsync("", runner.ContainersAsync);
        await Eventually.BecomesAsync(0, () => Task.FromResult(runner.Workspaces().Length));
    }

    [Fact]
    public async Task A_killed_runner_leaves_a_container_that_its_next_start_removes()
    {
        await using var server = await FakeServer.StartAsync();
        var options = await engine.OptionsAsync();
        var root = options.First(option => option.Path == "runner.workspace_root").Value;
        using var client = await ClientAsync();
        string left;
        using (var process = Start(server, options))
        {
            left = await WaitingAsync(root, []);
            process.Kill();
            await process.WaitForExitAsync(Cancellation);
        }

        Assert.Contains(left, await NamesAsync(root));
        using (var again = Start(server, options))
        {
            await WaitingAsync(root, [left]);
            Assert.DoesNotContain(left, await NamesAsync(root));
            Assert.Single(Directory.GetDirectories(root));
            using (var kill = Process.Start("kill", ["-TERM", $"{again.Id}"])) await kill.WaitForExitAsync(Cancellation);
            await again.WaitForExitAsync(Cancellation).WaitAsync(TimeSpan.FromSeconds(60), Cancellation);
        }

        Assert.Empty(await NamesAsync(root));
        Assert.Empty(Directory.GetDirectories(root));
        Assert.Empty(WorkspaceDisk.Mounted(root));
    }

    private static JsonElement Json(string text) => JsonDocument.Parse(text).RootElement;

    private static Process Start(FakeServer server, IEnumerable<(string Path, string Value)> options)
    {
        var start = new ProcessStartInfo(SourceFolder.Program("Shithub.Actions.Runner", "shithubd-runner"), ["run", "--config", "/dev/null"])
        {
            RedirectStandardInput = true,
            UseShellExecute = false,
        };
        foreach (var (path, value) in options.Concat(
            [
                ("server.base_url", server.BaseUrl.ToString()), ("runner.token", FakeServer.RunnerToken), ("engine.network_fence", "off"),
                ("engine.dns_servers", ""), ("engine.default_image", PodmanFixture.Image), ("engine.warm", "1"), ("engine.memory", "256m"),
            ]))
        {
            var parts = path.ToUpperInvariant().Split('.');
            start.Environment[parts[0] == "RUNNER" ? $"SHITHUB_RUNNER_{parts[1]}" : $"SHITHUB_RUNNER_{parts[0]}__{parts[1]}"] = value;
        }

        return Process.Start(start)!;
    }

    /// <summary>Docker lists a container before it finds it by its name.</summary>
    private static async Task<bool> RunsAsync(EngineClient client, string name)
    {
        try
        {
            return (await client.InspectContainerAsync(name, Cancellation)).Running;
        }
        catch (EngineException e) when (e.Status == HttpStatusCode.NotFound)
        {
            return false;
        }
    }

    private Task<string> WaitingAsync(RunningRunner runner, IReadOnlyList<string> but) => WaitingAsync(runner.WorkspaceRoot, but);

    /// <summary>The name of the container that waits: it has none of these.</summary>
    private async Task<string> WaitingAsync(string root, IReadOnlyList<string> but)
    {
        string? found = null;
        await Eventually.BecomesAsync(true, async () => (found = (await NamesAsync(root)).FirstOrDefault(name =>
            name.StartsWith("shithub-warm-", StringComparison.Ordinal) && !but.Contains(name))) is not null);
        return found!;
    }

    private async Task<IReadOnlyList<string>> NamesAsync(string root)
    {
        using var client = await ClientAsync();
        var containers = await client.ListContainersAsync(ContainerSpec.RunnerLabel, root, Cancellation);
        return [.. containers.Select(container => container.Names![0].TrimStart('/'))];
    }

    private async Task<EngineClient> ClientAsync() =>
        new((await engine.OptionsAsync()).First(option => option.Path == "engine.socket").Value);

    /// <summary>The server's port, digests, container ids, dates.</summary>
    [GeneratedRegex(@"127\.0\.0\.1:[0-9]+|(sha256:)?[0-9a-f]{12,64}|network (shithub-test-|st)[0-9a-f]{8}|[A-Z][a-z]{2} +[0-9]+ [0-9:]{5}")]
    private static partial Regex Variable();
}
