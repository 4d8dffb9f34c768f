using Dapper;
using Microsoft.AspNetCore.Http;
using Shithub.Actions.Server.Access;
using Shithub.Actions.Testing;
using Xunit;

namespace Shithub.Actions.Server.Tests.Access;

public sealed class RepositoryAccessTests : IAsyncLifetime
{
    private TestServer _server = null!;
    private long _private;
    private long _public;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private AccessTokens Tokens => _server.Get<AccessTokens>();

    private Owners Owners => _server.Get<Owners>();

    private Collaborators Collaborators => _server.Get<Collaborators>();

    private Sessions Sessions => _server.Get<Sessions>();

    private RepositoryAccess Access => _server.Get<RepositoryAccess>();

    public async ValueTask InitializeAsync()
    {
        _server = await TestServer.StartAsync();
        var owner = await Owners.CreateUserAsync("Olga", false, Cancellation);
        await using var connection = await _server.Database.DataSource.OpenConnectionAsync(Cancellation);
        const string Insert = "insert into repositories (owner_id, name, is_private) values (@id, @name, @hidden) returning id";
        _private = await connection.ExecuteScalarAsync<long>(Insert, new { id = owner!.Id, name = "hidden", hidden = true });
        _public = await connection.ExecuteScalarAsync<long>(Insert, new { id = owner.Id, name = "shown", hidden = false });
    }

    public async ValueTask DisposeAsync() => await _server.DisposeAsync();

    [Fact]
    public async Task An_owner_administers_as_far_as_the_token_goes()
    {
        Assert.Equal(Permission.Admin, await PermissionOfAsync("Olga", _private, TokenScopes.Admin));
        Assert.Equal(Permission.Write, await PermissionOfAsync("Olga", _private, TokenScopes.RepoWrite));
        Assert.Equal(Permission.Read, await PermissionOfAsync("Olga", _private, TokenScopes.RepoRead));
    }

    [Fact]
    public async Task A_stranger_sees_public_repositories_only()
    {
        await Owners.CreateUserAsync("stranger", false, Cancellation);
        Assert.Equal(Permission.Read, await PermissionOfAsync("stranger", _public, TokenScopes.Admin));
        Assert.Equal(Permission.None, await PermissionOfAsync("stranger", _private, TokenScopes.Admin));
    }

    [Fact]
    public async Task A_collaborator_has_what_was_given_until_it_is_taken_back()
    {
        var user = await Owners.CreateUserAsync("helper", false, Cancellation);
        await Collaborators.SetAsync(_private, user!.Id, Permission.Write, Cancellation);
        Assert.Equal(Permission.Write, await PermissionOfAsync("helper", _private, TokenScopes.Admin));
        await Collaborators.RemoveAsync(_private, user.Id, Cancellation);
        Assert.Equal(Permission.None, await PermissionOfAsync("helper", _private, TokenScopes.Admin));
    }

    [Fact]
    public async Task An_organizations_owner_administers_and_its_member_reads()
    {
        var boss = await Owners.CreateUserAsync("boss", false, Cancellation);
        var member = await Owners.CreateUserAsync("member", false, Cancellation);
        var organization = await Owners.CreateOrganizationAsync("acme", boss!.Id, Cancellation);
        await Owners.SetMemberAsync(organization!.Id, member!.Id, "member", Cancellation);
        await using var connection = await _server.Database.DataSource.OpenConnectionAsync(Cancellation);
        var repo = await connection.ExecuteScalarAsync<long>(
            "insert into repositories (owner_id, name) values (@Id, 'tool') returning id", new { organization.Id });
        Assert.Equal(Permission.Admin, await PermissionOfAsync("boss", repo, TokenScopes.Admin));
        Assert.Equal(Permission.Read, await PermissionOfAsync("member", repo, TokenScopes.Admin));
    }

    [Fact]
    public async Task A_site_admin_administers_everything()
    {
        await Owners.CreateUserAsync("root", isAdmin: true, Cancellation);
        Assert.Equal(Permission.Admin, await PermissionOfAsync("root", _private, TokenScopes.Admin));
    }

    [Theory]
    [InlineData("hidden", Permission.Read, 401)]
    [InlineData("hidden", Permission.Write, 401)]
    [InlineData("nothing-there", Permission.Read, 401)]
    [InlineData("shown", Permission.Read, null)]
    [InlineData("shown", Permission.Write, 401)]
    [InlineData("bad\0name", Permission.Read, 401)]
    public async Task An_anonymous_caller_cannot_tell_private_from_missing(string name, Permission needed, int? status) =>
        Assert.Equal(status, await StatusAsync(new DefaultHttpContext(), name, needed));

    [Theory]
    [InlineData("hidden", Permission.Read, 404)]
    [InlineData("nothing-there", Permission.Read, 404)]
    [InlineData("shown", Permission.Read, null)]
    [InlineData("shown", Permission.Write, 403)]
    public async Task A_stranger_is_told_404_for_what_is_hidden_and_403_for_what_is_not_allowed(string name, Permission needed, int? status)
    {
        await Owners.CreateUserAsync("stranger", false, Cancellation);
        Assert.Equal(status, await StatusAsync(await SignedInAsync("stranger", TokenScopes.Admin), name, needed));
    }

