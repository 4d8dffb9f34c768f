using System.CommandLine;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using Shithub.Actions.Server.Admin;
using Shithub.Actions.Server.Tests.Protocol;
using Shithub.Actions.Testing;
using Xunit;

namespace Shithub.Actions.Server.Tests.Admin;

/// <summary>The commands as an operator types them, on a real database.</summary>
public sealed class AdminCommandTests : IAsyncLifetime
{
    private TestDatabase _database = null!;
    private OperatorShell _shell = null!;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _database = await PostgresFixture.CreateDatabaseAsync(Cancellation);
        _shell = await OperatorShell.OpenAsync(_database.Url, rootKey: null);
    }

    public async ValueTask DisposeAsync()
    {
        await _database.DisposeAsync();
        _shell.Dispose();
    }

    [Fact]
    public async Task An_operator_sets_up_a_repository_with_its_people()
    {
        Assert.Equal(1, (int)(await JsonAsync("admin", "user", "create", "olga"))!["id"]!);
        await JsonAsync("admin", "user", "create", "root", "--admin");
        await JsonAsync("admin", "org", "create", "acme", "--owner", "olga");
        await JsonAsync("admin", "org", "add-member", "acme", "root", "--role", "member");
        var repository = await JsonAsync("admin", "repo", "create", "acme/tool", "--public", "--default-branch", "main");
        Assert.Equal(("acme/tool", false, "main"), ((string)repository!["full_name"]!, (bool)repository["private"]!, (string)repository["default_branch"]!));
        Assert.Equal("ref: refs/heads/main\n", await File.ReadAllTextAsync(Path.Combine(_shell.Folder, "repositories", "1.git", "HEAD"), Cancellation));
        await JsonAsync("admin", "repo", "add-collaborator", "acme/tool", "root", "--permission", "read");
        await JsonAsync("admin", "repo", "disable-actions", "acme/tool");
        Assert.False((bool)(await JsonAsync("admin", "repo", "list"))!.AsArray().Single()!["actions_enabled"]!);
        Assert.False((bool)(await JsonAsync("admin", "repo", "list"))!.AsArray().Single()!["github_workflows"]!);
        await JsonAsync("admin", "repo", "set", "acme/tool", "--github-workflows", "on");
        Assert.True((bool)(await JsonAsync("admin", "repo", "list"))!.AsArray().Single()!["github_workflows"]!);
        await JsonAsync("admin", "repo", "remove-collaborator", "acme/tool", "root");
        await JsonAsync("admin", "repo", "delete", "acme/tool");
        Assert.False(Directory.Exists(Path.Combine(_shell.Folder, "repositories", "1.git")));
        Assert.Empty((await JsonAsync("admin", "repo", "list"))!.AsArray());
    }

    [Fact]
    public async Task A_token_is_shown_once_and_listed_without_its_secret()
    {
        await JsonAsync("admin", "user", "create", "olga");
        var made = await JsonAsync("admin", "token", "create", "--user", "olga", "--name", "laptop", "--scopes", "repo:read,repo:write", "--expires-in", "30d");
        Assert.StartsWith("shp_", (string?)made!["token"], StringComparison.Ordinal);
        var listed = (await JsonAsync("admin", "token", "list"))!.AsArray().Single()!;
        Assert.Equal("laptop", (string?)listed["name"]);
        Assert.DoesNotContain("shp_", listed.ToJsonString(), StringComparison.Ordinal);
        await JsonAsync("admin", "token", "revoke", "--id", $"{made["id"]}");
        Assert.Equal(2, (await RunAsync("admin", "token", "revoke", "--id", $"{made["id"]}")).ExitCode);
    }

    [Fact]
    public async Task Variables_are_set_listed_and_deleted_per_scope()
    {
        await JsonAsync("admin", "user", "create", "olga");
        await JsonAsync("admin", "repo", "create", "olga/tool");
        foreach (var scope in new[] { new[] { "--repo", "olga/tool" }, ["--owner", "olga"], ["--site"] })
        {
            await JsonAsync(["admin", "variable", "set", "Level", "1", .. scope]);
            await JsonAsync(["admin", "variable", "set", "LEVEL", "2", .. scope]);
            var listed = (await JsonAsync(["admin", "variable", "list", .. scope]))!.AsArray().Single()!;
            Assert.Equal(("LEVEL", "2"), ((string)listed["name"]!, (string)listed["value"]!));
            await JsonAsync(["admin", "variable", "delete", "level", .. scope]);
            Assert.Empty((await JsonAsync(["admin", "variable", "list", .. scope]))!.AsArray());
        }
    }

    [Fact]
    public async Task Secrets_are_set_from_a_file_listed_by_name_and_deleted_per_scope()
    {
        await AddRootKeyAsync();
        await JsonAsync("admin", "user", "create", "olga");
        await JsonAsync("admin", "repo", "create", "olga/tool");
        var file = Path.Combine(_shell.Folder, "value");
        await File.WriteAllTextAsync(file, "s3cret-value\n", Cancellation);
        foreach (var scope in new[] { new[] { "--repo", "olga/tool" }, ["--repo", "olga/tool", "--environment", "prod"], ["--owner", "olga"], ["--site"] })
        {
            Assert.True((bool)(await JsonAsync(["admin", "secret", "set", "Key", "--file", file, .. scope]))!["created"]!);
            Assert.False((bool)(await JsonAsync(["admin", "secret", "set", "KEY", "--file", file, .. scope]))!["created"]!);
            var listed = (await JsonAsync(["admin", "secret", "list", .. scope]))!;
            Assert.Equal("KEY", (string)listed.AsArray().Single()!["name"]!);
            Assert.DoesNotContain("s3cret", listed.ToJsonString(), StringComparison.Ordinal);
            await JsonAsync(["admin", "secret", "delete", "key", .. scope]);
            Assert.Empty((await JsonAsync(["admin", "secret", "list", .. scope]))!.AsArray());
        }

        await File.WriteAllTextAsync(file, "abc\n", Cancellation);
        var short3 = await RunAsync("admin", "secret", "set", "KEY", "--file", file, "--site");
        Assert.Equal(1, short3.ExitCode);
        Assert.Contains("at least 4 characters", short3.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("abc", short3.Error, StringComparison.Ordinal);
        await File.WriteAllBytesAsync(file, [0xff, 0xfe, 0xff, 0xfe], Cancellation);
        Assert.Contains("not UTF-8", (await RunAsync("admin", "secret", "set", "KEY", "--file", file, "--site")).Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1, "--environment goes with --repo", "admin", "secret", "list", "--site", "--environment", "prod")]
    [InlineData(1, "--site", "admin", "secret", "list")]
    [InlineData(1, "system's own", "admin", "secret", "set", "GITHUB_TOKEN", "--site", "--file", "/nowhere")]
    [InlineData(2, "taken", "admin", "user", "create", "OLGA")]
    [InlineData(1, "own addresses", "admin", "user", "create", "api")]
    [InlineData(1, "1 to 39 letters", "admin", "user", "create", "a b")]
    [InlineData(2, "no user nobody", "admin", "user", "disable", "nobody")]
    [InlineData(2, "no active user nobody", "admin", "token", "create", "--user", "nobody", "--scopes", "admin")]
    [InlineData(1, "repo:read, repo:write, admin", "admin", "token", "create", "--user", "olga", "--scopes", "everything")]
    [InlineData(1, "not a duration", "admin", "token", "create", "--user", "olga", "--scopes", "admin", "--expires-in", "soon")]
    [InlineData(1, "OWNER/NAME", "admin", "repo", "create", "tool")]
    [InlineData(2, "no user or organization", "admin", "repo", "create", "nobody/tool")]
    [InlineData(1, "git accepts", "admin", "repo", "create", "olga/tool", "--default-branch", "a..b")]
    [InlineData(2, "no repository", "admin", "repo", "delete", "olga/none")]
    [InlineData(1, "--site", "admin", "variable", "set", "A", "b")]
    [InlineData(1, "system's own", "admin", "variable", "set", "GITHUB_SHA", "b", "--site")]
    public async Task What_is_wrong_is_said_on_standard_error(int exitCode, string message, params string[] arguments)
    {
        await JsonAsync("admin", "user", "create", "olga");
        var result = await RunAsync(arguments);
        Assert.Equal(exitCode, result.ExitCode);
        Assert.Contains(message, result.Error, StringComparison.Ordinal);
        Assert.Equal("", result.Output);
    }

    [Theory]
    [InlineData("server.data_root /proc/nowhere can't be written to", "--data-root", "/proc/nowhere")]
    [InlineData("an address that this machine does not have", "--listen", "192.0.2.1:8080")]
    public async Task A_server_that_could_not_work_does_not_start(string message, string option, string value)
    {
        await AddRootKeyAsync();
        var result = await RunAsync("serve", option, value);
        Assert.Equal(1, result.ExitCode);
        Assert.Contains(message, Assert.Single(result.Error.Trim().Split('\n')), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_unix_socket_that_a_killed_server_left_is_no_hindrance_and_anything_else_there_is()
    {
        await AddRootKeyAsync();
        var path = Path.Combine(_shell.Folder, "shithubd.sock");
        await File.WriteAllTextAsync(path, "precious", Cancellation);
        Assert.Equal(2, (await RunAsync("serve", "--listen", $"unix:{path}", "--base-url", "http://x")).ExitCode);
        Assert.Equal("precious", await File.ReadAllTextAsync(path, Cancellation));

        File.Delete(path);
        using (var killed = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified))
        {
            killed.Bind(new UnixDomainSocketEndPoint(path + ".old"));
            // An orderly end would take the socket away.
            File.Move(path + ".old", path);
        }

        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        using var output = new StringWriter();
        var serving = ServerCommandLine.Build()
            .Parse(["serve", "--listen", $"unix:{path}", "--base-url", "http://x", "--config", Path.Combine(_shell.Folder, "config.toml")])
            .InvokeAsync(new InvocationConfiguration { Output = output, Error = output }, stop.Token);
        await Until.TrueAsync(() => Task.FromResult(serving.IsCompleted || output.ToString().Contains("shithubd serves", StringComparison.Ordinal)));
        await stop.CancelAsync();
        Assert.True(await serving == 0, output.ToString());
    }

    [Fact]
    public async Task The_output_formats_have_the_names_that_people_type()
    {
        var wrong = await RunAsync("admin", "user", "list", "--output", "yaml");
        Assert.Equal(1, wrong.ExitCode);
        Assert.StartsWith("--output is table or json, not 'yaml'.", wrong.Error.Trim(), StringComparison.Ordinal);
        Assert.Contains("--output <table|json>", (await RunAsync("admin", "user", "list", "--help")).Output, StringComparison.Ordinal);
        Assert.Equal(0, (await RunAsync("admin", "user", "list", "-o", "JSON")).ExitCode);
    }

    [Fact]
    public async Task A_workflow_file_is_checked_without_server_or_settings()
    {
        var file = Path.Combine(_shell.Folder, "smoke.yml");
        await File.WriteAllTextAsync(file, "name: S\non: push\njobs: { a: { runs-on: x, steps: [{ run: 'true' }] } }\n", Cancellation);
        var good = await ParseAsync(file);
        Assert.Equal((0, ""), (good.ExitCode, good.Error));
        Assert.Equal("S", (string?)JsonNode.Parse(good.Output)!["name"]);
        await File.WriteAllTextAsync(file, "name: S\non: push\njobs: { a: { run-on: x, steps: [{ run: 'true' }] } }\n", Cancellation);
        var wrong = await ParseAsync(file);
        Assert.Equal((2, ""), (wrong.ExitCode, wrong.Output));
        Assert.Contains("smoke.yml:3:", wrong.Error, StringComparison.Ordinal);
        Assert.Equal(1, (await ParseAsync(file + ".none")).ExitCode);
    }

    private Task AddRootKeyAsync() => File.AppendAllTextAsync(
        Path.Combine(_shell.Folder, "config.toml"), $"\n[auth]\ntotp_key_b64 = \"{Convert.ToBase64String(new byte[32])}\"\n", Cancellation);

    private Task<JsonNode?> JsonAsync(params string[] arguments) => _shell.JsonAsync(arguments);

    private Task<(int ExitCode, string Output, string Error)> RunAsync(params string[] arguments) => _shell.RunAsync(arguments);

    private static Task<(int ExitCode, string Output, string Error)> ParseAsync(string file) =>
        OperatorShell.InvokeAsync(["admin", "actions", "parse", file]);
}
