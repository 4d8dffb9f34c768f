using System.Text.Json.Serialization;
using Shithub.Actions.Configuration;
using Shithub.Actions.Server.Access;
using Shithub.Actions.Server.Runs;

namespace Shithub.Actions.Server.Queue;

/// <summary><c>GET /api/v1/jobs/{id}/explain</c>, for whoever may read the repository.</summary>
public static class ExplainEndpoint
{
    public static void MapExplainEndpoint(this IEndpointRouteBuilder routes) =>
        routes.MapGet("/api/v1/jobs/{id:long}/explain", ExplainAsync)
            .WithTags("Runs").Produces<ExplainResponse>().WithSummary("Explain, for each runner, why a job does not run yet");

    private static async Task<IResult> ExplainAsync(
        HttpContext http, long id, RepositoryAccess access, ReadRuns runs, ExplainJob explain, ServerSettings settings, CancellationToken cancellation)
    {
        var place = await runs.PlaceOfJobAsync(id, cancellation);
        var authorization = await access.AuthorizeAsync(http, place?.RepoId ?? 0, Permission.Read, "job", cancellation);
        if (authorization.Granted is not { } granted)
            return authorization.Problem!;
        // A job that is gone since is answered as one that never was.
        if (await explain.ExecuteAsync(id, settings.Runners.StaleAfter, cancellation) is not { } explanation)
            return Http.Problems.NotFound("job");
        if (granted.Actor is not { MayAdministerSite: true })
            explanation = explanation.ForReaders();
        return TypedResults.Json(ExplainResponse.Of(explanation), ExplainJson.Default.ExplainResponse);
    }
}

/// <param name="Obstacles">What holds the job back whatever the runner.</param>
/// <param name="Runners">Those that serve its labels; for site admins all.</param>
public sealed record ExplainResponse(
    long JobId, string Status, IReadOnlyList<string> RunsOn, IReadOnlyList<ObstacleResponse> Obstacles, IReadOnlyList<ExplainedRunnerResponse> Runners,
    bool HasMoreRunners)
{
    public static ExplainResponse Of(JobExplanation explanation) => new(
        explanation.JobId, explanation.Status, explanation.RunsOn, [.. explanation.Obstacles.Select(ObstacleResponse.Of)],
        [.. explanation.Runners.Select(runner => new ExplainedRunnerResponse(
            runner.Id, runner.Name, runner.TakesIt, [.. runner.Obstacles.Select(ObstacleResponse.Of)]))],
        explanation.IsCut);
}

/// <param name="TakesIt">Its next claim gives it this job.</param>
public sealed record ExplainedRunnerResponse(long Id, string Name, bool TakesIt, IReadOnlyList<ObstacleResponse> Obstacles);

public sealed record ObstacleResponse(string Reason, string Detail, string Remedy, string? Note)
{
    public static ObstacleResponse Of(Obstacle obstacle) => new(obstacle.Reason, obstacle.Detail, obstacle.Remedy, obstacle.Private);
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(ExplainResponse))]
internal sealed partial class ExplainJson : JsonSerializerContext;