    [Fact]
    public async Task A_token_without_the_scope_is_told_which_one_it_lacks()
    {
        var context = await SignedInAsync("Olga", TokenScopes.RepoRead);
        var (granted, problem) = await Access.AuthorizeAsync(context, _private, Permission.Write, "run", Cancellation);
        Assert.Null(granted);
        Assert.Equal(403, problem!.StatusCode);
        Assert.Contains("repo:write", problem.ProblemDetails.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Expired_revoked_and_disabled_are_refused_even_where_anonymous_would_do()
    {
        var expired = await Tokens.CreateAsync("Olga", "t", [TokenScopes.Admin], TimeSpan.FromSeconds(-1), Cancellation);
        var revoked = await Tokens.CreateAsync("Olga", "t", [TokenScopes.Admin], null, Cancellation);
        Assert.True(await Tokens.RevokeAsync(revoked!.Id, Cancellation));
        await Owners.CreateUserAsync("gone", false, Cancellation);
        var disabled = await Tokens.CreateAsync("gone", "t", [TokenScopes.Admin], null, Cancellation);
        await Owners.DisableUserAsync("gone", Cancellation);
        foreach (var token in new[] { expired!.Token, revoked.Token, disabled!.Token, "shp_unknown", "" })
            Assert.Equal(401, await StatusAsync(With($"Bearer {token}"), "shown", Permission.Read));
    }

    [Fact]
    public async Task A_token_may_come_as_bearer_token_or_basic_password()
    {
        var token = (await Tokens.CreateAsync("Olga", "t", [TokenScopes.Admin], null, Cancellation))!.Token;
        string Basic(string text) => "Basic " + Convert.ToBase64String(System.Text.Encoding.UTF8.GetBytes(text));
        foreach (var header in new[] { $"Bearer {token}", $"bearer {token}", $"token {token}", Basic($"anybody:{token}"), Basic($"{token}:") })
            Assert.Null(await StatusAsync(With(header), "hidden", Permission.Admin));
        foreach (var header in new[] { "Basic !!!", "Basic", $"Digest {token}", Basic("x") })
            Assert.Equal(401, await StatusAsync(With(header), "hidden", Permission.Admin));
    }

    [Fact]
    public async Task A_session_is_as_good_as_its_token_and_dies_with_it()
    {
        var token = (await Tokens.CreateAsync("Olga", "t", [TokenScopes.Admin], null, Cancellation))!;
        var session = await Sessions.CreateAsync(token.Token, Cancellation);
        Assert.Null(await StatusAsync(Browser(session!.Cookie, "GET"), "hidden", Permission.Admin));
        Assert.Null(await StatusAsync(Browser(session.Cookie, "POST", "same-origin"), "hidden", Permission.Admin));
        Assert.Equal(401, await StatusAsync(Browser(session.Cookie, "POST", "cross-site"), "hidden", Permission.Admin));
        Assert.Equal(401, await StatusAsync(Browser(session.Cookie, "POST"), "hidden", Permission.Admin));
        await Tokens.RevokeAsync(token.Id, Cancellation);
        Assert.Equal(401, await StatusAsync(Browser(session.Cookie, "GET"), "hidden", Permission.Admin));
        Assert.Null(await Sessions.CreateAsync(token.Token, Cancellation));
    }

    [Fact]
    public async Task A_tokens_use_is_noted_at_most_once_a_minute()
    {
        var token = (await Tokens.CreateAsync("Olga", "t", [TokenScopes.RepoRead], null, Cancellation))!;
        await Tokens.FindActorAsync(token.Token, Cancellation);
        var first = Assert.Single(await Tokens.ListAsync("olga", Cancellation)).LastUsedAt;
        await Tokens.FindActorAsync(token.Token, Cancellation);
        Assert.NotNull(first);
        Assert.Equal(first, Assert.Single(await Tokens.ListAsync("olga", Cancellation)).LastUsedAt);
    }

    [Fact]
    public async Task Names_are_unique_whatever_their_case_and_users_share_them_with_organizations()
    {
        Assert.Null(await Owners.CreateUserAsync("OLGA", false, Cancellation));
        Assert.Null(await Owners.CreateOrganizationAsync("olga", null, Cancellation));
        Assert.NotNull(OwnerName.Complaint("api"));
        Assert.NotNull(OwnerName.Complaint("a/b"));
        Assert.NotNull(OwnerName.Complaint("olga\n"));
        Assert.Null(OwnerName.Complaint("olga-2"));
    }

    private static DefaultHttpContext With(string authorization)
    {
        var context = new DefaultHttpContext();
        context.Request.Headers.Authorization = authorization;
        return context;
    }

    private static DefaultHttpContext Browser(string cookie, string method, string? fetchSite = null)
    {
        var context = new DefaultHttpContext();
        context.Request.Method = method;
        context.Request.Headers.Cookie = $"{Actions.Server.Access.Sessions.CookieName}={cookie}";
        if (fetchSite is not null)
            context.Request.Headers["Sec-Fetch-Site"] = fetchSite;
        return context;
    }

    private async Task<DefaultHttpContext> SignedInAsync(string user, string scope) =>
        With($"Bearer {(await Tokens.CreateAsync(user, "t", [scope], null, Cancellation))!.Token}");

    private async Task<Permission> PermissionOfAsync(string user, long repo, string scope)
    {
        var token = await Tokens.CreateAsync(user, "t", [scope], null, Cancellation);
        var actor = await Tokens.FindActorAsync(token!.Token, Cancellation);
        return (await Access.FindAsync(actor, repo, Cancellation))?.Permission ?? Permission.None;
    }

    private async Task<int?> StatusAsync(HttpContext context, string name, Permission needed)
    {
        var (granted, problem) = await Access.AuthorizeAsync(context, "oLGA", name, needed, Cancellation);
        Assert.NotEqual(granted is null, problem is null);
        return problem?.StatusCode;
    }
}
