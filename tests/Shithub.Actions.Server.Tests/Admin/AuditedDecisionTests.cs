using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using Shithub.Actions.Server.Access;
using Shithub.Actions.Server.Tests.PullRequests;
using Xunit;

namespace Shithub.Actions.Server.Tests.Admin;

/// <summary>Each administrative and trust decision leaves one entry: who, what, on what by its name, and from where.</summary>
public sealed class AuditedDecisionTests : IAsyncLifetime
{
    private const string OnPush = """
        on: push
        jobs:
          deploy: { runs-on: ubuntu-latest, environment: production, steps: [{ run: x }] }
        """;

    private Proposals _world = null!;
    private OperatorShell _shell = null!;
    private HttpClient _client = null!;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private string Base => _world.Base.FullName;

    private string Api => $"/api/v1/repos/{Base}";

    public async ValueTask InitializeAsync()
    {
        _world = await Proposals.StartAsync();
        _shell = await OperatorShell.OpenAsync(_world.Server.Database.Url, Convert.ToBase64String(new byte[32]));
        var token = (await _world.Server.Get<AccessTokens>().CreateAsync(_world.Base.Owner, "all", [TokenScopes.Admin, TokenScopes.RepoWrite], null, Cancellation))!.Token;
        _client = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false }) { BaseAddress = _world.Server.BaseUrl };
        _client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        _client.DefaultRequestHeaders.TryAddWithoutValidation("User-Agent", "test/1");
    }

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        _shell.Dispose();
        await _world.DisposeAsync();
    }

    [Fact]
    public async Task What_an_operator_decides_at_the_command_line()
    {
        await CommandAsync("user.create", "zoe", "user", "create", "zoe");
        await CommandAsync("organization.create", "acme", "org", "create", "acme", "--owner", "zoe");
        await CommandAsync("organization.set-member", "acme", "org", "add-member", "acme", _world.Base.Owner);
        await CommandAsync("token.create", "laptop", "token", "create", "--user", "zoe", "--name", "laptop", "--scopes", "repo:read");
        var token = await _world.ScalarAsync<long>("select id from access_tokens where name = 'laptop'");
        await CommandAsync("token.revoke", "laptop of zoe", "token", "revoke", "--id", Text(token));
        await CommandAsync("repository.create", "acme/tool", "repo", "create", "acme/tool", "--public");
        await CommandAsync("repository.fork", "zoe/tool", "repo", "fork", "acme/tool", "zoe");
        await CommandAsync("repository.set", "acme/tool", "repo", "set", "acme/tool", "--github-workflows", "on");
        await CommandAsync("collaborator.set", "acme/tool", "repo", "add-collaborator", "acme/tool", _world.Base.Owner, "--permission", "write");
        await CommandAsync("collaborator.remove", "acme/tool", "repo", "remove-collaborator", "acme/tool", _world.Base.Owner);
        await CommandAsync("policy.set", "zoe/tool", "policy", "set", "--repo", "zoe/tool", "--max-running", "1");
        await CommandAsync("policy.set", "acme", "policy", "set", "--owner", "acme", "--enabled", "false");
        await CommandAsync("policy.set", null, "policy", "set", "--max-queued", "7");
        await CommandAsync("policy.set", "acme/tool", "repo", "disable-actions", "acme/tool");
        await CommandAsync("environment.set", "staging", "environment", "create", "staging", "--repo", "acme/tool", "--wait-minutes", "1");
        await CommandAsync("environment.set", "staging", "environment", "set", "staging", "--repo", "acme/tool", "--wait-minutes", "2");
        await CommandAsync("variable.set", "COLOR", "variable", "set", "COLOR", "red", "--repo", "acme/tool", "--environment", "staging");
        await CommandAsync("variable.delete", "COLOR", "variable", "delete", "COLOR", "--repo", "acme/tool", "--environment", "staging");
        var file = await _shell.FileAsync("value", "secret-value-1");
        await CommandAsync("secret.set", "KEY", "secret", "set", "KEY", "--site", "--file", file);
        await CommandAsync("secret.delete", "KEY", "secret", "delete", "KEY", "--site");
        await CommandAsync("environment.delete", "staging", "environment", "delete", "staging", "--repo", "acme/tool");
        await CommandAsync("runner.register", "r1", "runner", "register", "--name", "r1", "--labels", "linux");
        var runner = Text(await _world.ScalarAsync<long>("select id from workflow_runners where name = 'r1'"));
        await CommandAsync("runner.drain", "r1", "runner", "drain", "--id", runner, "--reason", "kernel");
        await CommandAsync("runner.undrain", "r1", "runner", "undrain", "--id", runner);
        await CommandAsync("runner.rotate-token", "r1", "runner", "rotate-token", "--id", runner);
        await CommandAsync("runner.revoke", "r1", "runner", "revoke", "--id", runner, "--reason", "compromised");
        await CommandAsync("repository.delete", "zoe/tool", "repo", "delete", "zoe/tool");
        await CommandAsync("user.disable", "zoe", "user", "disable", "zoe");
        await WrittenAsync(
            [("secrets.rotate-key-begin", null), ("secrets.rotate-key", null)], "operator", Environment.UserName, "command line",
            async () =>
            {
                // Exit code 3: the repository's secret was sealed with the server's key, which this shell does not have.
                var key = await _shell.FileAsync("key", Convert.ToBase64String(Enumerable.Repeat((byte)7, 32).ToArray()));
                Assert.Equal(3, (await _shell.RunAsync("admin", "secret", "rotate-key", "--new-key-file", key)).ExitCode);
            });
    }

    [Fact]
    public async Task What_people_decide_over_the_API_and_in_the_browser()
    {
        await CallAsync("environment.set", "production", HttpMethod.Put, $"{Api}/environments/production", $$"""{"reviewers": ["{{_world.Base.Owner}}"]}""");
        await CallAsync("secret.set", "KEY", HttpMethod.Put, $"{Api}/secrets/KEY", """{"value": "value-of-key", "environment": "production"}""");
        await CallAsync("secret.delete", "KEY", HttpMethod.Delete, $"{Api}/secrets/KEY?environment=production", null);
        await CallAsync("repository.create", $"{_world.Base.Owner}/fresh", HttpMethod.Post, "/api/v1/repos", """{"name": "fresh"}""");
        await CallAsync("repository.fork", $"{_world.Base.Owner}/forked", HttpMethod.Post, $"{Api}/forks", """{"name": "forked"}""");

        // A stranger's pull request: found to be untrusted by itself, let go by somebody.
        var stranger = await _world.CloneAsync(await _world.UserAsync("mallory"));
        await stranger.CommitAsync("a.txt", "a\n", "A change");
        await stranger.RunAsync("push", "--quiet", "origin", "HEAD:refs/for/trunk");
        var pulled = (await _world.RunsAsync())[^1];
        Assert.Equal(1, await _world.ScalarAsync<long>("select count(*) from audit_log where verb = 'pull-request.untrusted' and object_name is not null"));
        await CallAsync("run.approve", $"{Base} #{pulled.Id}", HttpMethod.Post, $"/api/v1/runs/{pulled.Id}/approve", "");
        await CallAsync("run.cancel", $"{Base} #{pulled.Id}", HttpMethod.Post, $"/api/v1/runs/{pulled.Id}/cancel", "");
        await CallAsync("run.rerun", $"{Base} #{pulled.Id}", HttpMethod.Post, $"/api/v1/runs/{pulled.Id}/rerun", "");

        await _world.Owner.CommitAsync(".shithub/workflows/push.yml", OnPush, "On push");
        foreach (var (verb, word) in ((string, string)[])[("environment.approve", "approve"), ("environment.reject", "reject")])
        {
            await _world.Owner.CommitAsync("word.txt", word, word);
            await _world.Owner.RunAsync("push", "--quiet", "origin", "trunk");
            var run = (await _world.RunsAsync())[^1];
            await CallAsync(verb, $"{Base} #{run.Id}", HttpMethod.Post, $"/api/v1/runs/{run.Id}/environments/production/{word}", "");
            if (word == "approve")
            {
                var job = await _world.ScalarAsync<long>("select id from workflow_jobs where run_id = @Id", new { run.Id });
                await CallAsync("job.cancel", $"{Base} #{run.Id} deploy", HttpMethod.Post, $"/api/v1/jobs/{job}/cancel", "");
            }
        }

        await CallAsync("environment.delete", "production", HttpMethod.Delete, $"{Api}/environments/production", null);

        // Signing in, with nothing that says who it is but the form.
        var token = await _world.Server.Get<AccessTokens>().CreateAsync(_world.Base.Owner, "browser", [TokenScopes.RepoRead], null, Cancellation);
        _client.DefaultRequestHeaders.Authorization = null;
        await WrittenAsync([("session.create", _world.Base.Owner)], "user", _world.Base.Owner, "test/1", async () =>
        {
            using var form = new FormUrlEncodedContent([new("token", token!.Token)]);
            using var request = new HttpRequestMessage(HttpMethod.Post, "/login") { Content = form };
            request.Headers.Add("Origin", _world.Server.BaseUrl.GetLeftPart(UriPartial.Authority));
            using var answer = await _client.SendAsync(request, Cancellation);
            Assert.Equal(HttpStatusCode.SeeOther, answer.StatusCode);
        });
        await WrittenAsync([], "", "", "", async () =>
        {
            using var form = new FormUrlEncodedContent([new("token", "shp_wrong")]);
            using var request = new HttpRequestMessage(HttpMethod.Post, "/login") { Content = form };
            request.Headers.Add("Origin", _world.Server.BaseUrl.GetLeftPart(UriPartial.Authority));
            using var answer = await _client.SendAsync(request, Cancellation);
            Assert.Equal(HttpStatusCode.Unauthorized, answer.StatusCode);
        });
    }

    private Task CommandAsync(string verb, string? on, params string[] arguments) =>
        WrittenAsync([(verb, on)], "operator", Environment.UserName, "command line", () => _shell.JsonAsync(["admin", .. arguments]));

    private Task CallAsync(string verb, string on, HttpMethod method, string path, string? body) =>
        WrittenAsync([(verb, on)], "user", _world.Base.Owner, "test/1", async () =>
        {
            using var request = new HttpRequestMessage(method, path)
            {
                Content = body is null ? null : new StringContent(body, Encoding.UTF8, "application/json"),
            };
            using var answer = await _client.SendAsync(request, Cancellation);
            Assert.True(answer.IsSuccessStatusCode, $"{path}: {answer.StatusCode} {await answer.Content.ReadAsStringAsync(Cancellation)}");
        });

    /// <summary>What was done has left exactly these entries.</summary>
    private async Task WrittenAsync((string Verb, string? On)[] expected, string kind, string who, string client, Func<Task> act)
    {
        var last = await _world.ScalarAsync<long>("select coalesce(max(id), 0) from audit_log");
        await act();
        var entries = (await _world.Server.Get<Audit.ReadAudit>().ListAsync(null, null, null, 10, Cancellation)).Where(entry => entry.Id > last).Reverse().ToList();
        Assert.Equal(expected, entries.Select(entry => (entry.Verb, entry.ObjectName)));
        Assert.All(entries, entry =>
        {
            Assert.Equal((kind, who, client), (entry.ActorKind, entry.ActorName, entry.Client));
            Assert.Equal(kind == "user" ? "127.0.0.1" : Environment.MachineName, entry.Origin?.Replace("::ffff:", "", StringComparison.Ordinal));
            Assert.Equal(kind == "user", entry.TokenId is not null);
            Assert.DoesNotContain("secret-value", entry.Details, StringComparison.Ordinal);
            Assert.DoesNotContain("value-of-key", entry.Details, StringComparison.Ordinal);
        });
    }

    private static string Text(long id) => id.ToString(CultureInfo.InvariantCulture);
}
