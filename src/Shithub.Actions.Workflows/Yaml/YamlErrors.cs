using YamlDotNet.Core;

namespace Shithub.Actions.Workflows.Yaml;

/// <summary>Says in an author's words what YamlDotNet says in a parser's, and what to write instead.</summary>
internal static class YamlErrors
{
    private const string Quote = "write the whole value in quotes";

    /// <summary>A piece of the parser's message, ours, and the remedy.</summary>
    private static readonly (string Theirs, string Ours, string? Suggestion)[] Known =
    [
        ("found invalid mapping", "a value without quotes has ': ' in it, which starts a mapping", Quote),
        ("mapping values are not allowed", "a ':' stands where no mapping can be", Quote + ", or look at the indentation"),
        ("block sequence entries are not allowed", "a list's '- ' stands where no list can be", "put it on a line of its own, or write the value in quotes"),
        ("a block mapping, did not find expected key", "this line does not fit into the mapping above it", "look at its indentation, and at quotes in the lines before it"),
        ("did not find expected '-' indicator", "this line does not fit into the list above it", "look at its indentation"),
        ("a flow mapping,", "a ',' or '}' is missing", "write values with '{', '}', '[', ']' or ',' in quotes"),
        ("a flow sequence,", "a ',' or ']' is missing", "write values with '{', '}', '[', ']' or ',' in quotes"),
        ("cannot start any token", "a value without quotes cannot start with this character", Quote),
        ("quoted scalar, found unexpected", "a quote is not closed", null),
        ("unknown escape character", "a '\\' in double quotes starts an escape, and there is none of this name", "write '\\\\', or use single quotes"),
        ("an anchor or alias, found", "a value that starts with '*' or '&' is an alias or an anchor", Quote),
        ("while scanning an alias", "a value that starts with '*' is an alias", Quote),
        ("while scanning an anchor", "a value that starts with '&' is an anchor", Quote),
        ("could not find expected ':'", "this line has no ':' after its key", "look at its indentation, and at quotes in the lines before it"),
        ("expected node content", "a value is missing here", null),
    ];

    public static void Report(string source, YamlException exception, DiagnosticBag diagnostics)
    {
        if (exception.Message.Contains(" tab", StringComparison.Ordinal) && FindTab(source) is { } tab)
        {
            diagnostics.Error(
                DiagnosticCodes.Yaml, tab, DocumentPath.Root, "a tab in the indentation: YAML indents with spaces only",
                "replace the tab by spaces");
            return;
        }

        var at = new SourcePosition((int)Math.Max(1, exception.Start.Line), (int)Math.Max(1, exception.Start.Column));
        var known = Array.Find(Known, entry => exception.Message.Contains(entry.Theirs, StringComparison.OrdinalIgnoreCase));
        var (message, suggestion) = known.Ours is null ? (Plain(exception.Message), null) : (known.Ours, known.Suggestion);
        diagnostics.Error(DiagnosticCodes.Yaml, at, DocumentPath.Root, message, suggestion);
    }

    private static string Plain(string message)
    {
        message = message.TrimEnd('.');
        return message.Length == 0 ? "this is not YAML" : char.ToLowerInvariant(message[0]) + message[1..];
    }

    /// <summary>The first tab in an indentation; where there is none, the first on a line that has nothing else.</summary>
    private static SourcePosition? FindTab(string source)
    {
        SourcePosition? blank = null;
        var line = 0;
        foreach (var text in source.AsSpan().EnumerateLines())
        {
            line++;
            var content = text.IndexOfAnyExcept(' ', '\t');
            var tab = (content < 0 ? text : text[..content]).IndexOf('\t');
            if (tab < 0)
                continue;
            if (content >= 0)
                return new SourcePosition(line, tab + 1);
            blank ??= new SourcePosition(line, tab + 1);
        }

        return blank;
    }
}
