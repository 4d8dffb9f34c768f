using System.Globalization;
using System.Text;
using Shithub.Actions.Runner.Jobs;
using Shithub.Actions.Runner.Logs;
using Shithub.Actions.Runner.Sandbox;

namespace Shithub.Actions.Runner.Checkout;

/// <summary>
/// Makes a folder the working tree of a repository at one commit: fetches into the repository's mirror, copies what was asked for from there,
/// and checks it out as the steps' user. The new repository knows nothing of the mirror and holds no credentials.
/// </summary>
internal sealed class TreeWriter(CheckoutHost host, UserIds user, CheckoutBudget budget, LogStream log)
{
    /// <summary>What git says when a server keeps a repository to itself.</summary>
    private static readonly string[] Refusals = ["could not read Username", "Authentication failed", "not found"];

    private readonly GitProcess _git = new(user, host.Mirrors.FileBytesMax);

    public GitProcess Git => _git;

    /// <param name="find">Finds out what to check out; asks the server only through the mirror.</param>
    /// <param name="folder">Empty, or not there; no step can touch it or a folder above it meanwhile.</param>
    /// <param name="existing">A folder that is there: <paramref name="folder"/> or one above it.</param>
    /// <exception cref="CheckoutException">It can't be had; the message is for the author.</exception>
    public async Task<WrittenTree> WriteAsync(
        GitRemote remote, Func<GitMirror, Task<CheckoutTarget>> find, TreeOptions options, string folder, string existing,
        CancellationToken cancellationToken)
    {
        var target = await FetchAsync(remote, find, options, folder, existing, cancellationToken);
        try
        {
            var commit = target.Branch is null ? await HeadAsync(folder, target.Id, cancellationToken) : target.Id;
            var contents = await TreeContents.ReadAsync(_git, folder, commit, budget, cancellationToken);
            if (options.Sparse is { } sparse) await LimitAsync(folder, sparse, cancellationToken);
            await CheckOutAsync(folder, target, commit, cancellationToken);
            return new WrittenTree(commit, contents);
        }
        catch (GitMirrorException e)
        {
            throw new CheckoutException($"commit {target.Id} of {remote.Address} could not be checked out: {e.Message}");
        }
    }

    /// <summary>A mirror that turns out to be damaged is replaced; whether it is, a fetch without it tells.</summary>
    private async Task<CheckoutTarget> FetchAsync(
        GitRemote remote, Func<GitMirror, Task<CheckoutTarget>> find, TreeOptions options, string folder, string existing,
        CancellationToken cancellationToken)
    {
        try
        {
            var damaged = false;
            await using (var mirror = await host.Mirrors.RentAsync(remote, kept: true, cancellationToken))
            {
                var before = mirror.PackBytes();
                try
                {
                    var target = await FillAsync(mirror, remote, find, options, folder, existing, cancellationToken);
                    if (mirror.IsKept)
                    {
                        await log.WriteLineAsync(
                            string.Create(CultureInfo.InvariantCulture, $"Transferred {(mirror.PackBytes() - before + 1023) / 1024} KiB; what else was needed was on this host."),
                            cancellationToken);
                    }

                    return target;
                }
                catch (GitMirrorException) when (before > 0)
                {
                    damaged = true;
                }
            }

            await using (var fresh = await host.Mirrors.RentAsync(remote, kept: false, cancellationToken))
            {
                var target = await FillAsync(fresh, remote, find, options, folder, existing, cancellationToken);
                if (damaged) await host.Mirrors.DropAsync(remote, cancellationToken);
                return target;
            }
        }
        catch (GitMirrorException e)
        {
            throw new CheckoutException(Explain(remote, options.What, e.Message));
        }
    }

    private async Task<CheckoutTarget> FillAsync(
        GitMirror mirror, GitRemote remote, Func<GitMirror, Task<CheckoutTarget>> find, TreeOptions options, string folder, string existing,
        CancellationToken cancellationToken)
    {
        var target = await find(mirror);
        var others = await mirror.FetchAsync(remote, target.Id, options.Depth, options.Tags, target.Line, cancellationToken);
        var git = Path.Combine(folder, ".git");
        if (Directory.Exists(git)) await JobWorkspace.RemoveFolderAsync(git, cancellationToken);
        await GitAsync(existing, ["init", "--quiet", "--template=", "--", folder], cancellationToken);
        await File.AppendAllTextAsync(Path.Combine(git, "config"), Remote(remote), cancellationToken);
        var refs = others.ToDictionary(other => other.Name, other => other.Id, StringComparer.Ordinal);
        if (target.LocalRef is { } name) refs[name] = target.Id;
        string[] ids = [target.Id, .. refs.Values];
        await mirror.CopyAsync(ids, _git, new GitCall(folder, ["index-pack", "--stdin"]), cancellationToken);
        await WriteShallowAsync(folder, await mirror.ShallowAsync(ids, options.Depth, cancellationToken), cancellationToken);
        await WriteRefsAsync(folder, refs, cancellationToken);
        return target;
    }

