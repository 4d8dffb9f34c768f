using System.Buffers;
using System.Text;
using System.Text.Unicode;

namespace Shithub.Actions.Workflows.Yaml;

/// <summary>Turns a file's bytes into text, or says where they are no text.</summary>
internal static class SourceText
{
    /// <summary>The text without byte order mark, or null after an error was reported.</summary>
    public static string? Decode(ReadOnlySpan<byte> utf8, DiagnosticBag diagnostics)
    {
        if (utf8.Length > WorkflowLimits.MaxFileBytes)
        {
            diagnostics.Error(
                DiagnosticCodes.Limit, SourcePosition.Start, DocumentPath.Root,
                $"the file has {utf8.Length} bytes; a workflow file may have {WorkflowLimits.MaxFileBytes}",
                "move long scripts into files of the repository");
            return null;
        }

        if (utf8.StartsWith(Encoding.UTF8.Preamble))
            utf8 = utf8[Encoding.UTF8.Preamble.Length..];
        // UTF-16 never has more units than UTF-8 has bytes.
        var buffer = ArrayPool<char>.Shared.Rent(utf8.Length);
        var status = Utf8.ToUtf16(utf8, buffer, out var read, out var written, replaceInvalidSequences: false);
        var text = new string(buffer, 0, written);
        ArrayPool<char>.Shared.Return(buffer);
        if (status != OperationStatus.Done)
        {
            diagnostics.Error(
                DiagnosticCodes.Encoding, EndOf(text), DocumentPath.Root,
                $"the file is not valid UTF-8: byte 0x{utf8[read]:x2} at offset {read}", "save it as UTF-8");
            return null;
        }

        var forbidden = text.AsSpan().IndexOfAny(ForbiddenCharacters);
        if (forbidden >= 0)
        {
            diagnostics.Error(
                DiagnosticCodes.Encoding, EndOf(text[..forbidden]), DocumentPath.Root,
                $"the character U+{(int)text[forbidden]:X4} is not allowed in YAML");
            return null;
        }

        return text;
    }

    // YAML 1.2, chapter 5.1: printable characters; the C0 block is out except tab and the line breaks.
    private static readonly SearchValues<char> ForbiddenCharacters = SearchValues.Create(
        [.. Enumerable.Range(0, 32).Select(c => (char)c).Where(c => c is not ('\t' or '\n' or '\r')), '\u007f', '\ufffe', '\uffff']);

    private static SourcePosition EndOf(string text) =>
        new(text.Count(c => c == '\n') + 1, text.Length - text.LastIndexOf('\n'));
}
