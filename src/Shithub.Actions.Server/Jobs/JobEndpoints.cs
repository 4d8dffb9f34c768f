using Shithub.Actions.Protocol;
using Shithub.Actions.Server.Database;
using Shithub.Actions.Server.Http;
using Shithub.Actions.Server.Logs;

namespace Shithub.Actions.Server.Jobs;

/// <summary>The job API that runners speak. Order of checks: token, then body, then one transaction; see <c>Jobs/README.md</c>.</summary>
public static class JobEndpoints
{
    public static void MapJobEndpoints(this IEndpointRouteBuilder routes)
    {
        var jobs = routes.MapGroup("/api/v1/jobs/{id:long}").WithTags("Jobs (runner)");
        jobs.MapPost("/logs", AppendLogAsync)
            .Accepts<AppendLogRequest>("application/json").Produces<AppendLogResponse>().WithSummary("Append a log chunk");
        jobs.MapPost("/status", ReportJobStatusAsync)
            .Accepts<StatusRequest>("application/json").Produces<StatusResponse>().WithSummary("Report the job's status");
        jobs.MapPost("/steps/{stepId:long}/status", ReportStepStatusAsync)
            .Accepts<StatusRequest>("application/json").Produces<StatusResponse>().WithSummary("Report a step's status");
        jobs.MapPost("/cancel-check", CheckCancelAsync)
            .Produces<CancelCheckResponse>().WithSummary("Ask whether the job is to be cancelled");
    }

    private static async Task<IResult> AppendLogAsync(
        HttpRequest request, long id, JobCallFilter filter, AppendLog append, Notifications notifications, CancellationToken cancellation)
    {
        var (call, message, problem) = await filter.OpenLogAsync(request, id, cancellation);
        if (call is null || message is null)
            return problem!;
        var (outcome, runId) = await append.ExecuteAsync(call, message.StepId, message.Seq, message.Chunk, message.Masks, cancellation);
        if (runId != 0)
            notifications.Broadcast(Topic.Run, runId);
        return filter.Answer(outcome, (token, expires) => new JsonAnswer<AppendLogResponse>(
            new AppendLogResponse(true, token, expires), ProtocolJson.Default.AppendLogResponse));
    }

    private static async Task<IResult> ReportJobStatusAsync(
        HttpRequest request, long id, JobCallFilter filter, ReportJobStatus report, Notifications notifications, CancellationToken cancellation)
    {
        var (call, message, problem) = await filter.OpenAsync(
            request, id, ProtocolJson.Default.StatusRequest, cancellation, ProtocolLimits.StatusBodyBytes);
        if (call is null || message is null)
            return problem!;
        var (change, invalid) = JobRequests.CheckStatus(message, isStep: false);
        if (change is null)
            return invalid!;
        var outcome = await report.ExecuteAsync(call, change, cancellation);
        if (outcome.Result == JobCallResult.Done)
            notifications.Broadcast(Topic.Run, call.Token.RunId);
        return filter.Answer(outcome, (token, expires) => new JsonAnswer<StatusResponse>(
            StatusAnswer.ToResponse(outcome.Answer!, token, expires), ProtocolJson.Default.StatusResponse));
    }

    private static async Task<IResult> ReportStepStatusAsync(
        HttpRequest request, long id, long stepId, JobCallFilter filter, ReportStepStatus report, Notifications notifications,
        CancellationToken cancellation)
    {
        var (call, message, problem) = await filter.OpenAsync(
            request, id, ProtocolJson.Default.StatusRequest, cancellation, ProtocolLimits.StepStatusBodyBytes);
        if (call is null || message is null)
            return problem!;
        var (change, invalid) = JobRequests.CheckStatus(message, isStep: true);
        if (change is null)
            return invalid!;
        var (outcome, runId) = await report.ExecuteAsync(call, stepId, change, cancellation);
        if (runId != 0)
            notifications.Broadcast(Topic.Run, runId);
        return filter.Answer(outcome, (token, expires) => new JsonAnswer<StatusResponse>(
            StatusAnswer.ToResponse(outcome.Answer!, token, expires), ProtocolJson.Default.StatusResponse));
    }

    private static async Task<IResult> CheckCancelAsync(
        HttpRequest request, long id, JobCallFilter filter, CheckCancel check, CancellationToken cancellation)
    {
        var (call, _, problem) = await filter.OpenAsync(request, id, ProtocolJson.Default.CancelCheckRequest, cancellation);
        if (call is null)
            return problem!;
        var outcome = await check.ExecuteAsync(call, cancellation);
        return filter.Answer(outcome, (token, expires) => new JsonAnswer<CancelCheckResponse>(
            new CancelCheckResponse(outcome.Answer == "true", token, expires), ProtocolJson.Default.CancelCheckResponse));
    }
}
