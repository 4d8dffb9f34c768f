using System.Net;
using System.Text.Json;
using Shithub.Actions.Server.Admin;
using Shithub.Actions.Server.Tests.Protocol;
using Shithub.Actions.Testing;
using Xunit;

namespace Shithub.Actions.Server.Tests.Queue;

/// <summary><c>shithubd admin runner …</c> as the runbook uses it, against the database of a server that runs.</summary>
public sealed class RunnerCommandTests(SharedServer shared) : IClassFixture<SharedServer>, IDisposable
{
    private readonly TestServer _server = shared.Server;
    private readonly string _folder = Directory.CreateTempSubdirectory("shithub-config-").FullName;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task A_runner_registered_on_the_command_line_claims_with_the_token_that_was_printed()
    {
        var pool = await Pool.CreateAsync(_server);
        await pool.EnqueueAsync();
        var registered = await JsonAsync(
            "register", "--name", $"{pool.Label}-runner", "--labels", $"self-hosted,Linux, {pool.Label},linux", "--capacity", "2", "--output", "json");
        Assert.Equal($"{pool.Label}-runner", registered.GetProperty("name").GetString());
        Assert.Equal(["self-hosted", "linux", pool.Label], Labels(registered));
        Assert.Equal(2, registered.GetProperty("capacity").GetInt32());
        Assert.Equal(JsonValueKind.Null, registered.GetProperty("expires_at").ValueKind);
        await new RunnerCalls(_server, registered.GetProperty("id").GetInt64(), registered.GetProperty("token").GetString()!).ClaimAsync();
    }

