using System.Globalization;
using System.Text;
using Shithub.Actions.Runner.Jobs;
using Shithub.Actions.Runner.Logs;

namespace Shithub.Actions.Runner.Checkout;

/// <summary>
/// Puts the content of files that are kept in LFS in the place of their pointers: those whose attribute <c>filter</c> is <c>lfs</c>. No
/// program of a repository's choice takes part, and <c>.lfsconfig</c> is a file like any other.
/// </summary>
internal sealed class LfsFetch(GitProcess git, CheckoutBudget budget, LogStream log)
{
    /// <summary>How git makes what it keeps of a file out of the file: it keeps what it has. git puts the path in quotes of the shell.</summary>
    private static readonly string[] Filter = ["-c", "filter.lfs.clean=git cat-file blob :0:%f", "-c", "filter.lfs.required=true"];

    /// <summary>git does not trust times that are as late as its index.</summary>
    private static readonly TimeSpan Age = TimeSpan.FromSeconds(10);

    /// <param name="remote">The repository that <paramref name="folder"/> is a working tree of.</param>
    /// <param name="folder">No step can touch it meanwhile.</param>
    /// <exception cref="CheckoutException">One can't be had; the message is for the author.</exception>
    public async Task WriteAsync(GitRemote remote, string folder, CancellationToken cancellationToken)
    {
        var pointers = new List<LfsPointer>();
        foreach (var path in await PathsAsync(folder, cancellationToken))
        {
            if (LfsPointer.Read(folder, path) is not { } pointer) continue;
            budget.TakeBytes(pointer.Size);
            pointers.Add(pointer);
        }

        if (pointers.Count == 0) return;
        try
        {
            using var server = new LfsServer(remote);
            var objects = pointers.GroupBy(pointer => (pointer.Oid, pointer.Size)).ToList();
            foreach (var batch in objects.Chunk(LfsServer.BatchMax))
                await server.CheckAsync([.. batch.Select(same => same.First())], cancellationToken);
            foreach (var same in objects) await WriteAsync(server, folder, [.. same], cancellationToken);
        }
        catch (Exception e) when (e is HttpRequestException or IOException || (e is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            throw new CheckoutException($"the files in LFS of {remote.Address} could not be fetched: {e.Message}");
        }

        await AcceptAsync(folder, pointers, cancellationToken);
        await log.WriteLineAsync(
            string.Create(CultureInfo.InvariantCulture, $"Files from LFS: {pointers.Count} ({(pointers.Sum(pointer => pointer.Size) + 1023) / 1024} KiB)"),
            cancellationToken);
    }

    /// <summary>The plain files that are said to be kept in LFS.</summary>
    private async Task<IReadOnlyList<string>> PathsAsync(string folder, CancellationToken cancellationToken)
    {
        var paths = new List<string>();
        var result = await git.RunAsync(
            new GitCall(folder, ["ls-files", "-z", "--stage", "--", ":(attr:filter=lfs)"]),
            (stream, token) => TreeContents.EachAsync(stream, Take, token),
            cancellationToken);
        return result.Succeeded ? paths : throw new CheckoutException($"git does not say which files are in LFS: {result.Error}");

        // "<mode> <id> <stage>\t<path>"; a name that is no UTF-8 comes out as another, which is not there.
        void Take(ReadOnlySpan<byte> entry)
        {
            if (entry.StartsWith("100"u8)) paths.Add(Encoding.UTF8.GetString(entry[(entry.IndexOf((byte)'\t') + 1)..]));
        }
    }

    /// <summary>Has git take the files for unchanged.</summary>
    private async Task AcceptAsync(string folder, IReadOnlyList<LfsPointer> pointers, CancellationToken cancellationToken)
    {
        var input = Encoding.UTF8.GetBytes(string.Concat(pointers.Select(pointer => pointer.Path + "\0")));
        var result = await git.RunAsync(
            new GitCall(folder, [.. Filter, "update-index", "-z", "--stdin"]) { Write = (stdin, token) => stdin.WriteAsync(input, token).AsTask() },
            cancellationToken);
        if (!result.Succeeded) throw new CheckoutException($"git does not take the files from LFS: {result.Error}");
    }

    /// <summary>Writes one object to all its places; each gets its content at once, when that has turned out to be right.</summary>
    private async Task WriteAsync(LfsServer server, string folder, IReadOnlyList<LfsPointer> places, CancellationToken cancellationToken)
    {
        var temporary = Path.Combine(folder, ".git", "lfs.incoming");
        try
        {
            await using (var file = new FileStream(temporary, FileMode.CreateNew, FileAccess.Write, FileShare.None, bufferSize: 0))
                await server.DownloadAsync(places[0], file, cancellationToken);
            foreach (var place in places.Reverse())
            {
                var source = temporary;
                if (!ReferenceEquals(place, places[0])) File.Copy(temporary, source = temporary + ".copy");
                var path = Path.Combine(folder, place.Path);
                File.SetUnixFileMode(source, File.GetUnixFileMode(path));
                File.SetLastWriteTimeUtc(source, DateTime.UtcNow - Age);
                JobWorkspace.Give(source, git.User);
                File.Move(source, path, overwrite: true);
            }
        }
        finally
        {
            File.Delete(temporary);
        }
    }
}
