using System.Text.Json.Serialization;
using Shithub.Actions.Server.Access;
using Shithub.Actions.Server.Http;
using Shithub.Actions.Server.Repositories;
using Shithub.Actions.Server.Runs;

namespace Shithub.Actions.Server.PullRequests;

/// <summary>The API of pull requests: list, open, look, close, reopen, and their checks.</summary>
public static class PullRequestEndpoints
{
    private const int PageMax = 100;

    // Six bytes a character, as JSON may escape them.
    private const int BodyBytesMax = 6 * (InsertPullRequest.BodyLengthMax + 4096);

    public static void MapPullRequestEndpoints(this IEndpointRouteBuilder routes)
    {
        var api = routes.MapGroup("/api/v1/repos/{owner}/{repo}/pulls").WithTags("Pull requests");
        api.MapGet("", ListAsync).Produces<PullRequestListResponse>().WithSummary("List pull requests, newest first");
        api.MapPost("", OpenAsync)
            .Accepts<OpenPullRequestRequest>("application/json").Produces<PullRequestResponse>(StatusCodes.Status201Created)
            .WithSummary("Open a pull request from a branch or a fork");
        api.MapGet("/{number:int}", GetAsync).Produces<PullRequestResponse>().WithSummary("Get a pull request");
        api.MapPatch("/{number:int}", ChangeAsync)
            .Accepts<ChangePullRequestRequest>("application/json").Produces<PullRequestResponse>()
            .WithSummary("Close or reopen a pull request, or change its title and body");
        api.MapGet("/{number:int}/checks", ChecksAsync).Produces<CheckRunListResponse>().WithSummary("List the check runs of a pull request's head");
    }

    private static async Task<IResult> ListAsync(
        HttpContext http, string owner, string repo, string? state, int? before, int? limit, RepositoryAccess access, PullRequestStore store,
        PullRequestPayload payloads, CancellationToken cancellation)
    {
        if (limit is < 1 or > PageMax)
            return Problems.Invalid("limit", $"'limit' is 1 to {PageMax}.");
        if (state is not (null or "open" or "closed" or "all"))
            return Problems.Invalid("state", "'state' is open, closed or all.");
        var authorization = await access.AuthorizeAsync(http, owner, repo, Permission.Read, cancellation);
        if (authorization.Granted is not { Repository: var repository })
            return authorization.Problem!;
        var found = await store.ListAsync(repository.Id, state == "all" ? null : state ?? PullRequest.Open, before, limit ?? 30, cancellation);
        return TypedResults.Json(
            new PullRequestListResponse([.. found.Select(pull => PullRequestResponse.Of(pull, repository, payloads))]),
            PullRequestJson.Default.PullRequestListResponse);
    }

    private static async Task<IResult> GetAsync(
        HttpContext http, string owner, string repo, int number, RepositoryAccess access, PullRequestStore store, PullRequestPayload payloads,
        CancellationToken cancellation)
    {
        var authorization = await access.AuthorizeAsync(http, owner, repo, Permission.Read, cancellation);
        if (authorization.Granted is not { Repository: var repository })
            return authorization.Problem!;
        return await store.FindAsync(repository.Id, number, cancellation) is { } pull
            ? Answer(pull, repository, payloads, StatusCodes.Status200OK)
            : Problems.NotFound("pull request");
    }

    private static async Task<IResult> OpenAsync(
        HttpContext http, string owner, string repo, RepositoryAccess access, OpenPullRequest open, PullRequestPayload payloads,
        CancellationToken cancellation)
    {
        var (repository, actor, problem) = await ForChangesAsync(http, owner, repo, access, cancellation);
        if (repository is null)
            return problem!;
        var body = await RequestBody.ReadAsync(http.Request, PullRequestJson.Default.OpenPullRequestRequest, BodyBytesMax, cancellation);
        if (body.Value is not { } message)
            return body.Problem!;
        if (string.IsNullOrWhiteSpace(message.Title) || message.Title.Length > InsertPullRequest.TitleLengthMax)
            return Problems.Invalid("title", $"'title' has 1 to {InsertPullRequest.TitleLengthMax} characters.");
        if (message.Body?.Length > InsertPullRequest.BodyLengthMax)
            return Problems.Invalid("body", $"'body' has at most {InsertPullRequest.BodyLengthMax} characters.");
        if (string.IsNullOrEmpty(message.Head))
            return Problems.Invalid("head", "'head' is the branch to take: branch, owner:branch or owner/repo:branch.");
        if (!IdempotencyKey.TryRead(http.Request, actor!, body.Bytes.Span, out var call, out var wrong))
            return wrong;
        var outcome = await open.ExecuteAsync(
            repository, actor!, message.Title.Trim(), message.Body ?? "", message.Head, message.Base ?? repository.DefaultBranch, call, cancellation);
        return outcome.Pull is { } pull
            ? Answer(pull, repository, payloads, StatusCodes.Status201Created)
            : outcome.Field is { } field ? Problems.Invalid(field, outcome.Detail!) : Problems.Conflict(outcome.Detail!);
    }

