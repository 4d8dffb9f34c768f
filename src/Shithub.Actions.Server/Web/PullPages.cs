using System.Globalization;
using Shithub.Actions.Server.Access;
using Shithub.Actions.Server.PullRequests;
using Shithub.Actions.Server.Runs;
using Shithub.Actions.Server.Web.Pages;

namespace Shithub.Actions.Server.Web;

/// <summary>Pull requests: the list, one with its description, and its checks.</summary>
public static class PullPages
{
    private const int PullsPerPage = 25;
    private const int RunsMax = 50;
    private const string Route = "/{owner}/{repo}/pulls";

    public static void MapPullPages(this IEndpointRouteBuilder routes)
    {
        routes.MapGet(Route, ListAsync);
        routes.MapGet(Route + "/{number:int}", (HttpContext http, string owner, string repo, int number, PullPageSources sources, CancellationToken cancellation) =>
            ShowAsync(http, owner, repo, number, "about", sources, cancellation));
        routes.MapGet(Route + "/{number:int}/checks", (HttpContext http, string owner, string repo, int number, PullPageSources sources, CancellationToken cancellation) =>
            ShowAsync(http, owner, repo, number, "checks", sources, cancellation));
        routes.MapPost(Route + "/{number:int}/close", (HttpContext http, string owner, string repo, int number, PullPageSources sources, ChangePullRequest change, CancellationToken cancellation) =>
            ChangeAsync(http, owner, repo, number, PullRequest.Closed, sources, change, cancellation));
        routes.MapPost(Route + "/{number:int}/reopen", (HttpContext http, string owner, string repo, int number, PullPageSources sources, ChangePullRequest change, CancellationToken cancellation) =>
            ChangeAsync(http, owner, repo, number, PullRequest.Open, sources, change, cancellation));
    }

    private static async Task<IResult> ListAsync(
        HttpContext http, string owner, string repo, string? state, int? before, PullPageSources sources, CommitChecks checks,
        CancellationToken cancellation)
    {
        var frame = await sources.Pages.FrameAsync(http, cancellation);
        if (await sources.Access.FindAsync(frame.Viewer, owner, repo, cancellation) is not { Repository: var repository })
            return PageResults.NotFound(frame);
        state = state == "closed" ? "closed" : "open";
        var found = await sources.Store.ListAsync(repository.Id, state, before, PullsPerPage + 1, cancellation);
        var shown = new List<(PullRequest, CommitCheck?)>();
        foreach (var pull in found.Take(PullsPerPage))
            shown.Add((pull, await checks.OfCommitAsync(repository.Id, pull.HeadSha, cancellation)));
        return PageResults.Show<PullsPage>(
            StatusCodes.Status200OK,
            (nameof(PullsPage.Frame), frame),
            (nameof(PullsPage.Repository), repository),
            (nameof(PullsPage.Pulls), shown),
            (nameof(PullsPage.HasMore), found.Count > PullsPerPage),
            (nameof(PullsPage.State), state));
    }

    private static async Task<IResult> ShowAsync(
        HttpContext http, string owner, string repo, int number, string tab, PullPageSources sources, CancellationToken cancellation)
    {
        var frame = await sources.Pages.FrameAsync(http, cancellation);
        if (await sources.Access.FindAsync(frame.Viewer, owner, repo, cancellation) is not { } visible
            || await sources.Store.FindAsync(visible.Repository.Id, number, cancellation) is not { } pull)
        {
            return PageResults.NotFound(frame);
        }

        return PageResults.Show<PullPage>(
            StatusCodes.Status200OK,
            (nameof(PullPage.Frame), frame),
            (nameof(PullPage.Repository), visible.Repository),
            (nameof(PullPage.Pull), pull),
            (nameof(PullPage.Checks), await sources.Checks.OfCommitAsync(pull.RepoId, pull.HeadSha, cancellation)),
            (nameof(PullPage.Runs), await sources.Runs.OfPullRequestAsync(pull.Id, pull.HeadSha, RunsMax, cancellation)),
            (nameof(PullPage.Tab), tab),
            (nameof(PullPage.MayChange), MayChange(frame, visible, pull)));
    }

    private static async Task<IResult> ChangeAsync(
        HttpContext http, string owner, string repo, int number, string state, PullPageSources sources, ChangePullRequest change,
        CancellationToken cancellation)
    {
        var frame = await sources.Pages.FrameAsync(http, cancellation);
        if (!Authenticator.IsFromOwnPage(http.Request))
            return PageResults.ForeignForm(frame);
        if (await sources.Access.FindAsync(frame.Viewer, owner, repo, cancellation) is not { } visible
            || await sources.Store.FindAsync(visible.Repository.Id, number, cancellation) is not { } pull)
        {
            return PageResults.NotFound(frame);
        }

        if (!MayChange(frame, visible, pull))
            return PageResults.Forbidden(frame, "close or reopen this pull request");
        var outcome = await change.ExecuteAsync(visible.Repository, pull.Id, frame.Viewer!, state, null, null, cancellation);
        return outcome.Pull is null
            ? PageResults.Error(frame, StatusCodes.Status409Conflict, "That did not work", outcome.Detail!)
            : SeeOther.To(string.Create(CultureInfo.InvariantCulture, $"/{visible.Repository.FullName}/pulls/{number}"));
    }

    private static bool MayChange(PageFrame frame, VisibleRepository visible, PullRequest pull) =>
        frame.Viewer is { } viewer && viewer.Cap >= Permission.Write && (visible.Permission >= Permission.Write || pull.AuthorId == viewer.UserId);
}

/// <summary>What the pages of pull requests read.</summary>
public sealed record PullPageSources(
    PageResults Pages, RepositoryAccess Access, PullRequestStore Store, ReadCheckRuns Checks, ReadRuns Runs);
