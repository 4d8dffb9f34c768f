using Shithub.Actions.Server.Access;
using Shithub.Actions.Server.Http;

namespace Shithub.Actions.Server.Repositories;

/// <summary><c>POST /api/v1/repos/{owner}/{repo}/forks</c>: a copy to push to, for who may not push here.</summary>
public static class ForkEndpoint
{
    private const int BodyBytesMax = 4096;

    public static void MapForkEndpoint(this IEndpointRouteBuilder routes) =>
        routes.MapPost("/api/v1/repos/{owner}/{repo}/forks", ForkAsync)
            .WithTags("Repositories").WithSummary("Fork a repository that you may read")
            .Accepts<ForkRequest>("application/json").Produces<RepositoryResponse>(StatusCodes.Status201Created);

    private static async Task<IResult> ForkAsync(
        HttpContext http, string owner, string repo, RepositoryAccess access, Owners owners, RepositoryStore repositories, PublicUrl url,
        CancellationToken cancellation)
    {
        var authorization = await access.AuthorizeAsync(http, owner, repo, Permission.Read, cancellation);
        if (authorization.Granted is not { } granted)
            return authorization.Problem!;
        if (granted.Actor is not { } actor)
            return Challenge.Answer(http, $"Send a personal access token with the scope {TokenScopes.RepoWrite}.");
        if (actor.Cap < Permission.Write)
            return Problems.Forbidden($"The token lacks the scope {TokenScopes.RepoWrite}; create one that has it.");
        var body = await RequestBody.ReadAsync(http.Request, RepositoryJson.Default.ForkRequest, BodyBytesMax, cancellation);
        if (body.Value is not { } request)
            return body.Problem!;
        var name = request.Name ?? granted.Repository.Name;
        if (RepositoryName.Complaint(name) is { } complaint)
            return Problems.Invalid("name", complaint);
        if (await owners.FindAsync(request.Owner ?? actor.Name, cancellation) is not { } target)
            return Problems.Invalid("owner", "There is no user or organization of that name.");
        if (!actor.MayAdministerSite && !await owners.MayCreateRepositoriesAsync(target.Id, actor.UserId, cancellation))
            return Problems.Forbidden($"Repositories of {target.Name} are created by its owners. Leave out 'owner' to fork for yourself.");
        return await repositories.ForkAsync(granted.Repository, target.Id, name, cancellation) is { } fork
            ? TypedResults.Json(RepositoryResponse.Of(fork, url), RepositoryJson.Default.RepositoryResponse, statusCode: StatusCodes.Status201Created)
            : Problems.Conflict($"{target.Name} has a repository named {name}. Choose another name.");
    }
}

/// <param name="Owner">A user or organization; yourself where it is left out.</param>
/// <param name="Name">The original's where it is left out.</param>
public sealed record ForkRequest(string? Owner = null, string? Name = null);
