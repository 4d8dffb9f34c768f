using Shithub.Actions.Workflows.Yaml;

namespace Shithub.Actions.Workflows;

/// <summary>The text of a template and how its places are found in the file.</summary>
internal sealed class TemplateSource
{
    private readonly Func<int, SourcePosition> _locate;

    private TemplateSource(string text, SourcePosition position, DocumentPath path, Func<int, SourcePosition> locate) =>
        (Text, Position, Path, _locate) = (text, position, path, locate);

    public string Text { get; }

    /// <summary>Where the text as a whole stands.</summary>
    public SourcePosition Position { get; }

    public DocumentPath Path { get; }

    public static TemplateSource Of(YamlScalar scalar, string text, DocumentPath path) =>
        new(text, scalar.Position, path, scalar.Locate);

    /// <summary>A text whose file is not at hand: quotes and indentation are not known, so every place in it is its beginning.</summary>
    public static TemplateSource At(string text, string path, SourcePosition position) =>
        new(text, position, DocumentPath.Of(path), _ => position);

    /// <summary>A text that is all there is.</summary>
    public static TemplateSource Alone(string text) =>
        new(text, SourcePosition.Start, DocumentPath.Root, offset => LineAndColumn(text, offset));

    public void Error(DiagnosticBag diagnostics, string code, int offset, string message, string? suggestion = null) =>
        diagnostics.Error(code, Position, () => _locate(offset), Path, message, suggestion);

    private static SourcePosition LineAndColumn(string text, int offset)
    {
        var before = text.AsSpan(0, Math.Min(offset, text.Length));
        return new SourcePosition(1 + before.Count('\n'), before.Length - before.LastIndexOf('\n'));
    }
}
