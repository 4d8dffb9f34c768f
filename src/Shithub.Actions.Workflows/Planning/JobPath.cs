using System.Globalization;

namespace Shithub.Actions.Workflows.Planning;

/// <summary>
/// Names a job within its run: <c>build</c>, <c>test[2]</c> (the third leg of a matrix), <c>deploy/publish</c> (a job of the workflow
/// that <c>deploy</c> calls), <c>deploy[0]/publish[1]</c>. Ids of jobs have neither <c>/</c> nor <c>[</c>.
/// </summary>
internal static class JobPath
{
    public static string Leg(string node, int index) => string.Create(CultureInfo.InvariantCulture, $"{node}[{index}]");

    /// <summary>What the paths of a called workflow's jobs begin with.</summary>
    public static string Inside(string call) => call + "/";

    /// <summary>The node that an instance belongs to: the path without the index of its last part.</summary>
    public static string NodeOf(string path) => path[^1] == ']' ? path[..path.LastIndexOf('[')] : path;

    /// <summary>The prefix of the workflow that the path is in: "" for the run's own.</summary>
    public static string ScopeOf(string path) => path[..(path.LastIndexOf('/') + 1)];

    /// <summary>The key of the job in its file.</summary>
    public static string KeyOf(string path) => NodeOf(path)[ScopeOf(path).Length..];

    /// <summary>The path of the call that a scope belongs to.</summary>
    public static string CallOf(string scope) => scope[..^1];
}
