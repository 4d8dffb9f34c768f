using System.Net;
using System.Text.Json.Nodes;
using Npgsql;
using Shithub.Actions.Server.Access;
using Shithub.Actions.Server.Admin;
using Shithub.Actions.Server.Audit;
using Shithub.Actions.Server.Tests.Protocol;
using Shithub.Actions.Testing;
using Xunit;

namespace Shithub.Actions.Server.Tests.Admin;

/// <summary>Policy as an operator sets it, and what is written down of that and of other decisions.</summary>
public sealed class PolicyAndAuditTests : IAsyncLifetime
{
    private TestServer _server = null!;
    private OperatorShell _shell = null!;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _server = await TestServer.StartAsync();
        _shell = await OperatorShell.OpenAsync(_server.Database.Url, Convert.ToBase64String(new byte[32]));
    }

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        _shell.Dispose();
    }

    [Fact]
    public async Task Policies_are_shown_as_they_were_set_and_none_takes_a_cap_away()
    {
        await JsonAsync("admin", "user", "create", "olga");
        await JsonAsync("admin", "repo", "create", "olga/tool");
        var site = await JsonAsync("admin", "policy", "show");
        Assert.Equal(("site", true, 10_000, 1000), ((string?)site!["scope"], (bool)site["enabled"]!, (int)site["max_queued"]!, (int)site["max_triggers_per_hour"]!));
        await JsonAsync("admin", "policy", "set", "--owner", "olga", "--max-running", "7", "--max-running-per-repository", "3");
        await JsonAsync("admin", "policy", "set", "--repo", "olga/tool", "--max-running", "2", "--max-queued", "50");
        await JsonAsync("admin", "repo", "disable-actions", "olga/tool");
        var repo = await JsonAsync("admin", "policy", "show", "--repo", "olga/tool");
        Assert.Equal((false, 2, 50), ((bool)repo!["enabled"]!, (int)repo["max_running"]!, (int)repo["max_queued"]!));
        await JsonAsync("admin", "policy", "set", "--repo", "olga/tool", "--max-running", "none", "--enabled", "true");
        repo = await JsonAsync("admin", "policy", "show", "--repo", "olga/tool");
        Assert.True((bool)repo!["enabled"]!);
        Assert.Null(repo["max_running"]);
        var owner = await JsonAsync("admin", "policy", "show", "--owner", "olga");
        Assert.Equal((7, 3), ((int)owner!["max_running"]!, (int)owner["max_running_per_repository"]!));
    }

    [Theory]
    [InlineData(CommandContext.WrongUsage, "policy", "set", "--max-running", "-1")]
    [InlineData(CommandContext.WrongUsage, "policy", "set", "--max-queued", "many")]
    [InlineData(CommandContext.Refused, "policy", "set", "--owner", "nobody", "--max-running", "1")]
    [InlineData(CommandContext.Refused, "job", "prioritize", "--id", "99")]
    [InlineData(CommandContext.Refused, "runner", "queue", "--explain", "--job", "99")]
    [InlineData(CommandContext.WrongUsage, "audit", "list", "--limit", "0")]
    public async Task What_can_not_be_is_refused_with_a_line(int expected, params string[] arguments)
    {
        var (exitCode, _, error) = await RunAsync(["admin", .. arguments]);
        Assert.Equal(expected, exitCode);
        Assert.StartsWith("shithubd: ", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_waiting_job_is_explained_and_sent_ahead_at_the_command_line()
    {
        var pool = await Pool.CreateAsync(_server);
        var run = await pool.EnqueueAsync();
        var id = (await pool.JobIdsAsync(run.RunId))[0];
        var runner = await pool.RegisterAsync();
        Assert.True(await _server.Get<Runners.RunnerPool>().DrainAsync(runner.Id, "kernel update", Cancellation));
        var explained = await JsonAsync("admin", "runner", "queue", "--explain");
        Assert.Equal(id, (long)explained![0]!["job_id"]!);
        var (exitCode, output, _) = await RunAsync("admin", "runner", "queue", "--explain");
        Assert.Equal(0, exitCode);
        Assert.Contains("kernel update", output, StringComparison.Ordinal);
        Assert.Equal(1_000_000, (int)(await JsonAsync("admin", "job", "prioritize", "--id", $"{id}"))!["priority"]!);
        Assert.Equal(0, (int)(await JsonAsync("admin", "job", "prioritize", "--id", $"{id}", "--undo"))!["priority"]!);
    }

    [Fact]
    public async Task Decisions_are_written_down_with_who_and_from_where_and_without_secrets()
    {
        await JsonAsync("admin", "user", "create", "olga", "--admin");
        var token = (string)(await JsonAsync("admin", "token", "create", "--user", "olga", "--name", "t", "--scopes", "admin,repo:write"))!["token"]!;
        await JsonAsync("admin", "repo", "create", "olga/tool");
        await JsonAsync("admin", "variable", "set", "COLOR", "visible-value", "--site");
        await JsonAsync("admin", "actions", "disable", "--site");
        var registered = await JsonAsync("admin", "runner", "register", "--name", "r1", "--labels", "linux");
        await JsonAsync("admin", "runner", "drain", "--id", $"{registered!["id"]}", "--reason", "why");
        await JsonAsync("admin", "runner", "rotate-token", "--id", $"{registered["id"]}");
        using var secret = new HttpRequestMessage(HttpMethod.Put, "/api/v1/repos/olga/tool/secrets/KEY");
        secret.Headers.TryAddWithoutValidation("Authorization", $"Bearer {token}");
        secret.Headers.TryAddWithoutValidation("User-Agent", "curl/8");
        secret.Content = new StringContent("""{"value":"hunter2-hunter2"}""", System.Text.Encoding.UTF8, "application/json");
        using var set = await _server.Client.SendAsync(secret, Cancellation);
        Assert.Equal(HttpStatusCode.Created, set.StatusCode);

        var entries = (await JsonAsync("admin", "audit", "list"))!.AsArray().Select(entry => entry!).ToList();
        Assert.Equal(
            ["secret.set", "runner.rotate-token", "runner.drain", "runner.register", "policy.set", "variable.set", "repository.create", "token.create", "user.create"],
            entries.Select(entry => (string)entry["verb"]!));
        Assert.Equal(
            ("user", "olga", "KEY", "curl/8"),
            ((string)entries[0]["actor_kind"]!, (string)entries[0]["actor_name"]!, (string)entries[0]["object_name"]!, (string)entries[0]["client"]!));
        Assert.All(entries.Skip(1), entry => Assert.Equal(("operator", "command line"), ((string)entry["actor_kind"]!, (string)entry["client"]!)));
        var all = await JsonAsync("admin", "audit", "list", "--limit", "1000");
        foreach (var value in (string[])["hunter2", "visible-value", token, (string)registered["token"]!])
            Assert.DoesNotContain(value, all!.ToJsonString(), StringComparison.Ordinal);
        Assert.Single((await JsonAsync("admin", "audit", "list", "--verb", "runner.drain"))!.AsArray());

        var listed = (await Answer.GetAsync(_server.Client, "/api/v1/audit?limit=2", token)).MustBe(HttpStatusCode.OK);
        Assert.Equal(2, listed.Json.GetProperty("entries").GetArrayLength());
        var pool = await Pool.CreateAsync(_server);
        (await Answer.GetAsync(_server.Client, "/api/v1/audit", pool.AccessToken)).MustBeProblem(HttpStatusCode.Forbidden);
        (await Answer.GetAsync(_server.Client, "/api/v1/audit", null)).MustBeProblem(HttpStatusCode.Unauthorized);
        (await Answer.GetAsync(_server.Client, "/api/v1/audit?limit=0", token)).MustBe(HttpStatusCode.UnprocessableEntity);
        var page = await Answer.GetAsync(_server.Client, "/-/audit", token);
        Assert.Contains("runner.drain", page.MustBe(HttpStatusCode.OK).Body, StringComparison.Ordinal);
        (await Answer.GetAsync(_server.Client, "/-/audit", pool.AccessToken)).MustBe(HttpStatusCode.NotFound);
    }

    [Theory]
    [InlineData("update audit_log set actor_name = 'nobody'")]
    [InlineData("delete from audit_log")]
    [InlineData("truncate audit_log")]
    public async Task Nothing_that_was_written_down_can_be_changed(string sql)
    {
        await _server.Get<Owners>().CreateUserAsync("ada", false, Cancellation);
        await using var connection = await _server.Database.DataSource.OpenConnectionAsync(Cancellation);
        await using var command = new NpgsqlCommand(sql, connection);
        var error = await Assert.ThrowsAsync<PostgresException>(() => command.ExecuteNonQueryAsync(Cancellation));
        Assert.Contains("append-only", error.Message, StringComparison.Ordinal);
        Assert.NotEmpty(await _server.Get<ReadAudit>().ListAsync(null, null, null, 10, Cancellation));
    }

    private Task<JsonNode?> JsonAsync(params string[] arguments) => _shell.JsonAsync(arguments);

    private Task<(int ExitCode, string Output, string Error)> RunAsync(params string[] arguments) => _shell.RunAsync(arguments);
}