    [Fact]
    public async Task List_tells_what_an_operator_needs_to_know_of_each_runner()
    {
        var pool = await Pool.CreateAsync(_server);
        await pool.EnqueueAsync();
        var runner = await pool.RegisterAsync(capacity: 2);
        var silent = await ListedAsync(runner);
        Assert.Equal(JsonValueKind.Null, silent.GetProperty("last_heartbeat_at").ValueKind);
        Assert.Equal("offline", silent.GetProperty("status").GetString());

        (await runner.HeartbeatAsync("""{"host_name":"curl-smoke","version":"manual"}""")).MustBe(HttpStatusCode.OK);
        var listed = await ListedAsync(runner);
        Assert.Equal([pool.Label], Labels(listed));
        Assert.Equal(2, listed.GetProperty("capacity").GetInt32());
        Assert.Equal(1, listed.GetProperty("active_jobs").GetInt32());
        Assert.InRange(DateTime.UtcNow - listed.GetProperty("last_heartbeat_at").GetDateTime(), TimeSpan.FromMinutes(-1), TimeSpan.FromMinutes(1));
        Assert.Equal("curl-smoke", listed.GetProperty("host_name").GetString());
        Assert.Equal("manual", listed.GetProperty("version").GetString());
        Assert.Equal("online", listed.GetProperty("status").GetString());
        Assert.False(listed.GetProperty("draining").GetBoolean());
        Assert.False(listed.GetProperty("revoked").GetBoolean());

        var (_, table, _) = await RunAsync("list");
        Assert.Contains($"{pool.Label}-runner-1", table, StringComparison.Ordinal);
        Assert.Contains("1/2", table, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Queue_groups_queued_jobs_by_labels_and_counts_who_could_take_them()
    {
        var pool = await Pool.CreateAsync(_server);
        await pool.EnqueueAsync(
            new JobSpec("a"), new JobSpec("b"), new JobSpec("w", "a"), new JobSpec("nope") { Labels = ["windows-latest"] });
        var runner = await pool.RegisterAsync();
        await pool.RegisterAsync();
        await _server.Get<Runners.RunnerPool>().DrainAsync(runner.Id, null, Cancellation);
        (await runner.HeartbeatAsync()).MustBe(HttpStatusCode.NoContent);

        var queue = (await JsonAsync("queue", "--output", "json")).EnumerateArray().Where(row => Labels(row).Contains(pool.Label)).ToList();
        var served = Assert.Single(queue, row => Labels(row).Length == 1);
        Assert.Equal((2, 2, 0), Counts(served));
        var unserved = Assert.Single(queue, row => Labels(row).Contains("windows-latest"));
        Assert.Equal((1, 0, 0), Counts(unserved));
        await _server.Get<Runners.RunnerPool>().UndrainAsync(runner.Id, Cancellation);
        Assert.Equal((2, 2, 1), Counts(Assert.Single(
            (await JsonAsync("queue", "--output", "json")).EnumerateArray(), row => Labels(row).SequenceEqual([pool.Label]))));

        static (long, long, long) Counts(JsonElement row) => (
            row.GetProperty("queued").GetInt64(), row.GetProperty("matching_runners").GetInt64(), row.GetProperty("online_runners").GetInt64());
    }

    [Fact]
    public async Task Drain_and_undrain_stop_and_resume_claims()
    {
        var pool = await Pool.CreateAsync(_server);
        await pool.EnqueueAsync();
        var runner = await pool.RegisterAsync();
        var drained = await JsonAsync("drain", "--id", $"{runner.Id}", "--reason", "kernel update", "--output", "json");
        Assert.Equal("draining", drained.GetProperty("status").GetString());
        (await runner.HeartbeatAsync()).MustBe(HttpStatusCode.NoContent);
        var listed = await ListedAsync(runner);
        Assert.True(listed.GetProperty("draining").GetBoolean());
        Assert.Equal("draining", listed.GetProperty("status").GetString());
        Assert.Equal("kernel update", listed.GetProperty("drain_reason").GetString());

        Assert.Equal(0, (await RunAsync("undrain", "--id", $"{runner.Id}")).ExitCode);
        Assert.False((await ListedAsync(runner)).GetProperty("draining").GetBoolean());
        await runner.ClaimAsync();
    }

    [Fact]
    public async Task Rotate_token_prints_a_new_token_with_its_expiry_and_ends_the_old_one()
    {
        var pool = await Pool.CreateAsync(_server);
        var runner = await pool.RegisterAsync();
        var rotated = await JsonAsync("rotate-token", "--id", $"{runner.Id}", "--expires-in", "24h", "--output", "json");
        Assert.Equal(runner.Id, rotated.GetProperty("id").GetInt64());
        Assert.InRange(
            rotated.GetProperty("expires_at").GetDateTimeOffset() - DateTimeOffset.UtcNow, TimeSpan.FromHours(23), TimeSpan.FromHours(25));
        (await runner.HeartbeatAsync()).MustBeProblem(HttpStatusCode.Unauthorized);
        (await new RunnerCalls(_server, runner.Id, rotated.GetProperty("token").GetString()!).HeartbeatAsync()).MustBe(HttpStatusCode.NoContent);
    }

    [Fact]
    public async Task Cleanup_stale_marks_runners_offline_that_were_silent_for_that_long()
    {
        var pool = await Pool.CreateAsync(_server);
        var stale = await pool.RegisterAsync();
        var fresh = await pool.RegisterAsync();
        await stale.HeartbeatAsync();
        await fresh.HeartbeatAsync();
        await pool.ExecuteAsync("update workflow_runners set last_heartbeat_at = now() - interval '90 seconds' where id = @Id", new { stale.Id });
        Assert.DoesNotContain(await CleanedAsync("2m"), id => id == stale.Id);
        var cleaned = await CleanedAsync("1m");
        Assert.Contains(stale.Id, cleaned);
        Assert.DoesNotContain(fresh.Id, cleaned);
        Assert.Equal("offline", (await ListedAsync(stale)).GetProperty("status").GetString());

        async Task<List<long>> CleanedAsync(string age) =>
            [.. (await JsonAsync("cleanup-stale", "--older-than", age, "--output", "json")).EnumerateArray().Select(row => row.GetProperty("id").GetInt64())];
    }

    [Fact]
    public async Task Revoke_shuts_a_runner_out_and_tells_what_became_of_its_jobs()
    {
        var pool = await Pool.CreateAsync(_server);
        var job = await pool.ClaimAsync();
        var revoked = await JsonAsync("revoke", "--id", $"{job.Runner.Id}", "--reason", "host compromise", "--output", "json");
        Assert.Equal("revoked", revoked.GetProperty("status").GetString());
        var taken = Assert.Single(revoked.GetProperty("jobs").EnumerateArray());
        Assert.Equal(job.Job.Id, taken.GetProperty("job_id").GetInt64());
        Assert.Equal("requeued", taken.GetProperty("outcome").GetString());
        (await job.SendAsync(WireCall.CancelCheck, job.Token)).MustBeProblem(HttpStatusCode.Unauthorized);
        (await job.Runner.HeartbeatAsync()).MustBeProblem(HttpStatusCode.Unauthorized);

        var listed = await ListedAsync(job.Runner);
        Assert.True(listed.GetProperty("revoked").GetBoolean());
        Assert.Equal("host compromise", listed.GetProperty("revoke_reason").GetString());
        Assert.NotEqual(JsonValueKind.Null, listed.GetProperty("revoked_at").ValueKind);
    }

    [Theory]
    [InlineData("drain")]
    [InlineData("undrain")]
    [InlineData("rotate-token")]
    [InlineData("revoke")]
    public async Task A_runner_that_does_not_exist_is_refused_with_exit_code_2(string command)
    {
        var (exitCode, output, error) = await RunAsync(command, "--id", "999999");
        Assert.Equal((2, ""), (exitCode, output));
        Assert.Contains("999999", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_name_that_is_taken_is_refused_with_exit_code_2()
    {
        var name = (await Pool.CreateAsync(_server)).Label;
        Assert.Equal(0, (await RunAsync("register", "--name", name, "--labels", "linux")).ExitCode);
        var (exitCode, output, error) = await RunAsync("register", "--name", name, "--labels", "linux");
        Assert.Equal((2, ""), (exitCode, output));
        Assert.Contains(name, error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--name", "register --labels linux")]
    [InlineData("--labels", "register --name a")]
    [InlineData("--name", "register --name -a- --labels linux")]
    [InlineData("--labels", "register --name a --labels a$b")]
    [InlineData("--labels", "register --name a --labels ,")]
    [InlineData("--capacity", "register --name a --labels linux --capacity 0")]
    [InlineData("--capacity", "register --name a --labels linux --capacity 1001")]
    [InlineData("many", "register --name a --labels linux --capacity many")]
    [InlineData("--expires-in", "register --name a --labels linux --expires-in tomorrow")]
    [InlineData("--expires-in", "register --name a --labels linux --expires-in 0s")]
    [InlineData("--expires-in", "register --name a --labels linux --expires-in 9999999d")]
    [InlineData("--expires-in", "register --name a --labels linux --expires-in 999999999h")]
    [InlineData("--expires-in", "rotate-token --id 1 --expires-in 5")]
    [InlineData("--older-than", "cleanup-stale --older-than -2m")]
    [InlineData("--older-than", "cleanup-stale --older-than 9999999d")]
    [InlineData("--id", "drain")]
    [InlineData("seven", "drain --id seven")]
    [InlineData("--force", "revoke --id 1 --force")]
    [InlineData("xml", "list --output xml")]
    public async Task Wrong_usage_is_named_with_exit_code_1(string named, string line)
    {
        var (exitCode, _, error) = await RunAsync(line.Split(' '));
        Assert.Equal(1, exitCode);
        Assert.Contains(named, error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_database_that_is_not_there_is_said_in_one_line()
    {
        var config = Path.Combine(_folder, "other.toml");
        await File.WriteAllTextAsync(config, "[database]\nurl = \"postgres://nobody@127.0.0.1:1/nothing\"\n", Cancellation);
        var (exitCode, _, error) = await RunWithAsync(config, "list");
        Assert.Equal(2, exitCode);
        Assert.StartsWith("shithubd: ", error, StringComparison.Ordinal);
        Assert.Single(error.TrimEnd().Split('\n'));
    }

    private static string[] Labels(JsonElement row) => [.. row.GetProperty("labels").EnumerateArray().Select(label => label.GetString()!)];

    private async Task<JsonElement> ListedAsync(RunnerCalls runner) =>
        (await JsonAsync("list", "--output", "json")).EnumerateArray().Single(row => row.GetProperty("id").GetInt64() == runner.Id);

    private async Task<JsonElement> JsonAsync(params string[] arguments)
    {
        var (exitCode, output, error) = await RunAsync(arguments);
        Assert.Equal((0, ""), (exitCode, error));
        return JsonDocument.Parse(output).RootElement;
    }

    private async Task<(int ExitCode, string Output, string Error)> RunAsync(params string[] arguments)
    {
        var config = Path.Combine(_folder, "config.toml");
        await File.WriteAllTextAsync(config, $"[database]\nurl = \"{_server.Database.Url}\"\n", Cancellation);
        return await RunWithAsync(config, arguments);
    }

    private static async Task<(int ExitCode, string Output, string Error)> RunWithAsync(string config, params string[] arguments)
    {
        await using var output = new StringWriter();
        await using var error = new StringWriter();
        var exitCode = await ServerCommandLine.Build().Parse(["admin", "runner", .. arguments, "--config", config])
            .InvokeAsync(new() { Output = output, Error = error }, Cancellation);
        return (exitCode, output.ToString(), error.ToString());
    }
}
