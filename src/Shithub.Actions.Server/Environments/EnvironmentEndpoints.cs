using System.Text.Json.Serialization;
using Shithub.Actions.Server.Access;
using Shithub.Actions.Server.Http;
using Shithub.Actions.Server.Runs;
using Shithub.Actions.Server.Secrets;

namespace Shithub.Actions.Server.Environments;

/// <summary>The API of environments: their rules, and the reviews of jobs that wait for them.</summary>
public static class EnvironmentEndpoints
{
    private const int BodyBytesMax = 64 * 1024;
    private const int CommentLengthMax = 1000;

    public static void MapEnvironmentEndpoints(this IEndpointRouteBuilder routes)
    {
        var api = routes.MapGroup("/api/v1/repos/{owner}/{repo}/environments").WithTags("Environments");
        api.MapGet("", ListAsync).Produces<EnvironmentListResponse>().WithSummary("List a repository's environments");
        api.MapPut("/{name}", SetAsync)
            .Accepts<SetEnvironmentRequest>("application/json").Produces<EnvironmentResponse>().WithSummary("Make an environment or set its rules");
        api.MapDelete("/{name}", DeleteAsync).Produces(StatusCodes.Status204NoContent).WithSummary("Delete an environment's rules");
        var runs = routes.MapGroup("/api/v1/runs/{id:long}/environments/{name}").WithTags("Environments");
        runs.MapPost("/approve", (HttpContext http, long id, string name, RepositoryAccess access, ReadRuns runs, ReviewEnvironment review, CancellationToken cancellation) =>
            ReviewAsync(http, id, name, true, access, runs, review, cancellation))
            .Accepts<ReviewRequest>("application/json").Produces<ReviewResponse>().WithSummary("Approve the jobs of a run that wait for an environment");
        runs.MapPost("/reject", (HttpContext http, long id, string name, RepositoryAccess access, ReadRuns runs, ReviewEnvironment review, CancellationToken cancellation) =>
            ReviewAsync(http, id, name, false, access, runs, review, cancellation))
            .Accepts<ReviewRequest>("application/json").Produces<ReviewResponse>().WithSummary("Reject the jobs of a run that wait for an environment");
    }

    private static async Task<IResult> ListAsync(
        HttpContext http, string owner, string repo, RepositoryAccess access, EnvironmentStore environments, CancellationToken cancellation)
    {
        var authorization = await access.AuthorizeAsync(http, owner, repo, Permission.Read, cancellation);
        if (authorization.Granted is not { } granted)
            return authorization.Problem!;
        var found = await environments.ListAsync(granted.Repository.Id, cancellation);
        return TypedResults.Json(
            new EnvironmentListResponse([.. found.Select(EnvironmentResponse.Of)]), EnvironmentJson.Default.EnvironmentListResponse);
    }

    private static async Task<IResult> SetAsync(
        HttpContext http, string owner, string repo, string name, RepositoryAccess access, Owners owners, EnvironmentStore environments,
        CancellationToken cancellation)
    {
        var authorization = await access.AuthorizeAsync(http, owner, repo, Permission.Admin, cancellation);
        if (authorization.Granted is not { Repository: var repository })
            return authorization.Problem!;
        var body = await RequestBody.ReadAsync(http.Request, EnvironmentJson.Default.SetEnvironmentRequest, BodyBytesMax, cancellation);
        if (body.Value is not { } message)
            return body.Problem!;
        if (SecretScope.Complaint(name) is { } complaint)
            return Problems.Invalid("name", complaint);
        if (message.WaitMinutes is < 0 or > EnvironmentStore.WaitMinutesMax)
            return Problems.Invalid("wait_minutes", $"'wait_minutes' is 0 to {EnvironmentStore.WaitMinutesMax}.");
        if (message.Branches is { Count: 0 or > EnvironmentRules.PatternsMax })
            return Problems.Invalid("branches", $"'branches' has 1 to {EnvironmentRules.PatternsMax} patterns; leave it out to allow every ref.");
        if (message.Branches?.Select(EnvironmentRules.Complaint).FirstOrDefault(found => found is not null) is { } ofPattern)
            return Problems.Invalid("branches", ofPattern);
        if (message.Reviewers is { Count: > EnvironmentStore.ReviewersMax })
            return Problems.Invalid("reviewers", $"'reviewers' names at most {EnvironmentStore.ReviewersMax} users.");
        var (reviewers, unknown) = await FindReviewersAsync(owners, message.Reviewers ?? [], cancellation);
        if (unknown is not null)
            return Problems.Invalid("reviewers", $"There is no user {unknown}.");
        if (!await environments.SetAsync(repository.Id, name, message.WaitMinutes ?? 0, message.Branches, reviewers, cancellation))
            return Problems.Conflict($"{repository.FullName} has {EnvironmentStore.PerRepositoryMax} environments. Delete one that is not needed any more.");
        return TypedResults.Json(
            EnvironmentResponse.Of((await environments.FindAsync(repository.Id, name, cancellation))!), EnvironmentJson.Default.EnvironmentResponse);
    }

