using Shithub.Actions.Server.Access;
using Shithub.Actions.Server.Environments;
using Shithub.Actions.Server.Runs;

namespace Shithub.Actions.Server.Web;

/// <summary>The buttons of a run that waits for somebody's word: an approval, a review.</summary>
public static class ApprovalPages
{
    private const int FormBytesMax = 8 * 1024;
    private const string RunRoute = "/{owner}/{repo}/actions/runs/{runIndex:int}";

    public static void MapApprovalPages(this IEndpointRouteBuilder routes)
    {
        routes.MapPost(RunRoute + "/approve", ApproveAsync);
        routes.MapPost(RunRoute + "/review", ReviewAsync);
    }

    private static async Task<IResult> ApproveAsync(
        HttpContext http, string owner, string repo, int runIndex, PageResults pages, ReadRunView views, ApproveRun approve,
        CancellationToken cancellation)
    {
        var frame = await pages.FrameAsync(http, cancellation);
        if (!Authenticator.IsFromOwnPage(http.Request))
            return PageResults.ForeignForm(frame);
        if (await views.FindAsync(frame, owner, repo, runIndex, null, cancellation) is not { } view)
            return PageResults.NotFound(frame);
        if (!view.MayWrite)
            return PageResults.Forbidden(frame, "approve this run");
        // The page names the commit that it showed: what is approved is what was seen.
        var form = await PageForm.ReadAsync(http.Request, FormBytesMax, cancellation);
        var outcome = await approve.ExecuteAsync(view.Run.Id, frame.Viewer!.UserId, form["head_sha"].ToString(), cancellation);
        return outcome.Result == ApprovalResult.Refused
            ? PageResults.Error(frame, StatusCodes.Status409Conflict, "Not approved", outcome.Detail!)
            : SeeOther.To(view.Address);
    }

    private static async Task<IResult> ReviewAsync(
        HttpContext http, string owner, string repo, int runIndex, PageResults pages, ReadRunView views, ReviewEnvironment review,
        CancellationToken cancellation)
    {
        var frame = await pages.FrameAsync(http, cancellation);
        if (!Authenticator.IsFromOwnPage(http.Request))
            return PageResults.ForeignForm(frame);
        if (await views.FindAsync(frame, owner, repo, runIndex, null, cancellation) is not { } view)
            return PageResults.NotFound(frame);
        if (frame.Viewer is not { } viewer || viewer.Cap < Permission.Write)
            return PageResults.Forbidden(frame, "review this run");
        var form = await PageForm.ReadAsync(http.Request, FormBytesMax, cancellation);
        var environment = form["environment"].ToString().Replace("\0", "", StringComparison.Ordinal);
        var outcome = await review.ExecuteAsync(
            view.Run.Id, environment, viewer.UserId, viewer.Name, form["decision"].ToString() == "approve", null, cancellation);
        return outcome.Result switch
        {
            ReviewResult.Done => SeeOther.To(view.Address),
            ReviewResult.NotAReviewer => PageResults.Error(
                frame, StatusCodes.Status403Forbidden, "Not a reviewer", $"{viewer.Name} is no reviewer of the environment '{environment}'. Ask one of them."),
            _ => PageResults.Error(
                frame, StatusCodes.Status409Conflict, "Too late", "It was decided before, or nothing waits any more. Load the run's page again."),
        };
    }
}
