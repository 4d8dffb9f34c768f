using System.Text.Json.Nodes;

namespace Shithub.Actions.Workflows;

/// <summary>What of the context <c>github</c> people outside choose.</summary>
public static class ContextTaint
{
    // Branch names are chosen by whoever pushes or opens a pull request; the payload has titles, bodies and messages.
    private static readonly HashSet<string> Properties = new(StringComparer.OrdinalIgnoreCase)
    {
        "event", "ref", "ref_name", "head_ref", "base_ref", "workflow_ref", "merge_group",
    };

    /// <param name="property">A member of <c>github</c>.</param>
    public static bool IsTainted(string property) => Properties.Contains(property);

    /// <summary>JSON pointers to the tainted members of <c>github</c>, from the object that holds it.</summary>
    public static IEnumerable<string> Pointers(JsonObject github)
    {
        ArgumentNullException.ThrowIfNull(github);
        return github.Select(member => member.Key).Where(IsTainted).Select(name => "/github/" + name);
    }
}
