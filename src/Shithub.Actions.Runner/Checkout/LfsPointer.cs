using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Shithub.Actions.Runner.Sandbox;

namespace Shithub.Actions.Runner.Checkout;

/// <summary>What git has of a file that is kept in LFS.</summary>
/// <param name="Path">Of the file, in the working tree, with slashes.</param>
/// <param name="Oid">SHA-256 of the content: 64 lower-case hexadecimal digits.</param>
/// <param name="Size">Of the content, in bytes.</param>
internal sealed partial record LfsPointer(string Path, string Oid, long Size)
{
    /// <summary>A larger file is no pointer.</summary>
    private const int BytesMax = 1024;

    /// <summary>Reads a file that may be a pointer.</summary>
    /// <param name="folder">The working tree.</param>
    /// <returns>Null if it is not there, is behind a link, or does not begin like a pointer: then it is its own content.</returns>
    /// <exception cref="CheckoutException">It begins like a pointer and is none.</exception>
    public static LfsPointer? Read(string folder, string path)
    {
        if (HostileFile.Read(folder, path, BytesMax, followLinks: false, out var bytes) != HostileFileResult.Read) return null;
        var text = Encoding.UTF8.GetString(bytes);
        if (!text.StartsWith("version https://git-lfs.github.com/spec/", StringComparison.Ordinal)) return null;
        return Pattern().Match(text) is { Success: true } match
            ? new LfsPointer(path, match.Groups[1].Value, long.Parse(match.Groups[2].Value, CultureInfo.InvariantCulture))
            : throw new CheckoutException($"'{GitModules.Show(path)}' begins like a pointer to a file in LFS, and is none that git-lfs would write.");
    }

    // git writes pointers with carriage returns where attributes say so of the content.
    [GeneratedRegex(@"\Aversion https://git-lfs\.github\.com/spec/v1\r?\noid sha256:([0-9a-f]{64})\r?\nsize ([0-9]{1,18})(?:\r?\n)?\z")]
    private static partial Regex Pattern();
}
