using Shithub.Actions.Server.Web.LogView;

namespace Shithub.Actions.Server.Web;

/// <summary>The pages for people: server-rendered, whole without a script, live with one.</summary>
public static class WebPages
{
    public static IServiceCollection AddWebPages(this IServiceCollection services)
    {
        services.AddExceptionHandler<PageErrors>();
        return services
            .AddSingleton<PageResults>()
            .AddSingleton<VisibleRepositories>()
            .AddSingleton<CommitChecks>()
            .AddSingleton<PullPageSources>()
            .AddSingleton<ReadRunView>()
            .AddSingleton<LogTail>()
            .AddSingleton<LogNews>();
    }

    /// <summary>Maps all pages. Call it after the endpoints of the API, git and health; it also answers browsers at unknown addresses.</summary>
    public static void MapWebPages(this WebApplication app)
    {
        app.UseWhen(context => PageErrors.IsForBrowser(context.Request), browser => browser.UseStatusCodePages(async status =>
        {
            var http = status.HttpContext;
            var frame = await http.RequestServices.GetRequiredService<PageResults>().FrameAsync(http, http.RequestAborted);
            var code = http.Response.StatusCode;
            var page = code == StatusCodes.Status404NotFound
                ? PageResults.NotFound(frame)
                : PageResults.Error(frame, code, "That did not work", "Go back, check the address and the form, and try again.");
            PageSecurity.SetHeaders(http.Response);
            await page.ExecuteAsync(http);
        }));
        app.MapPageAssets();
        var pages = app.MapGroup("").ExcludeFromDescription();
        pages.AddEndpointFilter(async (context, next) =>
        {
            PageSecurity.SetHeaders(context.HttpContext.Response);
            return await next(context);
        });
        pages.MapSignInPages();
        pages.MapAuditPages();
        pages.MapRepositoryPages();
        pages.MapRunPages();
        pages.MapDispatchPages();
        pages.MapPullPages();
        pages.MapApprovalPages();
    }
}
