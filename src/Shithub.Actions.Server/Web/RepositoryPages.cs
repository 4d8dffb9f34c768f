using Shithub.Actions.Server.Access;
using Shithub.Actions.Server.Http;
using Shithub.Actions.Server.Repositories;
using Shithub.Actions.Server.Runs;
using Shithub.Actions.Server.Web.Pages;

namespace Shithub.Actions.Server.Web;

/// <summary>The lists: of repositories, and of one repository's runs.</summary>
public static class RepositoryPages
{
    private const int RepositoriesMax = 200;
    private const int RunsPerPage = 25;

    public static void MapRepositoryPages(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/", HomeAsync);
        routes.MapGet("/{owner}", OwnerAsync);
        routes.MapGet("/{owner}/{repo}", RepositoryAsync);
        routes.MapGet("/{owner}/{repo}/actions", RunsAsync);
    }

    private static async Task<IResult> HomeAsync(
        HttpContext http, PageResults pages, VisibleRepositories repositories, CancellationToken cancellation)
    {
        var frame = await pages.FrameAsync(http, cancellation);
        return List(frame, null, await repositories.ListAsync(frame.Viewer, null, RepositoriesMax + 1, cancellation));
    }

    private static async Task<IResult> OwnerAsync(
        HttpContext http, string owner, PageResults pages, VisibleRepositories repositories, CancellationToken cancellation)
    {
        var frame = await pages.FrameAsync(http, cancellation);
        var visible = OwnerName.IsValid(owner) ? await repositories.ListAsync(frame.Viewer, owner, RepositoriesMax + 1, cancellation) : [];
        // An owner without anything to see is not told from nobody.
        return visible.Count == 0 ? PageResults.NotFound(frame) : List(frame, visible[0].FullName.Split('/')[0], visible);
    }

    private static IResult List(PageFrame frame, string? owner, IReadOnlyList<ListedRepository> visible) => PageResults.Show<HomePage>(
        StatusCodes.Status200OK,
        (nameof(HomePage.Frame), frame),
        (nameof(HomePage.Owner), owner),
        (nameof(HomePage.Repositories), visible.Take(RepositoriesMax).ToList()),
        (nameof(HomePage.HasMore), visible.Count > RepositoriesMax));

    private static async Task<IResult> RepositoryAsync(
        HttpContext http, string owner, string repo, PageResults pages, RepositoryAccess access, RepositoryStore repositories,
        CommitChecks checks, PublicUrl url, CancellationToken cancellation)
    {
        // The clone address, opened in a browser.
        if (repo.EndsWith(".git", StringComparison.OrdinalIgnoreCase))
            return SeeOther.To($"/{Uri.EscapeDataString(owner)}/{Uri.EscapeDataString(repo[..^4])}");
        var frame = await pages.FrameAsync(http, cancellation);
        if (await access.FindAsync(frame.Viewer, owner, repo, cancellation) is not { Repository: var repository })
            return PageResults.NotFound(frame);
        var head = await repositories.Open(repository.Id).FindCommitAsync(RefName.Branches + repository.DefaultBranch, cancellation);
        return PageResults.Show<RepositoryPage>(
            StatusCodes.Status200OK,
            (nameof(RepositoryPage.Frame), frame),
            (nameof(RepositoryPage.Repository), repository),
            (nameof(RepositoryPage.CloneAddress), url.Of($"{repository.FullName}.git")),
            (nameof(RepositoryPage.HeadSha), head),
            (nameof(RepositoryPage.Check), head is null ? null : await checks.OfCommitAsync(repository.Id, head, cancellation)));
    }

    private static async Task<IResult> RunsAsync(
        HttpContext http, string owner, string repo, string? workflow, long? before, PageResults pages, RepositoryAccess access,
        ReadRuns runs, CommitChecks checks, CancellationToken cancellation)
    {
        var frame = await pages.FrameAsync(http, cancellation);
        if (await access.FindAsync(frame.Viewer, owner, repo, cancellation) is not { Repository: var repository } visible)
            return PageResults.NotFound(frame);
        // PostgreSQL has no text with NUL, so no run has such a file.
        workflow = string.IsNullOrEmpty(workflow) || workflow.Contains('\0', StringComparison.Ordinal) ? null : workflow;
        var page = await runs.ListAsync(repository.Id, before, RunsPerPage + 1, null, workflow, cancellation);
        return PageResults.Show<RunsPage>(
            StatusCodes.Status200OK,
            (nameof(RunsPage.Frame), frame),
            (nameof(RunsPage.Repository), repository),
            (nameof(RunsPage.MayWrite), visible.Permission >= Permission.Write),
            (nameof(RunsPage.Runs), page.Take(RunsPerPage).ToList()),
            (nameof(RunsPage.HasMore), page.Count > RunsPerPage),
            (nameof(RunsPage.Workflows), await checks.WorkflowFilesAsync(repository.Id, cancellation)),
            (nameof(RunsPage.Workflow), workflow),
            (nameof(RunsPage.Before), before));
    }
}
