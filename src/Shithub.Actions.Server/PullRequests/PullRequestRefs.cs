using System.Globalization;
using System.Text;
using Shithub.Actions.Server.Repositories;

namespace Shithub.Actions.Server.PullRequests;

/// <summary>
/// Makes git agree with what the database says of a pull request: <c>refs/pull/&lt;n&gt;/head</c>, <c>refs/pull/&lt;n&gt;/merge</c>. It may run
/// any number of times, on several servers at once; it is run for every event before the event's runs are made, so nothing is lost if it
/// was not run when the pull request changed.
/// </summary>
public sealed class PullRequestRefs(GitProcess git, RepositoryStore repositories)
{
    /// <summary>Where a push to <c>refs/for/</c> lands until its pull request is known.</summary>
    public static string IncomingRef(Guid push) => $"refs/incoming/{push:N}";

    /// <summary>Fetches the head from its fork if need be, and moves the refs.</summary>
    /// <param name="pushId">A push to <c>refs/for/</c> whose own ref is needed no more.</param>
    public async Task MirrorAsync(PullRequest pull, Guid? pushId, CancellationToken cancellation)
    {
        var repository = repositories.Open(pull.RepoId);
        if (await repository.FindCommitAsync(pull.HeadSha, cancellation) is null && pull.HeadRepoId is { } fork && fork != pull.RepoId)
        {
            // By its id: a branch may have moved on, and the pull request with it.
            (await git.RunAsync(
                [
                    $"--git-dir={repository.Path}", "-c", "fetch.fsckObjects=true", "fetch", "--quiet", "--no-tags", "--no-write-fetch-head",
                    "--no-auto-maintenance", "--end-of-options", repositories.Open(fork).Path, pull.HeadSha,
                ],
                default, 64 * 1024, cancellation)).OrThrow("fetch");
        }

        await UpdateAsync(repository, $"update {pull.HeadRef} {pull.HeadSha}\n", cancellation);
        if (pushId is { } push)
            await UpdateAsync(repository, $"delete {IncomingRef(push)}\n", cancellation);
    }

    /// <summary>Deletes the ref of a push that proposed nothing.</summary>
    public Task DropIncomingAsync(long repoId, Guid push, CancellationToken cancellation) =>
        UpdateAsync(repositories.Open(repoId), $"delete {IncomingRef(push)}\n", cancellation);

    /// <summary>The merge of a head into its base, the same commit for the same two, at <c>refs/pull/&lt;n&gt;/merge</c>.</summary>
    /// <param name="isCurrent">The head is the pull request's, so that its ref may move.</param>
    /// <returns>Null where they conflict: jobs then check the head out.</returns>
    public async Task<string?> MergeAsync(PullRequest pull, string baseSha, string headSha, bool isCurrent, CancellationToken cancellation)
    {
        var repository = repositories.Open(pull.RepoId);
        string[] gitDir = [$"--git-dir={repository.Path}"];
        var tree = await git.RunAsync(
            [.. gitDir, "merge-tree", "--write-tree", "--no-messages", "--allow-unrelated-histories", baseSha, headSha], default, 1024 * 1024, cancellation);
        if (tree.ExitCode != 0 || tree.IsCut)
            return null;
        var commits = await repository.ReadCommitsAsync(headSha, null, 1, cancellation);
        // Nothing of it is anybody's but the tree, so that whoever makes it makes the same one.
        var commit = string.Create(
            CultureInfo.InvariantCulture,
            $"tree {Encoding.ASCII.GetString(tree.Output).Trim()}\nparent {baseSha}\nparent {headSha}\n" +
            $"author shithub <noreply@shithub> {Seconds(commits)} +0000\ncommitter shithub <noreply@shithub> {Seconds(commits)} +0000\n\n" +
            $"Merge {headSha} into {baseSha}\n");
        var written = (await git.RunAsync(
            [.. gitDir, "hash-object", "-t", "commit", "-w", "--stdin"], Encoding.ASCII.GetBytes(commit), 4096, cancellation)).OrThrow("hash-object");
        var sha = Encoding.ASCII.GetString(written.Output).Trim();
        if (isCurrent)
            await UpdateAsync(repository, $"update {pull.MergeRef} {sha}\n", cancellation);
        return sha;
    }

    /// <summary>The numbers of the pull requests whose heads a commit contains.</summary>
    public async Task<IReadOnlyList<int>> ContainedAsync(long repoId, string sha, CancellationToken cancellation)
    {
        var listed = await git.RunAsync(
            [$"--git-dir={repositories.Open(repoId).Path}", "for-each-ref", $"--merged={sha}", "--format=%(refname)", "refs/pull/"],
            default, 4 * 1024 * 1024, cancellation);
        return listed.ExitCode != 0 || listed.IsCut
            ? []
            : [.. Encoding.UTF8.GetString(listed.Output).Split('\n').Select(Number).OfType<int>()];
    }

    private static int? Number(string name) =>
        name.Split('/') is ["refs", "pull", var number, "head"] && int.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var found)
            ? found
            : null;

    private static long Seconds(IReadOnlyList<GitCommit> commits) =>
        commits is [var commit] && DateTimeOffset.TryParse(commit.Committer.Date, CultureInfo.InvariantCulture, out var at) && at > DateTimeOffset.UnixEpoch
            ? at.ToUnixTimeSeconds()
            : 0;

    private async Task UpdateAsync(GitRepository repository, string commands, CancellationToken cancellation)
    {
        var result = await git.RunAsync(
            [$"--git-dir={repository.Path}", "-c", "user.name=shithub", "-c", "user.email=noreply@shithub", "update-ref", "--stdin"],
            Encoding.ASCII.GetBytes(commands), 4096, cancellation);
        // Somebody else at the same ref at the same moment writes the same.
        if (result.ExitCode != 0 && !result.Error.Contains("cannot lock ref", StringComparison.Ordinal))
            result.OrThrow("update-ref");
    }
}
