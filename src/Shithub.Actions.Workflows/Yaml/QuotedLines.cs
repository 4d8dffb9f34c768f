using YamlDotNet.Core;

namespace Shithub.Actions.Workflows.Yaml;

/// <summary>
/// Lines of a quoted value that are indented less than YAML asks for. GitHub's parser takes them, and files that work there have them;
/// ours does not. The spaces at the start of such a line are no part of the value, so more of them change nothing but columns.
/// </summary>
internal static class QuotedLines
{
    /// <summary>Lines that one file may have; each costs reading it once more.</summary>
    public const int MaxRepairs = 16;

    /// <summary>The source with the first such line indented; null where the error is another one.</summary>
    public static string? Indent(string source, YamlException exception)
    {
        if (!exception.Message.Contains("quoted scalar, found wrong indentation", StringComparison.Ordinal))
            return null;
        var first = (int)exception.Start.Index;
        var line = (int)Math.Min(exception.End.Index, source.Length);
        while (line > 0 && source[line - 1] is not ('\n' or '\r'))
            line--;
        return line <= first ? null : source.Insert(line, new string(' ', (int)Math.Max(1, exception.Start.Column)));
    }
}
