using System.Text.Json.Serialization;
using Shithub.Actions.Server.Access;
using Shithub.Actions.Server.Http;

namespace Shithub.Actions.Server.Repositories;

/// <summary>The API of repositories: list, create, look.</summary>
public static class RepositoryEndpoints
{
    private const int BodyBytesMax = 16 * 1024;
    private const int ListMax = 1000;

    public static void MapRepositoryEndpoints(this IEndpointRouteBuilder routes)
    {
        var api = routes.MapGroup("/api/v1/repos").WithTags("Repositories");
        api.MapGet("", ListAsync).Produces<RepositoryListResponse>().WithSummary("List the repositories you may see");
        api.MapPost("", CreateAsync)
            .Accepts<CreateRepositoryRequest>("application/json").Produces<RepositoryResponse>(StatusCodes.Status201Created)
            .WithSummary("Create a repository for yourself or an organization you own");
        api.MapGet("/{owner}/{repo}", GetAsync).Produces<RepositoryResponse>().WithSummary("Get a repository");
    }

    private static async Task<IResult> ListAsync(
        HttpContext context, Authenticator authenticator, RepositoryStore repositories, PublicUrl url, CancellationToken cancellation)
    {
        var authentication = await authenticator.AuthenticateAsync(context, cancellation);
        if (authentication.Refused)
            return Challenge.Answer(context, "The token is unknown, expired or revoked. Create a new one.");
        long? userId = authentication.Actor switch
        {
            null => -1,
            { IsSiteAdmin: true } => null,
            var actor => actor.UserId,
        };
        var found = await repositories.ListAsync(userId, ListMax, cancellation);
        return TypedResults.Json(
            new RepositoryListResponse([.. found.Select(repository => RepositoryResponse.Of(repository, url))]),
            RepositoryJson.Default.RepositoryListResponse);
    }

    private static async Task<IResult> GetAsync(
        HttpContext context, string owner, string repo, RepositoryAccess access, PublicUrl url, CancellationToken cancellation)
    {
        var (granted, problem) = await access.AuthorizeAsync(context, owner, repo, Permission.Read, cancellation);
        return granted is null
            ? problem!
            : TypedResults.Json(RepositoryResponse.Of(granted.Repository, url), RepositoryJson.Default.RepositoryResponse);
    }

    private static async Task<IResult> CreateAsync(
        HttpContext context, Authenticator authenticator, Owners owners, RepositoryStore repositories, PublicUrl url,
        CancellationToken cancellation)
    {
        if ((await authenticator.AuthenticateAsync(context, cancellation)).Actor is not { } actor)
            return Challenge.Answer(context, $"Send a personal access token with the scope {TokenScopes.RepoWrite}.");
        if (actor.Cap < Permission.Write)
            return Problems.Forbidden($"The token lacks the scope {TokenScopes.RepoWrite}; create one that has it.");
        var (request, _, problem) = await RequestBody.ReadAsync(
            context.Request, RepositoryJson.Default.CreateRepositoryRequest, BodyBytesMax, cancellation);
        if (request is null)
            return problem!;
        if (RepositoryName.Complaint(request.Name ?? "") is { } complaint)
            return Problems.Invalid("name", complaint);
        var branch = request.DefaultBranch ?? "trunk";
        if (!RefName.IsBranchOrTag(RefName.Branches + branch))
            return Problems.Invalid("default_branch", "'default_branch' must be a branch name that git accepts, without refs/heads/.");
        var ownerName = request.Owner ?? actor.Name;
        var owner = await owners.FindAsync(ownerName, cancellation);
        if (owner is null)
            return Problems.Invalid("owner", "There is no user or organization of that name.");
        if (!actor.MayAdministerSite && !await owners.MayCreateRepositoriesAsync(owner.Id, actor.UserId, cancellation))
            return Problems.Forbidden($"Repositories of {owner.Name} are created by its owners. Leave out 'owner' to create your own.");
        var repository = await repositories.CreateAsync(owner.Id, request.Name!, request.Private ?? true, branch, cancellation);
        return repository is null
            ? Problems.Conflict($"{owner.Name} has a repository named {request.Name}. Choose another name.")
            : TypedResults.Json(
                RepositoryResponse.Of(repository, url), RepositoryJson.Default.RepositoryResponse, statusCode: StatusCodes.Status201Created);
    }
}

/// <param name="Owner">A user or organization; yourself where it is left out.</param>
/// <param name="Private">True where it is left out.</param>
/// <param name="DefaultBranch"><c>trunk</c> where it is left out.</param>
public sealed record CreateRepositoryRequest(string? Name, string? Owner, bool? Private, string? DefaultBranch);

public sealed record RepositoryResponse(
    long Id, string Owner, string Name, string FullName, bool Private, string DefaultBranch, bool ActionsEnabled,
    [property: JsonPropertyName("github_workflows")] bool GitHubWorkflows, string HtmlUrl, string CloneUrl, DateTime CreatedAt, long? ForkOf)
{
    public static RepositoryResponse Of(Repository repository, PublicUrl url) => new(
        repository.Id, repository.Owner, repository.Name, repository.FullName, repository.IsPrivate, repository.DefaultBranch,
        repository.ActionsEnabled, repository.GitHubWorkflows, url.Of(repository.FullName), url.Of($"{repository.FullName}.git"), repository.CreatedAt,
        repository.ForkOf);
}

public sealed record RepositoryListResponse(IReadOnlyList<RepositoryResponse> Repositories);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(CreateRepositoryRequest))]
[JsonSerializable(typeof(ForkRequest))]
[JsonSerializable(typeof(RepositoryResponse))]
[JsonSerializable(typeof(RepositoryListResponse))]
internal sealed partial class RepositoryJson : JsonSerializerContext;
