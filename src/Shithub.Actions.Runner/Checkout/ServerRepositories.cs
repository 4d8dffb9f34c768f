using System.Text.RegularExpressions;
using Shithub.Actions.Protocol;

namespace Shithub.Actions.Runner.Checkout;

/// <summary>
/// The repositories of the job's server, as the job may fetch them: its own with its token, others as anybody may. The token is good for
/// the own one only, so nobody else's is ever asked for with it, and no other server is asked at all.
/// </summary>
internal sealed partial class ServerRepositories
{
    private readonly ClaimedJob _job;
    private readonly Uri _root;

    public ServerRepositories(ClaimedJob job)
    {
        _job = job;
        var own = new Uri(job.CheckoutUrl);
        _root = new Uri(own, "../");
        Own = new GitRemote(own, job.CheckoutToken, job.Repository, FormattableString.Invariant($"{job.ServerUrl} repository {job.RepoId}"));
    }

    public GitRemote Own { get; }

    /// <param name="name"><c>owner/name</c></param>
    public GitRemote Find(string name) => name.Equals(_job.Repository, StringComparison.OrdinalIgnoreCase)
        ? Own
        : new GitRemote(new Uri(_root, name + ".git"), null, name, $"{_job.ServerUrl} public {name.ToLowerInvariant()}");

    /// <summary>Whether it could be the name of a repository: <c>owner/name</c>. Nothing else ever becomes part of an address.</summary>
    public static bool IsName(string text) => FullName().IsMatch(text) && !text.EndsWith(".git", StringComparison.OrdinalIgnoreCase);

    /// <summary>The repository that a submodule's address stands for.</summary>
    /// <param name="address">As <c>.gitmodules</c> has it: whatever somebody wrote.</param>
    /// <param name="parent">The repository that it is a submodule of.</param>
    /// <returns>Null if it is not one of this server.</returns>
    public GitRemote? Resolve(string address, GitRemote parent) =>
        (IsRelative(address) ? Relative(address, parent.Name) : Absolute(address)) is { } name && IsName(name) ? Find(name) : null;

    private static bool IsRelative(string address) =>
        address.StartsWith("./", StringComparison.Ordinal) || address.StartsWith("../", StringComparison.Ordinal);

    /// <summary>As git does: each <c>../</c> takes a part away from the parent's address.</summary>
    private static string? Relative(string address, string parent)
    {
        var parts = parent.Split('/').ToList();
        while (IsRelative(address))
        {
            if (address.StartsWith("./", StringComparison.Ordinal))
            {
                address = address[2..];
                continue;
            }

            if (parts.Count == 0) return null;
            parts.RemoveAt(parts.Count - 1);
            address = address[3..];
        }

        return WithoutSuffix(string.Join('/', [.. parts, address]));
    }

    private string? Absolute(string address)
    {
        if (address.Any(c => c is <= ' ' or '\\' or '\x7f')
            || !Uri.TryCreate(address, UriKind.Absolute, out var url) || url.Scheme is not ("http" or "https")
            || url is not { UserInfo: "", Query: "", Fragment: "" })
            return null;
        foreach (var root in new[] { _root, new Uri(_job.ServerUrl.TrimEnd('/') + "/") })
        {
            if (root.GetLeftPart(UriPartial.Authority).Equals(url.GetLeftPart(UriPartial.Authority), StringComparison.OrdinalIgnoreCase)
                && url.AbsolutePath.StartsWith(root.AbsolutePath, StringComparison.Ordinal)
                && WithoutSuffix(url.AbsolutePath[root.AbsolutePath.Length..]) is { } name && IsName(name))
                return name;
        }

        return null;
    }

    private static string WithoutSuffix(string path)
    {
        path = path.TrimEnd('/');
        return path.EndsWith(".git", StringComparison.OrdinalIgnoreCase) ? path[..^".git".Length] : path;
    }

    [GeneratedRegex(@"\A[A-Za-z0-9_][A-Za-z0-9._-]{0,99}/[A-Za-z0-9_][A-Za-z0-9._-]{0,99}\z")]
    private static partial Regex FullName();
}
