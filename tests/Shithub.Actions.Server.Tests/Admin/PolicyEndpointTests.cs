using System.Net;
using System.Text.Json.Nodes;
using Shithub.Actions.Server.Access;
using Shithub.Actions.Server.Tests.Protocol;
using Shithub.Actions.Server.Tests.PullRequests;
using Xunit;

namespace Shithub.Actions.Server.Tests.Admin;

/// <summary>Policies over the API: the same as at the command line, for site admins; others see their own.</summary>
public sealed class PolicyEndpointTests : IAsyncLifetime
{
    private Proposals _world = null!;
    private string _admin = "";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private string OfRepository => $"/api/v1/repos/{_world.Base.FullName}/policy";

    private string OfOwner => $"/api/v1/owners/{_world.Base.Owner}/policy";

    public async ValueTask InitializeAsync()
    {
        _world = await Proposals.StartAsync();
        await _world.Server.Get<Owners>().CreateUserAsync("root", true, Cancellation);
        _admin = await TokenAsync("root", TokenScopes.Admin);
    }

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    [Fact]
    public async Task What_is_given_changes_the_rest_stays_and_null_takes_a_cap_away()
    {
        Assert.Equal("""["site",true,null,null,10000,1000]""", await ShownAsync("/api/v1/policy"));
        await PatchAsync("/api/v1/policy", """{"max_running": 20, "max_running_per_repository": 5}""", HttpStatusCode.OK);
        await PatchAsync("/api/v1/policy", """{"max_queued": 9}""", HttpStatusCode.OK);
        Assert.Equal("""["site",true,20,5,9,1000]""", await ShownAsync("/api/v1/policy"));
        await PatchAsync(OfOwner, """{"max_running": 3, "enabled": false}""", HttpStatusCode.OK);
        Assert.Equal($"""["{_world.Base.Owner}",false,3,null,null,null]""", await ShownAsync(OfOwner));
        await PatchAsync(OfRepository, """{"max_running": 0, "max_triggers_per_hour": 7}""", HttpStatusCode.OK);
        await PatchAsync(OfRepository, """{"max_running": null}""", HttpStatusCode.OK);
        Assert.Equal($"""["{_world.Base.FullName}",true,null,null,null,7]""", await ShownAsync(OfRepository));
        Assert.Equal(
            $"root|{_world.Base.FullName}|0|",
            await _world.ScalarAsync<string>(
                """
                select concat_ws('|', actor_name, object_name, details #>> '{before,max_running}', coalesce(details #>> '{after,max_running}', ''))
                from audit_log
                where verb = 'policy.set'
                order by id desc
                limit 1
                """));
    }

    [Fact]
    public async Task A_switch_that_is_off_is_obeyed_by_the_next_claim()
    {
        await _world.Owner.CommitAsync(Proposals.File, "on: push\njobs: {a: {runs-on: ubuntu-latest, steps: [{run: x}]}}\n", "On push");
        await _world.Owner.RunAsync("push", "--quiet", "origin", "trunk");
        await _world.RunsAsync();
        var runner = await _world.RunnerAsync();
        foreach (var place in (string[])["/api/v1/policy", OfOwner, OfRepository])
        {
            await PatchAsync(place, """{"enabled": false}""", HttpStatusCode.OK);
            Assert.Null(await runner.TryClaimAsync());
            await PatchAsync(place, """{"enabled": true}""", HttpStatusCode.OK);
        }

        Assert.NotNull(await runner.TryClaimAsync());
    }

    [Theory]
    [InlineData("""{"max_running": -1}""", "max_running")]
    [InlineData("""{"max_queued": 1.5}""", "max_queued")]
    [InlineData("""{"max_queued": 3000000000}""", "max_queued")]
    [InlineData("""{"max_triggers_per_hour": "7"}""", "max_triggers_per_hour")]
    [InlineData("""{"max_running_per_repository": 1}""", "max_running_per_repository")]
    [InlineData("""{"enabled": "no"}""", "enabled")]
    public async Task What_can_not_be_is_refused(string body, string field)
    {
        var answer = await PatchAsync(OfRepository, body, HttpStatusCode.UnprocessableEntity);
        Assert.Equal(field, answer.Field);
    }

    [Fact]
    public async Task Owners_see_what_counts_for_them_and_nobody_but_a_site_admin_changes_it()
    {
        var owner = await TokenAsync(_world.Base.Owner, TokenScopes.Admin);
        (await GetAsync(OfOwner, owner)).MustBe(HttpStatusCode.OK);
        (await GetAsync(OfRepository, owner)).MustBe(HttpStatusCode.OK);
        (await GetAsync("/api/v1/policy", owner)).MustBeProblem(HttpStatusCode.Forbidden);
        foreach (var place in (string[])["/api/v1/policy", OfOwner, OfRepository])
        {
            await PatchAsync(place, """{"max_running": 1000}""", HttpStatusCode.Forbidden, owner);
            (await GetAsync(place, null)).MustBeProblem(HttpStatusCode.Unauthorized);
        }

        var stranger = await _world.UserAsync("mallory", TokenScopes.Admin);
        (await GetAsync(OfOwner, stranger)).MustBeProblem(HttpStatusCode.NotFound);
        await PatchAsync(OfOwner, "{}", HttpStatusCode.NotFound, stranger);
        (await GetAsync("/api/v1/owners/nobody/policy", stranger)).MustBeProblem(HttpStatusCode.NotFound);
        (await GetAsync(OfRepository, stranger)).MustBeProblem(HttpStatusCode.Forbidden);
        var withoutScope = await TokenAsync("root", TokenScopes.RepoWrite);
        await PatchAsync("/api/v1/policy", "{}", HttpStatusCode.Forbidden, withoutScope);
        await PatchAsync(OfRepository, "{}", HttpStatusCode.Forbidden, withoutScope);
    }

    private async Task<string> TokenAsync(string user, string scope) =>
        (await _world.Server.Get<AccessTokens>().CreateAsync(user, "test", [scope], null, Cancellation))!.Token;

    private Task<Answer> GetAsync(string path, string? token) => Answer.GetAsync(_world.Server.Client, path, token);

    private async Task<string> ShownAsync(string path)
    {
        var policy = JsonNode.Parse((await GetAsync(path, _admin)).MustBe(HttpStatusCode.OK).Body)!.AsObject();
        Assert.Equal(
            ["scope", "enabled", "max_running", "max_running_per_repository", "max_queued", "max_triggers_per_hour"], policy.Select(member => member.Key));
        return new JsonArray([.. policy.Select(member => member.Value?.DeepClone())]).ToJsonString();
    }

    private async Task<Answer> PatchAsync(string path, string body, HttpStatusCode expected, string? token = null)
    {
        var answer = await _world.PatchAsync(path, token ?? _admin, body);
        return answer.MustBe(expected);
    }
}
