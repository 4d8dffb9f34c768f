using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Shithub.Actions.Runner.Jobs;

namespace Shithub.Actions.Runner.Checkout;

/// <summary>
/// A bare repository on the host, for as long as one checkout has it for itself. It holds what earlier checkouts fetched, so that only what
/// is new is transferred. The server is asked for every commit each time, with the token of the job (<c>--depth</c> makes git do so even
/// where it has the commit): what it refuses is not handed out, whatever the mirror has. And only what is reachable from what it granted is
/// copied on.
/// </summary>
internal sealed class GitMirror(GitProcess git, string folder, bool isKept, Func<GitMirror, Task> giveBack) : IAsyncDisposable
{
    /// <summary>As many depths are the whole history to git.</summary>
    private const int Infinite = int.MaxValue;

    /// <summary>Heads that are remembered to tell the server what is there; a bound, not a limit.</summary>
    private const int Tips = 256;

    private const int ListingBytesMax = 64 * 1024 * 1024;

    /// <summary>Others may use it later; else it goes when it is given back.</summary>
    public bool IsKept => isKept;

    public string Folder => folder;

    /// <summary>The refs that a name may mean, as the server has them now.</summary>
    /// <exception cref="GitMirrorException">The server does not say.</exception>
    public async Task<IReadOnlyList<RemoteRef>> ListAsync(GitRemote remote, IReadOnlyList<string> names, CancellationToken cancellationToken)
    {
        var (result, output) = await git.AskAsync(
            Call(["ls-remote", "--quiet", "--symref", remote.Address, .. names], remote), ListingBytesMax, cancellationToken);
        if (!result.Succeeded) throw new GitMirrorException(result.Error);
        var refs = new List<RemoteRef>();
        string? symbolic = null;
        foreach (var line in Encoding.UTF8.GetString(output).Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            // "ref: refs/heads/trunk\tHEAD", then "<id>\tHEAD"
            var (value, name) = (line.Split('\t')[0], line.Split('\t')[^1]);
            if (value.StartsWith("ref: ", StringComparison.Ordinal)) symbolic = value["ref: ".Length..];
            else if (names.Contains(name)) refs.Add(new RemoteRef(name, value, name == "HEAD" ? symbolic : null));
        }

        return refs;
    }

    /// <summary>Fetches a commit or tag, and what else is asked for.</summary>
    /// <param name="depth">0: all of the history, of all branches and tags.</param>
    /// <param name="line">What the commit is the newest of, such as a branch: says which head to remember.</param>
    /// <returns>Names and ids of the refs that were asked for besides.</returns>
    /// <exception cref="GitMirrorException">The server does not give it.</exception>
    public async Task<IReadOnlyList<RemoteRef>> FetchAsync(
        GitRemote remote, string id, int depth, bool tags, string line, CancellationToken cancellationToken)
    {
        List<string> prefixes = [];
        if (depth == 0) prefixes.Add("refs/remotes/origin/");
        if (depth == 0 || tags) prefixes.Add(GitRef.Tags);
        if (prefixes.Count > 0)
        {
            string[] heads = depth == 0 ? [$"+{GitRef.Heads}*:refs/remotes/origin/*"] : [];
            string[] deepen = depth > 0 ? [Depth(depth)] : File.Exists(Path.Combine(folder, "shallow")) ? [Depth(Infinite)] : [];
            await GitAsync(
                ["fetch", "--quiet", "--no-tags", "--prune", "--no-write-fetch-head", .. deepen, remote.Address, .. heads, $"+{GitRef.Tags}*:{GitRef.Tags}*"],
                remote, cancellationToken);
        }

        IReadOnlyList<RemoteRef> fetched = prefixes.Count > 0 ? await RefsAsync(prefixes, cancellationToken) : [];
        if (depth != 0 || !fetched.Any(found => found.Id == id))
        {
            var slot = SHA256.HashData(Encoding.UTF8.GetBytes(line))[0] % Tips;
            await GitAsync(
                ["fetch", "--quiet", "--no-tags", "--no-write-fetch-head", Depth(depth == 0 ? Infinite : depth), remote.Address,
                    string.Create(CultureInfo.InvariantCulture, $"+{id}:refs/tips/{slot}")],
                remote, cancellationToken);
        }

        return fetched;
    }

