using System.Globalization;
using System.Text;

namespace Shithub.Actions.Runner.Checkout;

/// <summary>What a commit holds, looked at before any of it becomes a file: a small pack may stand for any number of huge files.</summary>
/// <param name="Links">Its submodules: paths and commits.</param>
/// <param name="ModulesBytes">The size of its <c>.gitmodules</c>; null if there is none that is a plain file.</param>
internal sealed record TreeContents(IReadOnlyList<(byte[] Path, string Commit)> Links, long? ModulesBytes)
{
    /// <summary>Linux takes paths of at most 4,095 bytes.</summary>
    private const int PathBytesMax = 4095;

    private const int LinksMax = 1000;

    /// <exception cref="CheckoutException">It is more than a checkout may have, or could not be written; the message is for the author.</exception>
    /// <exception cref="GitMirrorException">The commit is not whole.</exception>
    public static async Task<TreeContents> ReadAsync(
        GitProcess git, string folder, string commit, CheckoutBudget budget, CancellationToken cancellationToken)
    {
        var links = new List<(byte[], string)>();
        long? modules = null;
        var result = await git.RunAsync(
            new GitCall(folder, ["ls-tree", "-r", "-l", "-z", "--full-tree", commit]),
            (stream, token) => EachAsync(stream, Take, token),
            cancellationToken);
        return result.Succeeded ? new TreeContents(links, modules) : throw new GitMirrorException(result.Error);

        // "<mode> <type> <id> <size, padded>\t<path>"
        void Take(ReadOnlySpan<byte> entry)
        {
            var tab = entry.IndexOf((byte)'\t');
            var facts = Encoding.ASCII.GetString(entry[..tab]).Split(' ', StringSplitOptions.RemoveEmptyEntries);
            var path = entry[(tab + 1)..];
            if (path.Length > PathBytesMax)
                throw new CheckoutException($"the commit has a path of {path.Length} bytes, and {PathBytesMax} are the most that Linux takes; shorten it.");
            if (facts[1] == "commit")
            {
                if (links.Count == LinksMax) throw new CheckoutException($"the commit has more than {LinksMax} submodules.");
                links.Add((path.ToArray(), facts[2]));
                budget.Take(0);
                return;
            }

            var size = long.Parse(facts[3], CultureInfo.InvariantCulture);
            if (facts[0] is "100644" or "100755" && path.SequenceEqual(".gitmodules"u8)) modules = size;
            budget.Take(size);
        }
    }

    internal delegate void Taker(ReadOnlySpan<byte> entry);

    /// <summary>Hands on what git lists with <c>-z</c>, entry by entry.</summary>
    internal static async Task EachAsync(Stream stream, Taker take, CancellationToken cancellationToken)
    {
        var buffer = new byte[64 * 1024];
        var length = 0;
        int read;
        while ((read = await stream.ReadAsync(buffer.AsMemory(length), cancellationToken)) > 0)
        {
            length += read;
            var start = 0;
            for (int end; (end = Array.IndexOf(buffer, (byte)0, start, length - start)) >= 0; start = end + 1)
                take(buffer.AsSpan(start, end - start));
            buffer.AsSpan(start, length - start).CopyTo(buffer);
            length -= start;
            if (length == buffer.Length)
                throw new CheckoutException($"the commit has a path of more than {PathBytesMax} bytes, the most that Linux takes; shorten it.");
        }
    }
}
