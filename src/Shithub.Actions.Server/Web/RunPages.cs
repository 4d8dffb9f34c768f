using System.Globalization;
using Shithub.Actions.Configuration;
using Shithub.Actions.Server.Access;
using Shithub.Actions.Server.Queue;
using Shithub.Actions.Server.Runs;
using Shithub.Actions.Server.Web.Pages;

namespace Shithub.Actions.Server.Web;

/// <summary>One run: its page, and the buttons on it.</summary>
public static class RunPages
{
    private const string RunRoute = "/{owner}/{repo}/actions/runs/{runIndex:int}";

    public static void MapRunPages(this IEndpointRouteBuilder routes)
    {
        routes.MapGet(RunRoute, (HttpContext http, string owner, string repo, int runIndex, PageResults pages, ReadRunView views, ExplainJob explain, ServerSettings settings, CancellationToken cancellation) =>
            ShowAsync(http, owner, repo, runIndex, null, pages, views, explain, settings, cancellation));
        routes.MapGet(RunRoute + "/jobs/{jobId:long}", (HttpContext http, string owner, string repo, int runIndex, long jobId, PageResults pages, ReadRunView views, ExplainJob explain, ServerSettings settings, CancellationToken cancellation) =>
            ShowAsync(http, owner, repo, runIndex, jobId, pages, views, explain, settings, cancellation));
        routes.MapGet(RunRoute + "/events", RunEvents.StreamAsync);
        routes.MapPost(RunRoute + "/cancel", (HttpContext http, string owner, string repo, int runIndex, PageResults pages, ReadRunView views, CancelJob cancel, CancellationToken cancellation) =>
            CancelAsync(http, owner, repo, runIndex, null, pages, views, cancel, cancellation));
        routes.MapPost(RunRoute + "/jobs/{jobId:long}/cancel", (HttpContext http, string owner, string repo, int runIndex, long jobId, PageResults pages, ReadRunView views, CancelJob cancel, CancellationToken cancellation) =>
            CancelAsync(http, owner, repo, runIndex, jobId, pages, views, cancel, cancellation));
        routes.MapPost(RunRoute + "/rerun", RerunAsync);
    }

    private static async Task<IResult> ShowAsync(
        HttpContext http, string owner, string repo, int runIndex, long? jobId, PageResults pages, ReadRunView views, ExplainJob explain,
        ServerSettings settings, CancellationToken cancellation)
    {
        var frame = await pages.FrameAsync(http, cancellation);
        if (await views.FindAsync(frame, owner, repo, runIndex, jobId, cancellation) is not { } view)
            return PageResults.NotFound(frame);
        return PageResults.Show<RunPage>(
            StatusCodes.Status200OK,
            (nameof(RunPage.View), view),
            (nameof(RunPage.Explanation), await ExplainAsync(view, explain, settings, cancellation)),
            (nameof(RunPage.Logs), await views.LogsAsync(view, cancellation)),
            (nameof(RunPage.Diagnostics), ReadRunView.Diagnostics(view.Run)));
    }

    /// <summary>Why the selected job does not run yet, as far as the viewer may know.</summary>
    private static async Task<JobExplanation?> ExplainAsync(
        RunView view, ExplainJob explain, ServerSettings settings, CancellationToken cancellation)
    {
        if (view.Job is not { Status: "queued" or "waiting" } job
            || await explain.ExecuteAsync(job.Id, settings.Runners.StaleAfter, cancellation) is not { } explanation)
        {
            return null;
        }

        return view.Frame.Viewer is { MayAdministerSite: true } ? explanation : explanation.ForReaders();
    }

    private static async Task<IResult> CancelAsync(
        HttpContext http, string owner, string repo, int runIndex, long? jobId, PageResults pages, ReadRunView views, CancelJob cancel,
        CancellationToken cancellation)
    {
        var (view, refusal) = await ForWritingAsync(http, owner, repo, runIndex, jobId, "cancel this run", pages, views, cancellation);
        if (view is null)
            return refusal!;
        await cancel.ExecuteAsync(view.Run.Id, jobId, cancellation);
        return SeeOther.To(jobId is null ? view.Address : view.JobAddress(view.Job!));
    }

    private static async Task<IResult> RerunAsync(
        HttpContext http, string owner, string repo, int runIndex, PageResults pages, ReadRunView views, RerunRun rerun,
        CancellationToken cancellation)
    {
        var (view, refusal) = await ForWritingAsync(http, owner, repo, runIndex, null, "run this again", pages, views, cancellation);
        if (view is null)
            return refusal!;
        if (!view.HasEnded)
        {
            return PageResults.Error(
                view.Frame, StatusCodes.Status409Conflict, "The run has not ended",
                $"Run #{runIndex} is {view.Run.Status}. Cancel it or wait for its end, then run it again.");
        }

        if (await rerun.ExecuteAsync(view.Run, null, cancellation) is not { Run: { } again })
            return PageResults.NotFound(view.Frame);
        return SeeOther.To(string.Create(CultureInfo.InvariantCulture, $"/{view.Repository.FullName}/actions/runs/{again.RunIndex}"));
    }

    /// <summary>The run for somebody who may change it, or the page that says why not.</summary>
    private static async Task<(RunView? View, IResult? Refusal)> ForWritingAsync(
        HttpContext http, string owner, string repo, int runIndex, long? jobId, string what, PageResults pages, ReadRunView views,
        CancellationToken cancellation)
    {
        var frame = await pages.FrameAsync(http, cancellation);
        if (!Authenticator.IsFromOwnPage(http.Request))
            return (null, PageResults.ForeignForm(frame));
        return await views.FindAsync(frame, owner, repo, runIndex, jobId, cancellation) switch
        {
            null => (null, PageResults.NotFound(frame)),
            { MayWrite: false } => (null, PageResults.Forbidden(frame, what)),
            { } view => (view, null),
        };
    }
}
