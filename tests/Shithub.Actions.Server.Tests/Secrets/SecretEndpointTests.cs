using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;
using Shithub.Actions.Server.Access;
using Shithub.Actions.Server.Secrets;
using Shithub.Actions.Server.Tests.Protocol;
using Shithub.Actions.Testing;
using Xunit;

namespace Shithub.Actions.Server.Tests.Secrets;

public sealed class SecretEndpointTests(SharedServer shared) : IClassFixture<SharedServer>
{
    private readonly TestServer _server = shared.Server;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Secrets_are_set_listed_by_name_and_deleted_and_never_shown()
    {
        var pool = await Pool.CreateAsync(_server);
        using var admin = await AdminAsync(pool);
        Assert.Equal(HttpStatusCode.Created, await PutAsync(admin, pool, "deploy_key", """{"value":"first-value"}"""));
        Assert.Equal(HttpStatusCode.NoContent, await PutAsync(admin, pool, "DEPLOY_KEY", """{"value":"second-value"}"""));
        Assert.Equal(HttpStatusCode.Created, await PutAsync(admin, pool, "DEPLOY_KEY", """{"value":"third-value","environment":"Production"}"""));
        var text = await admin.GetStringAsync(Path(pool), Cancellation);
        Assert.DoesNotContain("-value", text, StringComparison.Ordinal);
        var listed = JsonNode.Parse(text)!["secrets"]!.AsArray().Single()!;
        Assert.Equal(["name", "environment", "updated_at"], listed.AsObject().Select(member => member.Key));
        Assert.Equal("DEPLOY_KEY", (string?)listed["name"]);
        var ofEnvironment = (await admin.GetFromJsonAsync<JsonNode>(Path(pool) + "?environment=production", Cancellation))!["secrets"]!.AsArray();
        Assert.Equal("production", (string?)ofEnvironment.Single()!["environment"]);

        Assert.Equal(HttpStatusCode.NoContent, (await admin.DeleteAsync(new Uri(Path(pool) + "/Deploy_Key", UriKind.Relative), Cancellation)).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await admin.DeleteAsync(new Uri(Path(pool) + "/Deploy_Key", UriKind.Relative), Cancellation)).StatusCode);
        Assert.Empty((await admin.GetFromJsonAsync<JsonNode>(Path(pool), Cancellation))!["secrets"]!.AsArray());
    }

    [Theory]
    [InlineData("1A", """{"value":"long enough"}""", "name")]
    [InlineData("A-B", """{"value":"long enough"}""", "name")]
    [InlineData("github_token", """{"value":"long enough"}""", "name")]
    [InlineData("SHITHUB_X", """{"value":"long enough"}""", "name")]
    [InlineData("A", """{"value":"123"}""", "value")]
    [InlineData("A", """{"value":"  ab  "}""", "value")]
    [InlineData("A", """{"value":"nul \u0000 in it"}""", "value")]
    [InlineData("A", """{}""", "value")]
    [InlineData("A", """{"value":"long enough","environment":" "}""", "environment")]
    [InlineData("A", """{"value":["s3cret"]}""", "value")]
    public async Task What_is_wrong_is_said_without_the_value(string name, string body, string field)
    {
        var pool = await Pool.CreateAsync(_server);
        using var admin = await AdminAsync(pool);
        using var content = new StringContent(body, Encoding.UTF8, "application/json");
        using var response = await admin.PutAsync(new Uri($"{Path(pool)}/{name}", UriKind.Relative), content, Cancellation);
        Assert.Equal(HttpStatusCode.UnprocessableEntity, response.StatusCode);
        var text = await response.Content.ReadAsStringAsync(Cancellation);
        Assert.Equal(field, (string?)JsonNode.Parse(text)!["field"]);
        Assert.DoesNotContain("long enough", text, StringComparison.Ordinal);
        Assert.DoesNotContain("s3cret", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_value_has_at_most_48_KiB()
    {
        var pool = await Pool.CreateAsync(_server);
        using var admin = await AdminAsync(pool);
        var largest = new string('\u0001', WorkflowSecrets.ValueBytesMax);
        Assert.Equal(HttpStatusCode.Created, await PutAsync(admin, pool, "A", new JsonObject { ["value"] = largest }.ToJsonString()));
        Assert.Equal(HttpStatusCode.UnprocessableEntity, await PutAsync(admin, pool, "A", new JsonObject { ["value"] = largest + "x" }.ToJsonString()));
    }

    [Fact]
    public async Task A_repository_has_at_most_a_hundred_secrets()
    {
        var pool = await Pool.CreateAsync(_server);
        using var admin = await AdminAsync(pool);
        for (var number = 0; number < WorkflowSecrets.PerScopeMax; number++)
            Assert.Equal(SecretChange.Created, await _server.Get<WorkflowSecrets>().SetAsync(SecretScope.OfRepository(pool.RepoId), $"S{number}", "value", Cancellation));
        Assert.Equal(HttpStatusCode.Conflict, await PutAsync(admin, pool, "ONE_MORE", """{"value":"value"}"""));
        Assert.Equal(HttpStatusCode.NoContent, await PutAsync(admin, pool, "S7", """{"value":"changed"}"""));
    }

    [Fact]
    public async Task Only_admins_of_the_repository_come_near()
    {
        var pool = await Pool.CreateAsync(_server);
        using var writer = _server.ClientWith(pool.AccessToken);
        Assert.Equal(HttpStatusCode.Forbidden, await PutAsync(writer, pool, "A", """{"value":"value"}"""));
        Assert.Equal(HttpStatusCode.Forbidden, (await writer.GetAsync(new Uri(Path(pool), UriKind.Relative), Cancellation)).StatusCode);
        using var stranger = await AdminAsync(await Pool.CreateAsync(_server));
        Assert.Equal(HttpStatusCode.NotFound, await PutAsync(stranger, pool, "A", """{"value":"value"}"""));
        Assert.Equal(HttpStatusCode.Unauthorized, await PutAsync(_server.Client, pool, "A", """{"value":"value"}"""));
    }

    private async Task<HttpClient> AdminAsync(Pool pool) => _server.ClientWith(
        (await _server.Get<AccessTokens>().CreateAsync(pool.Owner, "admin", [TokenScopes.Admin], null, Cancellation))!.Token);

    private static string Path(Pool pool) => $"/api/v1/repos/{pool.Owner}/hello/secrets";

    private static async Task<HttpStatusCode> PutAsync(HttpClient client, Pool pool, string name, string body)
    {
        using var content = new StringContent(body, Encoding.UTF8, "application/json");
        using var response = await client.PutAsync(new Uri($"{Path(pool)}/{name}", UriKind.Relative), content, Cancellation);
        return response.StatusCode;
    }
}
