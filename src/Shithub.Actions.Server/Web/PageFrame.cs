using Shithub.Actions.Server.Access;

namespace Shithub.Actions.Server.Web;

/// <summary>What every page shows around its contents.</summary>
/// <param name="Viewer">Null for a visitor who is not signed in.</param>
/// <param name="Address">The page's own path and query, to come back to after signing in.</param>
/// <param name="Now">For ages and durations.</param>
public sealed record PageFrame(Actor? Viewer, string Address, DateTime Now)
{
    public string LoginAddress => $"/login?return_to={Uri.EscapeDataString(Address)}";
}
