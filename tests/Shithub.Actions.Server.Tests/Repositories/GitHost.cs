using Dapper;
using Shithub.Actions.Server.Access;
using Shithub.Actions.Server.Repositories;
using Shithub.Actions.Testing;

namespace Shithub.Actions.Server.Tests.Repositories;

/// <summary>A server with a user, tokens, a private and a public repository.</summary>
public sealed class GitHost : IAsyncDisposable
{
    private readonly List<GitClient> _clients = [];

    private GitHost(TestServer server) => Server = server;

    public TestServer Server { get; }

    public Repository Private { get; private set; } = null!;

    public Repository Public { get; private set; } = null!;

    /// <summary>The owner's token with the scope <c>repo:write</c>.</summary>
    public string Writer { get; private set; } = "";

    /// <summary>The owner's token with the scope <c>repo:read</c>.</summary>
    public string Reader { get; private set; } = "";

    /// <summary>A token of a user who has nothing to do with the repositories.</summary>
    public string Stranger { get; private set; } = "";

    public static async Task<GitHost> StartAsync(params (string, string)[] options)
    {
        var host = new GitHost(await TestServer.StartAsync(options));
        var owners = host.Server.Get<Owners>();
        var olga = await owners.CreateUserAsync("olga", false, default);
        await owners.CreateUserAsync("stranger", false, default);
        var repositories = host.Server.Get<RepositoryStore>();
        host.Private = (await repositories.CreateAsync(olga!.Id, "hidden", true, "trunk", default))!;
        host.Public = (await repositories.CreateAsync(olga.Id, "shown", false, "trunk", default))!;
        host.Writer = await host.TokenAsync("olga", TokenScopes.RepoWrite);
        host.Reader = await host.TokenAsync("olga", TokenScopes.RepoRead);
        host.Stranger = await host.TokenAsync("stranger", TokenScopes.Admin);
        return host;
    }

    public string Url(Repository repository, string? token) => GitClient.Url(Server.BaseUrl, $"{repository.FullName}.git", token);

    public GitRepository Stored(Repository repository) => Server.Get<RepositoryStore>().Open(repository.Id);

    /// <summary>A clone's beginning: one commit, and the remote.</summary>
    public async Task<GitClient> ClientAsync(Repository repository, string? token)
    {
        var client = new GitClient();
        _clients.Add(client);
        await client.InitAsync(Url(repository, token));
        return client;
    }

    public async Task<IReadOnlyList<EventRow>> EventsAsync(Repository repository)
    {
        await using var connection = await Server.Database.DataSource.OpenConnectionAsync();
        return
        [
            .. await connection.QueryAsync<EventRow>(
                "select id, ref, before_sha, head_sha, payload, push_id from trigger_events where repo_id = @Id order by created_at, ref",
                new { repository.Id }),
        ];
    }

    public async Task<IReadOnlyList<string>> PushStatesAsync(Repository repository)
    {
        await using var connection = await Server.Database.DataSource.OpenConnectionAsync();
        return [.. await connection.QueryAsync<string>("select state from pushes where repo_id = @Id order by id", new { repository.Id })];
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var client in _clients)
            client.Dispose();
        await Server.DisposeAsync();
    }

    private async Task<string> TokenAsync(string user, string scope) =>
        (await Server.Get<AccessTokens>().CreateAsync(user, "test", [scope], null, default))!.Token;
}

public sealed class EventRow
{
    public Guid Id { get; init; }

    public string Ref { get; init; } = "";

    public string? BeforeSha { get; init; }

    public string? HeadSha { get; init; }

    public string Payload { get; init; } = "";

    public Guid? PushId { get; init; }
}