    private async Task WriteShallowAsync(string folder, IReadOnlyList<string> commits, CancellationToken cancellationToken)
    {
        if (commits.Count == 0) return;
        var file = Path.Combine(folder, ".git", "shallow");
        await File.WriteAllTextAsync(file, string.Concat(commits.Select(commit => commit + "\n")), cancellationToken);
        JobWorkspace.Give(file, user);
    }

    private async Task WriteRefsAsync(string folder, Dictionary<string, string> refs, CancellationToken cancellationToken)
    {
        if (refs.Count == 0) return;
        // Names that differ in a way that files can't, such as a and a/b, are no names of one server.
        var input = Encoding.UTF8.GetBytes(string.Concat(refs.Select(entry => $"create {entry.Key}\0{entry.Value}\0")));
        var result = await _git.RunAsync(
            new GitCall(folder, ["update-ref", "--stdin", "-z"]) { Write = (stdin, token) => stdin.WriteAsync(input, token).AsTask() },
            cancellationToken);
        if (!result.Succeeded) throw new CheckoutException($"the refs could not be written: {result.Error}");
    }

    private async Task LimitAsync(string folder, SparseCheckout sparse, CancellationToken cancellationToken)
    {
        var input = Encoding.UTF8.GetBytes(string.Concat(sparse.Patterns.Select(pattern => pattern + "\n")));
        var result = await _git.RunAsync(
            new GitCall(folder, ["sparse-checkout", "set", sparse.Cone ? "--cone" : "--no-cone", "--skip-checks", "--stdin"])
            {
                Write = (stdin, token) => stdin.WriteAsync(input, token).AsTask(),
            },
            cancellationToken);
        if (!result.Succeeded) throw new CheckoutException($"sparse-checkout is refused by git: {result.Error}");
    }

    private async Task CheckOutAsync(string folder, CheckoutTarget target, string commit, CancellationToken cancellationToken)
    {
        // Git has such branches, but its command line takes their names for something else.
        string[] where = target.Branch is not { } branch || branch is "HEAD" or "@" || branch.StartsWith('-')
            ? ["--detach", commit]
            : ["-B", branch, target.LocalRef!];
        var result = await _git.RunAsync(new GitCall(folder, ["checkout", "--quiet", "--force", .. where]), cancellationToken);
        if (result.ExitCode == GitProcess.TooLarge)
            throw new CheckoutException("a file is larger than runner.checkout_bytes allows.");
        if (!result.Succeeded) throw new CheckoutException($"git could not write the files: {result.Error}");
    }

    /// <summary>The commit of a tag.</summary>
    private async Task<string> HeadAsync(string folder, string id, CancellationToken cancellationToken)
    {
        var (result, output) = await _git.AskAsync(
            new GitCall(folder, ["rev-parse", "--verify", "--quiet", $"{id}^{{commit}}"]), 1024, cancellationToken);
        return result.Succeeded ? Encoding.ASCII.GetString(output).Trim() : throw new GitMirrorException($"{id} is not a commit.");
    }

    private async Task GitAsync(string folder, string[] arguments, CancellationToken cancellationToken)
    {
        var call = new GitCall(folder, arguments);
        var result = await _git.RunAsync(call, cancellationToken);
        if (!result.Succeeded) throw new CheckoutException($"git {call.Name} failed: {result.Error}");
    }

    /// <summary>As 'git remote add' writes it.</summary>
    private static string Remote(GitRemote remote) =>
        $"[remote \"origin\"]\n\turl = {remote.Address}\n\tfetch = +{GitRef.Heads}*:refs/remotes/origin/*\n";

    private static string Explain(GitRemote remote, string what, string reason)
    {
        var refused = Refusals.Any(text => reason.Contains(text, StringComparison.Ordinal));
        return remote.Token is null && refused
            ? $"{what} could not be fetched from {remote.Address}: there is no such repository on this server, or it is private. A job reads its own "
                + "repository and those that are public."
            : $"{what} could not be fetched from {remote.Address}: {reason}";
    }
}

/// <param name="What">What is fetched, for messages.</param>
/// <param name="Depth">How many commits; 0: all of them, of all branches and tags.</param>
/// <param name="Tags">All tags, too.</param>
internal sealed record TreeOptions(string What, int Depth, bool Tags, SparseCheckout? Sparse);

/// <param name="Cone">The patterns are folders; else they are like those of <c>.gitignore</c>.</param>
internal sealed record SparseCheckout(IReadOnlyList<string> Patterns, bool Cone);

internal sealed record WrittenTree(string Commit, TreeContents Contents);
