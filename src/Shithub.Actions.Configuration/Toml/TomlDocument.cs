using System.Buffers;
using System.Text;

namespace Shithub.Actions.Configuration.Toml;

/// <summary>
/// Reads TOML 1.0 (https://toml.io/en/v1.0.0) whole. What the specification leaves open: a byte order mark at the start is
/// skipped, line ends inside strings become LF, fractions of a second are cut after seven digits, and a leap second and
/// the year 0 are refused since .NET's dates have neither.
/// </summary>
public static class TomlDocument
{
    /// <summary>How deep arrays, inline tables and dotted keys may nest.</summary>
    public const int DepthMax = 64;

    /// <exception cref="TomlException">The bytes are not UTF-8 or not TOML.</exception>
    public static TomlTable Read(ReadOnlySpan<byte> utf8)
    {
        if (utf8.StartsWith("\uFEFF"u8))
            utf8 = utf8[3..];
        var text = new StringBuilder(utf8.Length);
        while (!utf8.IsEmpty)
        {
            if (Rune.DecodeFromUtf8(utf8, out var rune, out var length) != OperationStatus.Done)
            {
                var cursor = new TomlCursor(text.ToString());
                while (!cursor.AtEnd)
                    cursor.Advance();
                throw new TomlException(
                    $"the byte 0x{utf8[0]:X2} is not valid UTF-8; save the file in the encoding UTF-8", cursor.Position);
            }
            text.Append(rune);
            utf8 = utf8[length..];
        }
        return Read(text.ToString());
    }

    /// <exception cref="TomlException">The text is not TOML.</exception>
    public static TomlTable Read(string text) => new TomlParser(new TomlCursor(text)).Document();
}
