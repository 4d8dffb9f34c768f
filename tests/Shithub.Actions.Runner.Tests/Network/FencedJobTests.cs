using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using Shithub.Actions.Runner.Network;
using Shithub.Actions.Runner.Startup;
using Shithub.Actions.Runner.Tests.Fake;
using Shithub.Actions.Testing;
using Xunit;

namespace Shithub.Actions.Runner.Tests.Network;

public sealed class PodmanFencedJobTests(FencedPodman fenced) : FencedJobTests(fenced), IClassFixture<FencedPodman>;

public sealed class DockerFencedJobTests(FencedDocker fenced) : FencedJobTests(fenced), IClassFixture<FencedDocker>;

/// <summary>Whole jobs behind the fence.</summary>
public abstract class FencedJobTests(FencedEngine fenced)
{
    private const string Reach = "reach() { timeout 5 bash -c \"exec 3<>/dev/tcp/$1/80 && head -n 1 <&3\" 2>/dev/null || echo refused; }; ";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_job_sees_the_list_alone_and_its_log_says_what_was_blocked_and_what_would_allow_it()
    {
        await using var server = await FakeServer.StartAsync();
        await using var runner = await StartAsync(server);
        var denied = fenced.Internet.Denied;
        var job = server.Enqueue($"{Reach} reach allowed.test; reach denied.test; reach denied.test; reach {denied}; reach sub.allowed.test");

        Assert.Equal("success", await job.ConclusionAsync());
        Assert.Equal("hello\nrefused\nrefused\nrefused\nrefused\n", job.Log(0));
        var log = job.Log(null);
        Assert.Contains("Fence: of the network, the 10 names of the allowlist", log, StringComparison.Ordinal);
        Assert.Contains("Blocked: denied.test:*\nBlocked: sub.allowed.test:*\n", log, StringComparison.Ordinal);
        Assert.Contains($"Blocked: {denied}:80\n", log, StringComparison.Ordinal);
        Assert.Contains("network_allowlist = [ …, \"denied.test\", \"sub.allowed.test\" ]", log, StringComparison.Ordinal);
        Assert.DoesNotContain(ResolverConfiguration.NeverAllowed, log, StringComparison.Ordinal);

        // The same on the job's page.
        Assert.Equal($"Blocked: denied.test:*\nBlocked: sub.allowed.test:*\nBlocked: {denied}:80", job.Notes[0].Message);
        Assert.Contains("network_allowlist = [ …, \"denied.test\", \"sub.allowed.test\" ]", job.Notes[1].Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Jobs_beside_each_other_are_told_their_own_refusals_alone()
    {
        await using var server = await FakeServer.StartAsync();
        await using var runner = await StartAsync(server, ("runner.capacity", "2"));
        var (denied, other) = (fenced.Internet.Denied, fenced.Internet.Resolver);
        var first = server.Enqueue($"{Reach} echo begun; reach first.test; reach {denied}; until [ -e go ]; do sleep 0.05; done");
        await Eventually.BecomesAsync(true, () => Task.FromResult(first.Log(0).EndsWith("refused\nrefused\n", StringComparison.Ordinal)));
        var second = server.Enqueue($"{Reach} reach second.test; reach {other}");
        Assert.Equal("success", await second.ConclusionAsync());
        await File.WriteAllTextAsync(Path.Combine(Directory.GetDirectories(runner.WorkspaceRoot, "1-1-*").Single(), "mount/workspace/go"), "", Cancellation);

        Assert.Equal("success", await first.ConclusionAsync());
        Assert.Equal($"Blocked: first.test:*\nBlocked: {denied}:80", first.Notes[0].Message);
        Assert.Equal($"Blocked: second.test:*\nBlocked: {other}:80", second.Notes[0].Message);
    }

    [Fact]
    public async Task A_workflow_narrows_the_list_for_its_job_and_can_not_widen_it()
    {
        await using var server = await FakeServer.StartAsync();
        await using var runner = await StartAsync(server, ("runner.capacity", "2"));

        // Another job keeps the address open for all that are not narrowed.
        var wide = server.Enqueue($"{Reach} reach other.test; while :; do reach other.test >/dev/null; sleep 0.1; done");
        await Eventually.BecomesAsync("hello\n", () => Task.FromResult(wide.Log(0)));
        var narrow = server.Enqueue(
            job => job with { Permissions = Json("""{"contents":"read","network":["allowed.test","denied.test"]}""") },
            FakeServer.Script(
                $"{Reach} reach allowed.test; reach other.test; reach {fenced.Internet.Other}; reach denied.test"));
        var nothing = server.Enqueue(job => job with { Permissions = Json("""{"network":[]}""") }, FakeServer.Script($"{Reach} reach allowed.test"));

        Assert.Equal("success", await narrow.ConclusionAsync());
        Assert.Equal("hello\nrefused\nrefused\nrefused\n", narrow.Log(0));
        var log = narrow.Log(null);
        Assert.Contains("narrows the allowlist to (allowed.test)", log, StringComparison.Ordinal);
        Assert.Contains("denied.test is not on this runner's allowlist", log, StringComparison.Ordinal);
        Assert.Contains("permissions: { network: [ …, \"other.test\" ] }", log, StringComparison.Ordinal);
        Assert.Contains($"Blocked: {fenced.Internet.Other}:80", log, StringComparison.Ordinal);
        Assert.Equal("success", await nothing.ConclusionAsync());
        Assert.Equal("refused\n", nothing.Log(0));
        wide.Cancel();
        Assert.Equal("cancelled", await wide.ConclusionAsync());
        await Eventually.BecomesAsync("", async () => await NarrowedTablesAsync());
    }

    [Theory]
    [InlineData("delete table")]
    [InlineData("flush table")]
    [InlineData("routing")]
    [InlineData("dnsmasq")]
    [InlineData("dnsmasq hangs")]
    [InlineData("bridge")]
    public async Task A_job_is_stopped_and_not_freed_when_part_of_the_fence_goes_and_the_next_job_has_a_new_one(string part)
    {
        await using var server = await FakeServer.StartAsync();
        await using var runner = await StartAsync(server);
        var denied = fenced.Internet.Denied;
        fenced.Internet.Arrivals.Clear();
        var job = server.Enqueue($"echo begun; while :; do (exec 3<>/dev/tcp/{denied}/80) 2>/dev/null && echo out; done");
        await Eventually.BecomesAsync("begun\n", () => Task.FromResult(job.Log(0)));
        await BreakAsync(part);

        Assert.Equal("failure", await job.ConclusionAsync());
        Assert.Contains("the network's fence on this runner was lost while it was running", job.Log(null), StringComparison.Ordinal);
        Assert.Equal("begun\n", job.Log(0));
        Assert.DoesNotContain(denied, fenced.Internet.Arrivals);
        var next = server.Enqueue($"{Reach} reach allowed.test; reach {denied}");
        Assert.Equal("success", await next.ConclusionAsync());
        Assert.Equal("hello\nrefused\n", next.Log(0));
    }

    [Fact]
    public async Task A_runner_that_is_killed_leaves_no_process_behind()
    {
        await using var server = await FakeServer.StartAsync();
        var start = new ProcessStartInfo(SourceFolder.Program("Shithub.Actions.Runner", "shithubd-runner"), ["run", "--config", "/dev/null"])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        };
        foreach (var (path, value) in fenced.Options.Concat(
            [("server.base_url", server.BaseUrl.ToString()), ("runner.token", FakeServer.RunnerToken), ("engine.default_image", PodmanFixture.Image)]))
        {
            var parts = path.ToUpperInvariant().Split('.');
            start.Environment[parts[0] == "RUNNER" ? $"SHITHUB_RUNNER_{parts[1]}" : $"SHITHUB_RUNNER_{parts[0]}__{parts[1]}"] = value;
        }

        using var process = Process.Start(start)!;
        var said = process.StandardError.ReadToEndAsync(Cancellation);
        _ = process.StandardOutput.ReadToEndAsync(Cancellation);
        var job = server.Enqueue("echo begun; sleep 1000");
        await Eventually.BecomesAsync("begun\n", () => Task.FromResult(process.HasExited ? said.Result : job.Log(0)));
        var children = await DescendantsAsync(process.Id);
        Assert.Contains(children, child => Words(child).Contains("nft monitor", StringComparison.Ordinal));

        process.Kill();
        await process.WaitForExitAsync(Cancellation);
        await Eventually.BecomesAsync("", () => Task.FromResult(string.Join('\n', children.Select(Words).Where(words => words.Length > 0))));
        await EngineStartup.RemoveLeftoversAsync(
            fenced.Engine, fenced.Settings.Runner.WorkspaceRoot, NullLogger.Instance, Cancellation);
    }

    /// <summary>The children of a process and theirs, as number and start.</summary>
    private static async Task<List<string>> DescendantsAsync(int process)
    {
        var list = await HostProgram.RunAsync("ps", Cancellation, "-e", "-o", "pid=,ppid=");
        var parents = list.Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            .ToLookup(words => words[1], words => words[0]);
        var found = parents[process.ToString(CultureInfo.InvariantCulture)].ToList();
        for (var i = 0; i < found.Count; i++) found.AddRange(parents[found[i]]);
        return found;
    }

    private static string Words(string process)
    {
        try
        {
            return File.ReadAllText($"/proc/{process}/cmdline").Replace('\0', ' ');
        }
        catch (IOException)
        {
            return "";
        }
    }

    private static JsonElement Json(string text) => JsonDocument.Parse(text).RootElement;

    private Task<RunningRunner> StartAsync(FakeServer server, params (string, string)[] more) =>
        RunningRunner.StartAsync(server, [.. fenced.Options, .. more]);

    private async Task BreakAsync(string part)
    {
        var plan = fenced.Fence.Plan;
        switch (part)
        {
            case "delete table":
                await HostProgram.RunAsync("nft", Cancellation, "delete", "table", "inet", plan.Table);
                break;
            case "flush table":
                await HostProgram.RunAsync("nft", Cancellation, "flush", "table", "inet", plan.Table);
                break;
            case "routing":
                await HostProgram.RunAsync("ip", Cancellation, "rule", "delete", "iif", plan.Bridge, "prohibit");
                break;
            case "bridge":
                await HostProgram.RunAsync("ip", Cancellation, "link", "set", plan.Bridge, "down");
                break;
            default:
                var pid = new Resolver(ResolverConfiguration.OfAll(plan)).FindPid()!.Value;
                await HostProgram.RunAsync("kill", Cancellation, part == "dnsmasq" ? "-KILL" : "-STOP", pid.ToString(CultureInfo.InvariantCulture));
                break;
        }
    }

    private async Task<string> NarrowedTablesAsync()
    {
        var tables = await HostProgram.RunAsync("nft", Cancellation, "list", "tables");
        return string.Join('\n', tables.Split('\n').Where(line =>
            line.Contains(fenced.Fence.Plan.Table + "_", StringComparison.Ordinal) && !line.Contains("_lid_", StringComparison.Ordinal)));
    }
}
