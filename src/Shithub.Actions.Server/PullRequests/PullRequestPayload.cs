using System.Globalization;
using System.Text.Json.Nodes;
using Shithub.Actions.Server.Http;
using Shithub.Actions.Server.Repositories;

namespace Shithub.Actions.Server.PullRequests;

/// <summary>The payload of a pull request's events in the shape of GitHub's webhook "pull_request".</summary>
public sealed class PullRequestPayload(RepositoryStore repositories, PublicUrl url)
{
    /// <param name="before">Where the head was, for <c>synchronize</c>.</param>
    public async Task<JsonObject> BuildAsync(
        PullRequest pull, Repository repository, string action, string actor, string? before, CancellationToken cancellation)
    {
        var head = pull.HeadRepoId is { } id && id != repository.Id ? await repositories.FindAsync(id, cancellation) : repository;
        var payload = new JsonObject
        {
            ["action"] = action,
            ["number"] = pull.Number,
            ["pull_request"] = Describe(pull, repository, head),
            ["repository"] = PushPayload.Describe(repository, url.Of(repository.FullName)),
            ["sender"] = Person(actor),
        };
        if (before is not null)
        {
            payload["before"] = before;
            payload["after"] = pull.HeadSha;
        }

        return payload;
    }

    public string AddressOf(Repository repository, int number) =>
        url.Of(string.Create(CultureInfo.InvariantCulture, $"{repository.FullName}/pulls/{number}"));

    private JsonObject Describe(PullRequest pull, Repository repository, Repository? head) => new()
    {
        ["id"] = pull.Id,
        ["number"] = pull.Number,
        ["state"] = pull.State == PullRequest.Open ? "open" : "closed",
        ["title"] = pull.Title,
        ["body"] = pull.Body,
        ["user"] = Person(pull.Author),
        ["draft"] = false,
        ["merged"] = pull.State == PullRequest.Merged,
        ["html_url"] = AddressOf(repository, pull.Number),
        ["created_at"] = Time(pull.CreatedAt),
        ["updated_at"] = Time(pull.UpdatedAt),
        ["closed_at"] = pull.ClosedAt is { } closed ? Time(closed) : null,
        ["head"] = End(pull.HeadName, pull.HeadSha, pull.HeadBranch is null || head is not null ? head : null),
        ["base"] = End(pull.BaseBranch, pull.BaseSha, repository),
    };

    private JsonObject End(string name, string sha, Repository? repository) => new()
    {
        ["label"] = repository is null ? name : $"{repository.Owner}:{name}",
        ["ref"] = name,
        ["sha"] = sha,
        ["user"] = repository is null ? null : Person(repository.Owner),
        ["repo"] = repository is null ? null : WithFork(repository),
    };

    private JsonObject WithFork(Repository repository)
    {
        var described = PushPayload.Describe(repository, url.Of(repository.FullName));
        described["fork"] = repository.ForkOf is not null;
        return described;
    }

    private static JsonObject Person(string name) => new() { ["login"] = name, ["type"] = "User" };

    private static string Time(DateTime utc) => utc.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
}
