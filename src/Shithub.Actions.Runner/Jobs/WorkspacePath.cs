using Shithub.Actions.Runner.Sandbox;

namespace Shithub.Actions.Runner.Jobs;

/// <summary>Paths that authors give relative to the workspace.</summary>
internal static class WorkspacePath
{
    /// <returns>The path below the workspace, without leading or trailing slash; null if it would leave the workspace.</returns>
    public static string? Relative(string? path)
    {
        if (path is null) return "";
        if (path.Contains('\0', StringComparison.Ordinal)) return null;
        if (path == ContainerPaths.Workspace) return "";
        if (path.StartsWith(ContainerPaths.Workspace + "/", StringComparison.Ordinal)) path = path[(ContainerPaths.Workspace.Length + 1)..];
        if (path.StartsWith('/')) return null;
        var parts = new List<string>();
        foreach (var part in path.Split('/'))
        {
            switch (part)
            {
                case "" or ".":
                    break;
                case "..":
                    if (parts.Count == 0) return null;
                    parts.RemoveAt(parts.Count - 1);
                    break;
                default:
                    parts.Add(part);
                    break;
            }
        }

        return string.Join('/', parts);
    }

    public static string InContainer(string relative) =>
        relative.Length == 0 ? ContainerPaths.Workspace : $"{ContainerPaths.Workspace}/{relative}";
}
