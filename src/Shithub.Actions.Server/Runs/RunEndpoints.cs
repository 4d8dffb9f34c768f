using System.Globalization;
using Microsoft.AspNetCore.Mvc;
using Shithub.Actions.Server.Access;
using Shithub.Actions.Server.Http;
using Shithub.Actions.Server.Logs;

namespace Shithub.Actions.Server.Runs;

/// <summary>The API of runs for people and their programs: look, cancel, run again.</summary>
public static class RunEndpoints
{
    private const int PageMax = 100;

    public static void MapRunEndpoints(this IEndpointRouteBuilder routes)
    {
        var api = routes.MapGroup("/api/v1").WithTags("Runs");
        api.MapGet("/repos/{owner}/{repo}/runs", ListAsync).AddEndpointFilter(CheckQueryAsync).Produces<RunListResponse>().WithSummary("List runs, newest first");
        api.MapGet("/repos/{owner}/{repo}/commits/{sha}/check-runs", ListCheckRunsAsync)
            .Produces<CheckRunListResponse>().WithSummary("List the check runs of a commit");
        api.MapGet("/runs/{id:long}", GetAsync).Produces<RunResponse>().WithSummary("Get a run with its jobs and steps");
        api.MapPost("/runs/{id:long}/cancel", CancelRunAsync).Produces<CancelResponse>().WithSummary("Cancel a run");
        api.MapPost("/runs/{id:long}/rerun", RerunAsync)
            .Produces<RerunResponse>(StatusCodes.Status201Created).WithSummary("Run again, from the same file at the same commit");
        api.MapGet("/jobs/{id:long}", GetJobAsync).Produces<JobResponse>().WithSummary("Get a job with its steps");
        api.MapPost("/jobs/{id:long}/cancel", CancelJobAsync).Produces<CancelResponse>().WithSummary("Cancel a job");
        api.MapGet("/jobs/{id:long}/summary", GetJobSummaryAsync)
            .Produces<string>(contentType: "text/markdown").WithSummary("Download the summaries of a job's steps, as Markdown");
        api.MapGet("/jobs/{id:long}/logs", GetJobLogAsync)
            .Produces<string>(contentType: "text/plain").WithSummary("Download the raw log of a whole job");
        api.MapGet("/jobs/{id:long}/steps/{stepId:long}/logs", GetStepLogAsync)
            .Produces<string>(contentType: "text/plain").WithSummary("Download the raw log of a step");
    }

    /// <summary>Runs before the framework's own answer to a number that is none, which would not say where it is.</summary>
    private static async ValueTask<object?> CheckQueryAsync(EndpointFilterInvocationContext call, EndpointFilterDelegate next)
    {
        foreach (var (name, value) in call.HttpContext.Request.Query)
        {
            if (name is "limit" && !int.TryParse(value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out _))
                return Problems.Invalid(name, $"'limit' is 1 to {PageMax}.");
            if (name is "before" && !long.TryParse(value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out _))
                return Problems.Invalid(name, "'before' is the id of a run: the last of the page before.");
            // PostgreSQL has no text with NUL.
            if (value.ToString().Contains('\0', StringComparison.Ordinal))
                return Problems.Invalid(name, $"'{name}' holds the character NUL.");
        }

        return await next(call);
    }

    private static async Task<IResult> ListAsync(
        HttpContext http, string owner, string repo, long? before, int? limit,
        [FromQuery(Name = "head_sha")] string? headSha, [FromQuery(Name = "workflow_file")] string? workflowFile,
        RepositoryAccess access, ReadRuns runs, CancellationToken cancellation)
    {
        if (limit is < 1 or > PageMax)
            return Problems.Invalid("limit", $"'limit' is 1 to {PageMax}.");
        var authorization = await access.AuthorizeAsync(http, owner, repo, Permission.Read, cancellation);
        if (authorization.Granted is not { } granted)
            return authorization.Problem!;
        var page = await runs.ListAsync(granted.Repository.Id, before, limit ?? 30, headSha, workflowFile, cancellation);
        return TypedResults.Json(
            new RunListResponse([.. page.Select(run => RunResponse.Of(run, null))]), RunApiJson.Default.RunListResponse);
    }

    private static async Task<IResult> ListCheckRunsAsync(
        HttpContext http, string owner, string repo, string sha, RepositoryAccess access, ReadCheckRuns checks, CancellationToken cancellation)
    {
        var authorization = await access.AuthorizeAsync(http, owner, repo, Permission.Read, cancellation);
        if (authorization.Granted is not { } granted)
            return authorization.Problem!;
        var found = await checks.OfCommitAsync(granted.Repository.Id, sha, cancellation);
        return TypedResults.Json(new CheckRunListResponse(found.Count, found), RunApiJson.Default.CheckRunListResponse);
    }

    private static async Task<IResult> GetAsync(
        HttpContext http, long id, RepositoryAccess access, ReadRuns runs, CancellationToken cancellation)
    {
        var (run, problem) = await FindRunAsync(http, id, Permission.Read, access, runs, cancellation);
        return run is null
            ? problem!
            : TypedResults.Json(RunResponse.Of(run, await runs.JobsAsync(id, cancellation)), RunApiJson.Default.RunResponse);
    }

    private static async Task<IResult> GetJobAsync(
        HttpContext http, long id, RepositoryAccess access, ReadRuns runs, CancellationToken cancellation)
    {
        var (place, problem) = await FindJobAsync(http, id, Permission.Read, access, runs, cancellation);
        if (place is null)
            return problem!;
        var jobs = await runs.JobsAsync(place.RunId, cancellation, id);
        return TypedResults.Json(JobResponse.Of(jobs.First(job => job.Id == id)), RunApiJson.Default.JobResponse);
    }

