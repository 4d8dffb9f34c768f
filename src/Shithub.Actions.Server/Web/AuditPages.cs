using System.Globalization;
using Shithub.Actions.Server.Audit;
using Shithub.Actions.Server.Web.Pages;

namespace Shithub.Actions.Server.Web;

/// <summary>The audit log, for site admins. For others there is no such page.</summary>
public static class AuditPages
{
    private const int PerPage = 50;

    public static void MapAuditPages(this IEndpointRouteBuilder routes) => routes.MapGet("/-/audit", ShowAsync);

    private static async Task<IResult> ShowAsync(HttpContext http, PageResults pages, ReadAudit audit, CancellationToken cancellation)
    {
        var frame = await pages.FrameAsync(http, cancellation);
        if (frame.Viewer is not { MayAdministerSite: true })
            return PageResults.NotFound(frame);
        long? before = long.TryParse(http.Request.Query["before"], NumberStyles.None, CultureInfo.InvariantCulture, out var id) ? id : null;
        var entries = await audit.ListAsync(before, null, null, PerPage + 1, cancellation);
        return PageResults.Show<AuditPage>(
            StatusCodes.Status200OK,
            (nameof(AuditPage.Frame), frame),
            (nameof(AuditPage.Entries), entries.Take(PerPage).ToList()),
            (nameof(AuditPage.IsFirst), before is null),
            (nameof(AuditPage.Next), entries.Count > PerPage ? entries[PerPage - 1].Id : null));
    }
}
