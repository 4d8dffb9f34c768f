using System.Globalization;

namespace Shithub.Actions.Workflows;

/// <summary>
/// The way from a document's root to a node. A linked list, because a path is built for every node and written out for few.
/// </summary>
internal sealed class DocumentPath
{
    private readonly DocumentPath? _parent;
    private readonly string _segment;

    private DocumentPath(DocumentPath? parent, string segment) => (_parent, _segment) = (parent, segment);

    public static DocumentPath Root { get; } = new(null, "");

    /// <summary>A path that was written out before.</summary>
    public static DocumentPath Of(string path) => path.Length == 0 ? Root : new DocumentPath(Root, path);

    public DocumentPath Key(string key)
    {
        var plain = key.Length > 0 && key.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-');
        if (!plain)
            return new DocumentPath(this, $"['{key.Replace("'", "''", StringComparison.Ordinal)}']");
        return new DocumentPath(this, _parent is null ? key : "." + key);
    }

    public DocumentPath Index(int index) => new(this, string.Create(CultureInfo.InvariantCulture, $"[{index}]"));

    public override string ToString()
    {
        var segments = new Stack<string>();
        for (var path = this; path is not null; path = path._parent)
            segments.Push(path._segment);
        return string.Concat(segments);
    }
}