    private static async Task<IResult> CancelRunAsync(
        HttpContext http, long id, RepositoryAccess access, ReadRuns runs, CancelJob cancel, CancellationToken cancellation)
    {
        var (run, problem) = await FindRunAsync(http, id, Permission.Write, access, runs, cancellation);
        return run is null ? problem! : Cancelled(await cancel.ExecuteAsync(id, null, cancellation));
    }

    private static async Task<IResult> CancelJobAsync(
        HttpContext http, long id, RepositoryAccess access, ReadRuns runs, CancelJob cancel, CancellationToken cancellation)
    {
        var (place, problem) = await FindJobAsync(http, id, Permission.Write, access, runs, cancellation);
        return place is null ? problem! : Cancelled(await cancel.ExecuteAsync(place.RunId, id, cancellation));
    }

    private static IResult Cancelled(CancelOutcome outcome) => TypedResults.Json(
        new CancelResponse(
            outcome.RunId, outcome.RunStatus, outcome.RunConclusion, outcome.Status, outcome.Conclusion, outcome.CancelRequested),
        RunApiJson.Default.CancelResponse);

    private static async Task<IResult> RerunAsync(
        HttpContext http, long id, RepositoryAccess access, ReadRuns runs, RerunRun rerun, CancellationToken cancellation)
    {
        var (run, problem) = await FindRunAsync(http, id, Permission.Write, access, runs, cancellation);
        if (run is null)
            return problem!;
        if (run.Conclusion is null)
            return Problems.Conflict($"Run {run.RunIndex} is {run.Status}. Cancel it or wait for its end, then run it again.");
        // Its body, if there is one, means nothing.
        if (!IdempotencyKey.TryRead(http.Request, Authenticator.Known(http)!, [], out var call, out var wrong))
            return wrong;
        if (await rerun.ExecuteAsync(run, call, cancellation) is not { } outcome)
            return Problems.NotFound("run");
        if (outcome.Run is not { } result)
            return Problems.Invalid(outcome.Field!, outcome.Detail!);
        return TypedResults.Json(
            new RerunResponse(result.RunId, result.RunIndex, run.Id, run.HeadSha, run.HeadRef),
            RunApiJson.Default.RerunResponse, statusCode: StatusCodes.Status201Created);
    }

    private static async Task<IResult> GetJobSummaryAsync(
        HttpContext http, long id, RepositoryAccess access, ReadRuns runs, CancellationToken cancellation)
    {
        var (place, problem) = await FindJobAsync(http, id, Permission.Read, access, runs, cancellation);
        if (place is null)
            return problem!;
        // What a job wrote is shown by no browser as anything but text.
        http.Response.Headers.XContentTypeOptions = "nosniff";
        return TypedResults.Text(string.Join('\n', await runs.SummariesAsync(id, cancellation)), "text/markdown; charset=utf-8");
    }

    private static async Task<IResult> GetJobLogAsync(
        HttpContext http, long id, RepositoryAccess access, ReadRuns runs, ReadLog logs, CancellationToken cancellation)
    {
        var (place, problem) = await FindJobAsync(http, id, Permission.Read, access, runs, cancellation);
        if (place is null)
            return problem!;
        var job = (await runs.JobsAsync(place.RunId, cancellation)).First(job => job.Id == id);
        long?[] parts = [null, .. job.Steps.Select(step => (long?)step.Id)];
        return await WriteAsync(http, logs, id, place.Attempt, parts, cancellation);
    }

    private static async Task<IResult> GetStepLogAsync(
        HttpContext http, long id, long stepId, RepositoryAccess access, ReadRuns runs, ReadLog logs, CancellationToken cancellation)
    {
        var (place, problem) = await FindJobAsync(http, id, Permission.Read, access, runs, cancellation);
        if (place is null)
            return problem!;
        var job = (await runs.JobsAsync(place.RunId, cancellation)).First(job => job.Id == id);
        return job.Steps.Any(step => step.Id == stepId)
            ? await WriteAsync(http, logs, id, place.Attempt, [stepId], cancellation)
            : Problems.NotFound("step");
    }

    /// <summary>Streams what is stored, byte for byte: whoever reads it gets neither a character more nor one re-encoded.</summary>
    private static async Task<IResult> WriteAsync(
        HttpContext http, ReadLog logs, long jobId, int attempt, IEnumerable<long?> parts, CancellationToken cancellation)
    {
        http.Response.ContentType = "text/plain; charset=utf-8";
        http.Response.Headers.XContentTypeOptions = "nosniff";
        foreach (var stepId in parts)
        {
            await foreach (var chunk in logs.ReadAsync(jobId, attempt, stepId, -1, cancellation))
                await http.Response.Body.WriteAsync(chunk.Bytes, cancellation);
        }

        return TypedResults.Empty;
    }

    private static async Task<(RunRow? Run, IResult? Problem)> FindRunAsync(
        HttpContext http, long id, Permission needed, RepositoryAccess access, ReadRuns runs, CancellationToken cancellation)
    {
        var run = await runs.FindAsync(id, cancellation);
        // An id that nobody has is answered like one of a repository that the caller may not see.
        var authorization = await access.AuthorizeAsync(http, run?.RepoId ?? 0, needed, "run", cancellation);
        return authorization.Granted is null ? (null, authorization.Problem) : (run, null);
    }

    private static async Task<(JobPlace? Place, IResult? Problem)> FindJobAsync(
        HttpContext http, long id, Permission needed, RepositoryAccess access, ReadRuns runs, CancellationToken cancellation)
    {
        var place = await runs.PlaceOfJobAsync(id, cancellation);
        var authorization = await access.AuthorizeAsync(http, place?.RepoId ?? 0, needed, "job", cancellation);
        return authorization.Granted is null ? (null, authorization.Problem) : (place, null);
    }
}
