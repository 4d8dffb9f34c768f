using System.Text.Json.Serialization;
using Shithub.Actions.Server.Access;
using Shithub.Actions.Server.Http;

namespace Shithub.Actions.Server.Runs;

/// <summary><c>POST /api/v1/runs/{id}/approve</c>: lets the run of an untrusted pull request go.</summary>
public static class ApprovalEndpoint
{
    private const int BodyBytesMax = 4096;

    public static void MapApprovalEndpoint(this IEndpointRouteBuilder routes) =>
        routes.MapPost("/api/v1/runs/{id:long}/approve", ApproveAsync)
            .WithTags("Runs").WithSummary("Approve the run of a pull request from somebody without write access")
            .Accepts<ApproveRequest>("application/json").Produces<ApprovalResponse>();

    private static async Task<IResult> ApproveAsync(
        HttpContext http, long id, RepositoryAccess access, ReadRuns runs, ApproveRun approve, CancellationToken cancellation)
    {
        var found = await runs.FindAsync(id, cancellation);
        var authorization = await access.AuthorizeAsync(http, found?.RepoId ?? 0, Permission.Write, "run", cancellation);
        if (authorization.Granted is not { Actor: { } actor })
            return authorization.Problem!;
        var body = await RequestBody.ReadAsync(http.Request, ApprovalJson.Default.ApproveRequest, BodyBytesMax, cancellation);
        if (body.Value is not { } message)
            return body.Problem!;
        var outcome = await approve.ExecuteAsync(id, actor.UserId, message.HeadSha, cancellation);
        if (outcome.Result == ApprovalResult.Refused)
            return Problems.Conflict(outcome.Detail!);
        var run = (await runs.FindAsync(id, cancellation))!;
        return TypedResults.Json(
            new ApprovalResponse(run.Id, run.HeadSha, run.Status, run.Conclusion, run.ApprovedBy, run.ApprovedAt),
            ApprovalJson.Default.ApprovalResponse);
    }
}

/// <param name="HeadSha">The commit that was looked at: with it, a run of another one is refused.</param>
public sealed record ApproveRequest(string? HeadSha = null);

public sealed record ApprovalResponse(
    long RunId, string HeadSha, string RunStatus, string? RunConclusion, string? ApprovedBy, DateTimeOffset? ApprovedAt);

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(ApproveRequest))]
[JsonSerializable(typeof(ApprovalResponse))]
internal sealed partial class ApprovalJson : JsonSerializerContext;
