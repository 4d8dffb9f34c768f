using System.Text.Json.Serialization;
using Shithub.Actions.Server.Access;
using Shithub.Actions.Server.Http;
using Shithub.Actions.Server.Repositories;

namespace Shithub.Actions.Server.Secrets;

/// <summary>The API of a repository's secrets, for its admins: names can be listed, values only be set.</summary>
public static class SecretEndpoints
{
    /// <summary>A value of the largest size with each byte escaped, and the JSON around it.</summary>
    private const int BodyBytesMax = (6 * WorkflowSecrets.ValueBytesMax) + (16 * 1024);

    public static void MapSecretEndpoints(this IEndpointRouteBuilder routes)
    {
        var api = routes.MapGroup("/api/v1/repos/{owner}/{repo}/secrets").WithTags("Secrets");
        api.MapGet("", ListAsync).Produces<SecretListResponse>().WithSummary("List the names of a repository's secrets");
        api.MapPut("/{name}", SetAsync)
            .Accepts<SetSecretRequest>("application/json").Produces(StatusCodes.Status201Created).Produces(StatusCodes.Status204NoContent)
            .WithSummary("Set a secret: 201 a new one, 204 an old one");
        api.MapDelete("/{name}", DeleteAsync).Produces(StatusCodes.Status204NoContent).WithSummary("Delete a secret");
    }

    private static async Task<IResult> ListAsync(
        HttpContext http, string owner, string repo, string? environment, RepositoryAccess access, WorkflowSecrets secrets,
        CancellationToken cancellation)
    {
        var (repository, problem) = await AuthorizeAsync(http, owner, repo, environment, access, cancellation);
        if (repository is null)
            return problem!;
        var found = await secrets.ListAsync(SecretScope.OfRepository(repository.Id, environment), cancellation);
        return TypedResults.Json(
            new SecretListResponse([.. found.Select(secret => new SecretResponse(secret.Name, secret.Environment, secret.UpdatedAt))]),
            SecretJson.Default.SecretListResponse);
    }

    private static async Task<IResult> SetAsync(
        HttpContext http, string owner, string repo, string name, RepositoryAccess access, WorkflowSecrets secrets,
        CancellationToken cancellation)
    {
        var (repository, problem) = await AuthorizeAsync(http, owner, repo, null, access, cancellation);
        if (repository is null)
            return problem!;
        var body = await RequestBody.ReadAsync(http.Request, SecretJson.Default.SetSecretRequest, BodyBytesMax, cancellation);
        if (body.Value is not { } message)
            return body.Problem!;
        if (WorkflowSecrets.NameComplaint(name) is { } ofName)
            return Problems.Invalid("name", ofName);
        if (message.Value is null)
            return Problems.Invalid("value", "The body needs the member 'value': the secret, as text.");
        if (WorkflowSecrets.ValueComplaint(message.Value) is { } ofValue)
            return Problems.Invalid("value", ofValue);
        if (message.Environment is not null && SecretScope.Complaint(message.Environment) is { } ofEnvironment)
            return Problems.Invalid("environment", ofEnvironment);
        return await secrets.SetAsync(SecretScope.OfRepository(repository.Id, message.Environment), name, message.Value, cancellation) switch
        {
            SecretChange.Created => TypedResults.StatusCode(StatusCodes.Status201Created),
            SecretChange.Updated => TypedResults.NoContent(),
            _ => Problems.Conflict($"There are {WorkflowSecrets.PerScopeMax} secrets here already; delete one that is not needed any more."),
        };
    }

    private static async Task<IResult> DeleteAsync(
        HttpContext http, string owner, string repo, string name, string? environment, RepositoryAccess access, WorkflowSecrets secrets,
        CancellationToken cancellation)
    {
        var (repository, problem) = await AuthorizeAsync(http, owner, repo, environment, access, cancellation);
        if (repository is null)
            return problem!;
        return WorkflowSecrets.NameComplaint(name) is null
            && await secrets.DeleteAsync(SecretScope.OfRepository(repository.Id, environment), name, cancellation)
            ? TypedResults.NoContent()
            : Problems.NotFound("secret");
    }

    private static async Task<(Repository? Repository, IResult? Problem)> AuthorizeAsync(
        HttpContext http, string owner, string repo, string? environment, RepositoryAccess access, CancellationToken cancellation)
    {
        var authorization = await access.AuthorizeAsync(http, owner, repo, Permission.Admin, cancellation);
        if (authorization.Granted is not { } granted)
            return (null, authorization.Problem);
        return environment is not null && SecretScope.Complaint(environment) is { } complaint
            ? (null, Problems.Invalid("environment", complaint))
            : (granted.Repository, null);
    }
}

/// <param name="Environment">Absent: of the whole repository.</param>
public sealed record SetSecretRequest(string? Value = null, string? Environment = null);

/// <summary>A secret without its value, which nothing answers.</summary>
public sealed record SecretResponse(string Name, string? Environment, DateTime UpdatedAt);

public sealed record SecretListResponse(IReadOnlyList<SecretResponse> Secrets);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(SetSecretRequest))]
[JsonSerializable(typeof(SecretListResponse))]
[JsonSerializable(typeof(IReadOnlyCollection<string>))]
[JsonSerializable(typeof(IReadOnlyList<string>))]
internal sealed partial class SecretJson : JsonSerializerContext;