    private static async Task<IResult> DeleteAsync(
        HttpContext http, string owner, string repo, string name, RepositoryAccess access, EnvironmentStore environments,
        CancellationToken cancellation)
    {
        var authorization = await access.AuthorizeAsync(http, owner, repo, Permission.Admin, cancellation);
        if (authorization.Granted is not { Repository: var repository })
            return authorization.Problem!;
        return SecretScope.Complaint(name) is null && await environments.DeleteAsync(repository.Id, name, cancellation)
            ? TypedResults.NoContent()
            : Problems.NotFound("environment");
    }

    private static async Task<IResult> ReviewAsync(
        HttpContext http, long id, string name, bool approves, RepositoryAccess access, ReadRuns runs, ReviewEnvironment review,
        CancellationToken cancellation)
    {
        var run = await runs.FindAsync(id, cancellation);
        var authorization = await access.AuthorizeAsync(http, run?.RepoId ?? 0, Permission.Read, "run", cancellation);
        if (authorization.Granted is not { } granted)
            return authorization.Problem!;
        if (granted.Actor is not { } actor)
            return Challenge.Answer(http, $"Send a personal access token with the scope {TokenScopes.RepoWrite}.");
        if (actor.Cap < Permission.Write)
            return Problems.Forbidden($"The token lacks the scope {TokenScopes.RepoWrite}; create one that has it.");
        var body = await RequestBody.ReadAsync(http.Request, EnvironmentJson.Default.ReviewRequest, BodyBytesMax, cancellation);
        if (body.Value is not { } message)
            return body.Problem!;
        if (message.Comment is { } comment && (comment.Length > CommentLengthMax || comment.Any(char.IsControl)))
            return Problems.Invalid("comment", $"'comment' has at most {CommentLengthMax} characters in one line.");
        if (SecretScope.Complaint(name) is not null)
            return Problems.NotFound("environment");
        var outcome = await review.ExecuteAsync(id, name, actor.UserId, actor.Name, approves, message.Comment, cancellation);
        return outcome.Result switch
        {
            ReviewResult.NothingWaits => Problems.Conflict($"No job of run {run!.RunIndex} waits for a review of the environment '{name}'."),
            ReviewResult.NotAReviewer => Problems.Forbidden($"{actor.Name} is no reviewer of the environment '{name}'. Ask one of them."),
            ReviewResult.DecidedOtherwise => Problems.Conflict("It was decided otherwise before."),
            _ => TypedResults.Json(new ReviewResponse(id, name, approves ? "approved" : "rejected", outcome.Jobs), EnvironmentJson.Default.ReviewResponse),
        };
    }

    /// <summary>The ids of users by their names, or the first name that nobody has.</summary>
    internal static async Task<(IReadOnlyList<long> Ids, string? Unknown)> FindReviewersAsync(
        Owners owners, IEnumerable<string> names, CancellationToken cancellation)
    {
        var ids = new List<long>();
        foreach (var name in names)
        {
            if (await owners.FindAsync(name, cancellation) is not { Kind: "user" } user)
                return ([], name);
            ids.Add(user.Id);
        }

        return (ids, null);
    }
}

/// <param name="WaitMinutes">A job waits this long before it starts.</param>
/// <param name="Branches">Patterns of branches, or of refs in full; absent: every ref.</param>
/// <param name="Reviewers">Names of users; one of them has to approve.</param>
public sealed record SetEnvironmentRequest(int? WaitMinutes = null, IReadOnlyList<string>? Branches = null, IReadOnlyList<string>? Reviewers = null);

public sealed record EnvironmentResponse(
    string Name, int WaitMinutes, IReadOnlyList<string>? Branches, IReadOnlyList<string> Reviewers, DateTime UpdatedAt)
{
    public static EnvironmentResponse Of(EnvironmentRow row) => new(row.Name, row.WaitMinutes, row.Branches, row.Reviewers, row.UpdatedAt);
}

public sealed record EnvironmentListResponse(IReadOnlyList<EnvironmentResponse> Environments);

public sealed record ReviewRequest(string? Comment = null);

/// <param name="Decision"><c>approved</c> or <c>rejected</c>.</param>
/// <param name="Jobs">Ids of those that this review was about; none where it was decided so before.</param>
public sealed record ReviewResponse(long RunId, string Environment, string Decision, IReadOnlyList<long> Jobs);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(SetEnvironmentRequest))]
[JsonSerializable(typeof(EnvironmentListResponse))]
[JsonSerializable(typeof(ReviewRequest))]
[JsonSerializable(typeof(ReviewResponse))]
internal sealed partial class EnvironmentJson : JsonSerializerContext;