    private static async Task<IResult> ChangeAsync(
        HttpContext http, string owner, string repo, int number, RepositoryAccess access, PullRequestStore store, ChangePullRequest change,
        PullRequestPayload payloads, CancellationToken cancellation)
    {
        var (repository, actor, problem) = await ForChangesAsync(http, owner, repo, access, cancellation);
        if (repository is null)
            return problem!;
        if (await store.FindAsync(repository.Id, number, cancellation) is not { } pull)
            return Problems.NotFound("pull request");
        if (pull.AuthorId != actor!.UserId && (await access.FindAsync(actor, repository.Id, cancellation))?.Permission is not >= Permission.Write)
            return Problems.Forbidden($"Only its author and those who may write to {repository.FullName} change pull request #{number}.");
        var body = await RequestBody.ReadAsync(http.Request, PullRequestJson.Default.ChangePullRequestRequest, BodyBytesMax, cancellation);
        if (body.Value is not { } message)
            return body.Problem!;
        if (message.State is not (null or "open" or "closed"))
            return Problems.Invalid("state", "'state' is open or closed.");
        if (message.Title is { } title && (string.IsNullOrWhiteSpace(title) || title.Length > InsertPullRequest.TitleLengthMax || title.Contains('\0', StringComparison.Ordinal)))
            return Problems.Invalid("title", $"'title' has 1 to {InsertPullRequest.TitleLengthMax} characters, none of them NUL.");
        if (message.Body is { } text && (text.Length > InsertPullRequest.BodyLengthMax || text.Contains('\0', StringComparison.Ordinal)))
            return Problems.Invalid("body", $"'body' has at most {InsertPullRequest.BodyLengthMax} characters, none of them NUL.");
        var outcome = await change.ExecuteAsync(repository, pull.Id, actor, message.State, message.Title?.Trim(), message.Body, cancellation);
        return outcome.Pull is { } changed
            ? Answer(changed, repository, payloads, StatusCodes.Status200OK)
            : Problems.Conflict(outcome.Detail!);
    }

    private static async Task<IResult> ChecksAsync(
        HttpContext http, string owner, string repo, int number, RepositoryAccess access, PullRequestStore store, ReadCheckRuns checks,
        CancellationToken cancellation)
    {
        var authorization = await access.AuthorizeAsync(http, owner, repo, Permission.Read, cancellation);
        if (authorization.Granted is not { Repository: var repository })
            return authorization.Problem!;
        if (await store.FindAsync(repository.Id, number, cancellation) is not { } pull)
            return Problems.NotFound("pull request");
        var found = await checks.OfCommitAsync(repository.Id, pull.HeadSha, cancellation);
        return TypedResults.Json(new CheckRunListResponse(found.Count, found), RunApiJson.Default.CheckRunListResponse);
    }

    /// <summary>Somebody who may read, with a token that may change something.</summary>
    private static async Task<(Repository? Repository, Actor? Actor, IResult? Problem)> ForChangesAsync(
        HttpContext http, string owner, string repo, RepositoryAccess access, CancellationToken cancellation)
    {
        var authorization = await access.AuthorizeAsync(http, owner, repo, Permission.Read, cancellation);
        if (authorization.Granted is not { } granted)
            return (null, null, authorization.Problem);
        if (granted.Actor is not { } actor)
            return (null, null, Challenge.Answer(http, $"Send a personal access token with the scope {TokenScopes.RepoWrite}."));
        return actor.Cap < Permission.Write
            ? (null, null, Problems.Forbidden($"The token lacks the scope {TokenScopes.RepoWrite}; create one that has it."))
            : (granted.Repository, actor, null);
    }

    private static IResult Answer(PullRequest pull, Repository repository, PullRequestPayload payloads, int status) =>
        TypedResults.Json(PullRequestResponse.Of(pull, repository, payloads), PullRequestJson.Default.PullRequestResponse, statusCode: status);
}

/// <param name="Head"><c>branch</c>, <c>owner:branch</c> or <c>owner/repo:branch</c>.</param>
/// <param name="Base">A branch; absent: the default branch.</param>
public sealed record OpenPullRequestRequest(string? Title = null, string? Body = null, string? Head = null, string? Base = null);

/// <param name="State"><c>open</c> or <c>closed</c>.</param>
public sealed record ChangePullRequestRequest(string? State = null, string? Title = null, string? Body = null);

/// <param name="State"><c>open</c>, <c>closed</c> or <c>merged</c>.</param>
public sealed record PullRequestResponse(
    long Id, int Number, string State, string Title, string Body, string Author, PullRequestEnd Head, PullRequestEnd Base, string HtmlUrl,
    DateTime CreatedAt, DateTime UpdatedAt, DateTime? ClosedAt)
{
    public static PullRequestResponse Of(PullRequest pull, Repository repository, PullRequestPayload payloads) => new(
        pull.Id, pull.Number, pull.State, pull.Title, pull.Body, pull.Author,
        new PullRequestEnd(pull.HeadName, pull.HeadSha, pull.HeadBranch is null ? repository.FullName : pull.HeadRepository),
        new PullRequestEnd(pull.BaseBranch, pull.BaseSha, repository.FullName), payloads.AddressOf(repository, pull.Number),
        pull.CreatedAt, pull.UpdatedAt, pull.ClosedAt);
}

/// <param name="Repository">Null: its fork is gone.</param>
public sealed record PullRequestEnd(string Ref, string Sha, string? Repository);

public sealed record PullRequestListResponse(IReadOnlyList<PullRequestResponse> PullRequests);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(OpenPullRequestRequest))]
[JsonSerializable(typeof(ChangePullRequestRequest))]
[JsonSerializable(typeof(PullRequestListResponse))]
internal sealed partial class PullRequestJson : JsonSerializerContext;
