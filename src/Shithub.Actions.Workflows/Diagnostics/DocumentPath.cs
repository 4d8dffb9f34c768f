using System.Globalization;

namespace Shithub.Actions.Workflows;

/// <summary>
/// The way from a document's root to a node. A linked list of what the document has, because a path is built for every node and written
/// out for few.
/// </summary>
internal sealed class DocumentPath
{
    // What Of() has: written out already.
    private const int WrittenOut = -2;
    private const int NoIndex = -1;

    private readonly DocumentPath? _parent;
    private readonly string _key;
    private readonly int _index;

    private DocumentPath(DocumentPath? parent, string key, int index) => (_parent, _key, _index) = (parent, key, index);

    public static DocumentPath Root { get; } = new(null, "", WrittenOut);

    /// <summary>A path that was written out before.</summary>
    public static DocumentPath Of(string path) => path.Length == 0 ? Root : new DocumentPath(Root, path, WrittenOut);

    public DocumentPath Key(string key) => new(this, key, NoIndex);

    public DocumentPath Index(int index) => new(this, "", index);

    public override string ToString()
    {
        var segments = new Stack<string>();
        for (var path = this; path is not null; path = path._parent)
            segments.Push(path.Segment());
        return string.Concat(segments);
    }

    private string Segment()
    {
        if (_index == WrittenOut)
            return _key;
        if (_index >= 0)
            return string.Create(CultureInfo.InvariantCulture, $"[{_index}]");
        var isPlain = _key.Length > 0 && _key.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-');
        return !isPlain ? $"['{_key.Replace("'", "''", StringComparison.Ordinal)}']" : _parent == Root ? _key : "." + _key;
    }
}
