using System.Globalization;
using Shithub.Actions.Server.Access;
using Shithub.Actions.Server.Repositories;
using Shithub.Actions.Server.Triggers;
using Shithub.Actions.Server.Web.Pages;
using Shithub.Actions.Workflows;

namespace Shithub.Actions.Server.Web;

/// <summary>Starting a workflow by hand: a form with the inputs that the workflow declares, checked as the API checks them.</summary>
public static class DispatchPages
{
    private const string Route = "/{owner}/{repo}/actions/dispatch";
    private const string InputPrefix = "input.";

    /// <summary>Characters take up to nine bytes in a form (<c>%E2%82%AC</c>), and the names come on top.</summary>
    private const int FormBytesMax = (WorkflowLimits.MaxDispatchPayload * 9) + (64 * 1024);

    public static void MapDispatchPages(this IEndpointRouteBuilder routes)
    {
        routes.MapGet(Route, ShowAsync);
        routes.MapPost(Route, StartAsync);
    }

    private static async Task<IResult> ShowAsync(
        HttpContext http, string owner, string repo, string? workflow, PageResults pages, RepositoryAccess access,
        RepositoryStore repositories, CancellationToken cancellation)
    {
        var frame = await pages.FrameAsync(http, cancellation);
        if (await access.FindAsync(frame.Viewer, owner, repo, cancellation) is not { } visible)
            return PageResults.NotFound(frame);
        if (visible.Permission < Permission.Write)
            return PageResults.Forbidden(frame, "start workflows");
        string? reference = http.Request.Query["ref"];
        return await FormAsync(
            frame, visible.Repository, string.IsNullOrWhiteSpace(reference) ? visible.Repository.DefaultBranch : reference.Trim(), workflow,
            [], null, repositories, cancellation);
    }

    private static async Task<IResult> StartAsync(
        HttpContext http, string owner, string repo, PageResults pages, RepositoryAccess access, RepositoryStore repositories,
        DispatchWorkflow dispatch, CancellationToken cancellation)
    {
        var frame = await pages.FrameAsync(http, cancellation);
        if (!Authenticator.IsFromOwnPage(http.Request))
            return PageResults.ForeignForm(frame);
        if (await access.FindAsync(frame.Viewer, owner, repo, cancellation) is not { } visible)
            return PageResults.NotFound(frame);
        if (visible.Permission < Permission.Write || frame.Viewer is not { } viewer)
            return PageResults.Forbidden(frame, "start workflows");
        var form = await PageForm.ReadAsync(http.Request, FormBytesMax, cancellation);
        var (workflow, reference) = (form["workflow"].ToString(), form["ref"].ToString());
        var inputs = form.Keys
            .Where(key => key.StartsWith(InputPrefix, StringComparison.Ordinal))
            .ToDictionary(key => key[InputPrefix.Length..], key => form[key].ToString(), StringComparer.Ordinal);
        var outcome = await dispatch.ExecuteAsync(visible.Repository, viewer, workflow, reference, inputs, null, cancellation);
        return outcome.Run is { } run
            ? SeeOther.To(string.Create(CultureInfo.InvariantCulture, $"/{visible.Repository.FullName}/actions/runs/{run.RunIndex}"))
            : await FormAsync(frame, visible.Repository, reference, workflow, inputs, outcome.Detail, repositories, cancellation);
    }

    private static async Task<IResult> FormAsync(
        PageFrame frame, Repository repository, string reference, string? workflow, Dictionary<string, string> given, string? complaint,
        RepositoryStore repositories, CancellationToken cancellation)
    {
        var git = repositories.Open(repository.Id);
        var head = await DispatchWorkflow.ResolveAsync(git, reference, cancellation);
        var files = head is { } found ? await WorkflowFiles.ReadAllAsync(git, found.Sha, repository.GitHubWorkflows, cancellation) : [];
        var forms = files
            .Where(file => file.Parsed.Workflow?.On.WorkflowDispatch is not null)
            .Select(file => new DispatchForm(
                file.Path, file.Parsed.Workflow!.DisplayName, file.Parsed.Workflow.On.WorkflowDispatch!.Inputs))
            .ToList();
        return PageResults.Show<DispatchPage>(
            complaint is null ? StatusCodes.Status200OK : StatusCodes.Status422UnprocessableEntity,
            (nameof(DispatchPage.Frame), frame),
            (nameof(DispatchPage.Repository), repository),
            (nameof(DispatchPage.Reference), reference),
            (nameof(DispatchPage.HasReference), head is not null),
            (nameof(DispatchPage.Forms), forms),
            (nameof(DispatchPage.Workflow), workflow),
            (nameof(DispatchPage.Given), given),
            (nameof(DispatchPage.Complaint), complaint));
    }
}

/// <summary>A workflow that can be started by hand, and what it asks for.</summary>
public sealed record DispatchForm(string Path, string Name, IReadOnlyList<DispatchInput> Inputs);