    /// <summary>Writes a pack with everything reachable from these objects, as deep as it was fetched, and nothing else.</summary>
    public async Task CopyAsync(IEnumerable<string> ids, GitProcess receiver, GitCall receive, CancellationToken cancellationToken)
    {
        var input = Encoding.ASCII.GetBytes(string.Concat(ids.Distinct().Select(id => id + "\n")));
        var received = new GitResult(0, "");

        // Deltas that are there are used; looking for new ones would cost more than it saves on one machine.
        var call = Call(["-c", "pack.window=0", "pack-objects", "--revs", "--stdout", "--delta-base-offset", "--quiet"], null) with
        {
            Write = (stdin, token) => stdin.WriteAsync(input, token).AsTask(),
        };
        var sent = await git.RunAsync(
            call,
            async (pack, token) => received = await receiver.RunAsync(
                receive with { Write = (stdin, inner) => pack.CopyToAsync(stdin, inner) }, token),
            cancellationToken);
        if (received.ExitCode == GitProcess.TooLarge) throw new GitMirrorException("the history is larger than runner.checkout_bytes allows");
        if (!received.Succeeded || !sent.Succeeded) throw new GitMirrorException($"{sent.Error}\n{received.Error}".Trim());
    }

    /// <summary>The commits reachable from these objects whose parents were not fetched.</summary>
    public async Task<IReadOnlyList<string>> ShallowAsync(IReadOnlyList<string> ids, int depth, CancellationToken cancellationToken)
    {
        var file = Path.Combine(folder, "shallow");
        if (!File.Exists(file)) return [];
        var all = (await File.ReadAllLinesAsync(file, cancellationToken)).ToHashSet(StringComparer.Ordinal);

        // At this depth there is no more to find.
        if (depth == 1 && ids.All(all.Contains)) return [.. ids.Distinct()];
        var input = Encoding.ASCII.GetBytes(string.Concat(ids.Distinct().Select(id => id + "\n")));
        var (result, output) = await git.AskAsync(
            Call(["rev-list", "--max-parents=0", "--stdin"], null) with { Write = (stdin, token) => stdin.WriteAsync(input, token).AsTask() },
            ListingBytesMax, cancellationToken);
        if (!result.Succeeded) throw new GitMirrorException(result.Error);
        return [.. Encoding.ASCII.GetString(output).Split('\n').Where(all.Contains)];
    }

    /// <summary>The bytes of its packs: what grew was transferred.</summary>
    public long PackBytes()
    {
        var packs = new DirectoryInfo(Path.Combine(folder, "objects", "pack"));
        return packs.Exists ? packs.EnumerateFiles("*.pack").Sum(pack => pack.Length) : 0;
    }

    public async ValueTask DisposeAsync() => await giveBack(this);

    private async Task<IReadOnlyList<RemoteRef>> RefsAsync(List<string> prefixes, CancellationToken cancellationToken)
    {
        var (result, output) = await git.AskAsync(
            Call(["for-each-ref", "--format=%(objectname) %(refname)", .. prefixes], null), ListingBytesMax, cancellationToken);
        if (!result.Succeeded || output.Length == ListingBytesMax) throw new GitMirrorException(result.Error);
        return [.. Encoding.UTF8.GetString(output).Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => line.Split(' ', 2)).Select(parts => new RemoteRef(parts[1], parts[0], null))];
    }

    private async Task GitAsync(string[] arguments, GitRemote remote, CancellationToken cancellationToken)
    {
        var result = await git.RunAsync(Call(arguments, remote), cancellationToken);
        if (!result.Succeeded) throw new GitMirrorException(result.Error);
    }

    private GitCall Call(string[] arguments, GitRemote? remote) => new(folder, [$"--git-dir={folder}", .. arguments], remote);

    private static string Depth(int depth) => string.Create(CultureInfo.InvariantCulture, $"--depth={depth}");
}

/// <param name="Target">The ref that it stands for, of a symbolic one.</param>
internal sealed record RemoteRef(string Name, string Id, string? Target);

/// <summary>The server does not give what was asked for, or the mirror is damaged.</summary>
internal sealed class GitMirrorException(string message) : Exception(message);
