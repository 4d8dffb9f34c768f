using Shithub.Actions.Workflows.Yaml;

namespace Shithub.Actions.Workflows;

/// <summary>The text of a template and how its places are found in the file.</summary>
internal sealed class TemplateSource
{
    // What knows the place of an offset: the scalar in the file, or the text itself where it is all there is. Neither: none is known.
    private readonly YamlScalar? _scalar;
    private readonly bool _isAlone;

    private TemplateSource(string text, SourcePosition position, DocumentPath path, YamlScalar? scalar = null, bool isAlone = false) =>
        (Text, Position, Path, _scalar, _isAlone) = (text, position, path, scalar, isAlone);

    public string Text { get; }

    /// <summary>Where the text as a whole stands.</summary>
    public SourcePosition Position { get; }

    public DocumentPath Path { get; }

    public static TemplateSource Of(YamlScalar scalar, string text, DocumentPath path) =>
        new(text, scalar.Position, path, scalar);

    /// <summary>A text whose file is not at hand: quotes and indentation are not known, so every place in it is its beginning.</summary>
    public static TemplateSource At(string text, string path, SourcePosition position) =>
        new(text, position, DocumentPath.Of(path));

    /// <summary>A text that is all there is.</summary>
    public static TemplateSource Alone(string text) =>
        new(text, SourcePosition.Start, DocumentPath.Root, isAlone: true);

    public void Error(DiagnosticBag diagnostics, string code, int offset, string message, string? suggestion = null) =>
        diagnostics.Error(code, Position, () => Locate(offset), Path, message, suggestion);

    public void Warning(DiagnosticBag diagnostics, string code, int offset, string message, string? suggestion = null) =>
        diagnostics.Warning(code, Locate(offset), Path, message, suggestion);

    private SourcePosition Locate(int offset) => _scalar?.Locate(offset) ?? (_isAlone ? LineAndColumn(Text, offset) : Position);

    private static SourcePosition LineAndColumn(string text, int offset)
    {
        var before = text.AsSpan(0, Math.Min(offset, text.Length));
        return new SourcePosition(1 + before.Count('\n'), before.Length - before.LastIndexOf('\n'));
    }
}
