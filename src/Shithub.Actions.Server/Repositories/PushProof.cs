using System.Text;

namespace Shithub.Actions.Server.Repositories;

/// <summary>
/// Which refs a push really changed, from git's own record. git writes a ref's reflog entry just before it moves the ref, so an entry
/// alone proves nothing; an entry from whose new id the next one starts, or at whose new id the ref stands, does.
/// </summary>
public static class PushProof
{
    private const int TailBytes = 1024 * 1024;

    /// <summary>The committer's address that git runs with for this push, which makes its reflog entries its own.</summary>
    public static string Email(Guid push) => $"push-{push:N}@shithub";

    /// <summary>Whether this push moved the ref to where the command says. Not for deletions, which take the reflog with them.</summary>
    public static async Task<bool> IsAppliedAsync(GitRepository repository, Guid push, RefCommand command, CancellationToken cancellation)
    {
        var entries = await ReadReflogAsync(Path.Combine(repository.Path, "logs", command.Ref), cancellation);
        var index = entries.FindLastIndex(entry => entry.Email == Email(push) && entry.New == command.New);
        if (index < 0)
            return false;
        return index + 1 < entries.Count
            ? entries[index + 1].Old == command.New
            : (await repository.FindAsync(command.Ref, cancellation))?.Sha == command.New;
    }

    private static async Task<List<Entry>> ReadReflogAsync(string file, CancellationToken cancellation)
    {
        try
        {
            await using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            // A branch that is pushed to all day: the entry looked for is among its last.
            if (stream.Length > TailBytes)
                stream.Seek(-TailBytes, SeekOrigin.End);
            using var reader = new StreamReader(stream, Encoding.UTF8);
            var lines = (await reader.ReadToEndAsync(cancellation)).Split('\n');
            // What stands behind the last line's end is being written.
            return [.. lines[..^1].Select(Parse).OfType<Entry>()];
        }
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException or UnauthorizedAccessException)
        {
            // Unauthorized is what a folder gives: a branch a/b was there, now there is a.
            return [];
        }
    }

    /// <summary>"old new Name &lt;email&gt; seconds zone\tmessage"</summary>
    private static Entry? Parse(string line)
    {
        var open = line.IndexOf('<', StringComparison.Ordinal);
        var close = line.IndexOf('>', StringComparison.Ordinal);
        var ids = line.Split(' ', 3);
        return open < 0 || close < open || ids.Length < 3 ? null : new Entry(ids[0], ids[1], line[(open + 1)..close]);
    }

    private sealed record Entry(string Old, string New, string Email);
}
