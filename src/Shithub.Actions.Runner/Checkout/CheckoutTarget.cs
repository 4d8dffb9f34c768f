using System.Text.RegularExpressions;
using Shithub.Actions.Protocol;
using Shithub.Actions.Runner.Jobs;

namespace Shithub.Actions.Runner.Checkout;

/// <summary>The commit to check out, and the names that it gets in the workspace.</summary>
/// <param name="Id">A commit, or an annotated tag.</param>
/// <param name="LocalRef">The ref that stands for it, in full; null: none.</param>
/// <param name="Branch">The branch to be on, without <c>refs/heads/</c>; null: none.</param>
internal sealed partial record CheckoutTarget(string Id, string? LocalRef, string? Branch)
{
    /// <summary>What later commits of the same kind will build on.</summary>
    public string Line => LocalRef ?? Id;

    /// <summary>The run's commit, also if its branch or tag has moved on.</summary>
    public static CheckoutTarget OfRun(ClaimedJob job) => OfRef(job.HeadRef, job.HeadSha);

    public static CheckoutTarget OfId(string id) => new(id, null, null);

    public static bool IsId(string text) => Id40Or64().IsMatch(text);

    /// <param name="name">A branch or tag, short or in full; null: the default branch.</param>
    /// <exception cref="GitMirrorException">The server has none, or does not say.</exception>
    public static async Task<CheckoutTarget> FindAsync(GitMirror mirror, GitRemote remote, string? name, CancellationToken cancellationToken)
    {
        string[] names = name is null ? ["HEAD"]
            : name.StartsWith("refs/", StringComparison.Ordinal) ? [name]
            : [GitRef.Heads + name, GitRef.Tags + name];
        var listed = await mirror.ListAsync(remote, names, cancellationToken);
        var found = names.Select(wanted => listed.FirstOrDefault(candidate => candidate.Name == wanted)).FirstOrDefault(candidate => candidate is not null)
            ?? throw new GitMirrorException(name is null ? "it has no commits" : $"it has no branch or tag '{name}'");
        return OfRef(found.Target ?? found.Name, found.Id);
    }

    /// <summary>As git clone and GitHub's action leave it.</summary>
    private static CheckoutTarget OfRef(string name, string id)
    {
        if (name.StartsWith(GitRef.Heads, StringComparison.Ordinal))
        {
            var branch = GitRef.ShortName(name);
            return new CheckoutTarget(id, $"refs/remotes/origin/{branch}", branch);
        }

        return name.StartsWith(GitRef.Tags, StringComparison.Ordinal) ? new CheckoutTarget(id, name, null)
            : name.StartsWith("refs/pull/", StringComparison.Ordinal) ? new CheckoutTarget(id, $"refs/remotes/{name["refs/".Length..]}", null)
            : OfId(id);
    }

    [GeneratedRegex(@"\A(?:[0-9a-f]{40}|[0-9a-f]{64})\z")]
    private static partial Regex Id40Or64();
}
