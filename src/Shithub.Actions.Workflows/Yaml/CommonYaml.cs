namespace Shithub.Actions.Workflows.Yaml;

/// <summary>
/// Reads YAML as people write workflow files, in one pass over the text: mappings and lists in blocks and in <c>{ }</c> and <c>[ ]</c>,
/// plain and quoted scalars, and scripts after <c>|</c> and <c>&gt;</c>. It knows less than YAML and never guesses: for whatever it is not
/// certain of, and for everything with a mistake in it, the answer is null, and YamlDotNet reads the file and says what is wrong. What it
/// does read is node for node, place for place, what YamlDotNet makes of it; decision 0012 says why, a property test that it is so.
/// </summary>
internal sealed partial class CommonYaml
{
    // Line breaks other than '\n': YAML 1.1 had more of them than 1.2, and a library may know either.
    private static readonly System.Buffers.SearchValues<char> OtherBreaks = System.Buffers.SearchValues.Create("\r\u0085\u2028\u2029\ufeff");

    // YAML's own limit is 1,024.
    private const int LongestKey = 1_000;

    private readonly string _source;
    private readonly List<YamlEntry> _entries = [];
    private readonly List<YamlNode> _items = [];
    private int _at;
    private int _line = 1;
    private int _lineStart;
    private int _nodes;

    // Of what the outermost '[' or '{' is in.
    private int _flowIndent;

    private CommonYaml(string source) => _source = source;

    private bool IsAtEnd => _at == _source.Length;

    /// <summary>The indentation, where only spaces stand before it in the line.</summary>
    private int Column => _at - _lineStart;

    private SourcePosition Position => new(_line, Column + 1);

    /// <summary>The document's root, or null where this is not common YAML.</summary>
    public static YamlMapping? Read(string source) => source.AsSpan().ContainsAny(OtherBreaks) ? null : new CommonYaml(source).ReadDocument();

    private YamlMapping? ReadDocument()
    {
        if (!GoToContent())
            return null;
        if (Column == 0 && Starts("---\n"))
        {
            _at += 3;
            if (!GoToContent())
                return null;
        }

        if (IsAtEnd)
            return null;
        var column = Column;
        return ReadKey() is { } key && ReadMapping(key, column, 1) is { } root && IsAtEnd && _nodes <= WorkflowLimits.MaxYamlNodes ? root : null;
    }

    /// <summary>Goes over spaces, line breaks and comments. False where something else stands between them.</summary>
    private bool GoToContent()
    {
        while (!IsAtEnd)
        {
            switch (_source[_at])
            {
                case ' ':
                    _at++;
                    break;
                case '\n':
                    GoToNextLine();
                    break;
                case '#' when _at == _lineStart || _source[_at - 1] == ' ':
                    GoToLineBreak();
                    break;
                case '#' or '\t':
                    return false;
                default:
                    return true;
            }
        }

        return true;
    }

    private void GoToNextLine() => (_line, _lineStart, _at) = (_line + 1, _at + 1, _at + 1);

    private void GoToLineBreak()
    {
        var end = _source.AsSpan(_at).IndexOf('\n');
        _at = end < 0 ? _source.Length : _at + end;
    }

    private void GoOverSpaces()
    {
        while (!IsAtEnd && _source[_at] == ' ')
            _at++;
    }

    /// <summary>Whether nothing but a comment follows in the line.</summary>
    private bool EndsLine()
    {
        GoOverSpaces();
        return IsAtEnd || _source[_at] == '\n' || (_source[_at] == '#' && _source[_at - 1] == ' ');
    }

    private bool IsBlank(int at) => at >= _source.Length || _source[at] is ' ' or '\n';

    private bool IsDash() => _source[_at] == '-' && IsBlank(_at + 1);

    private bool IsColon() => !IsAtEnd && _source[_at] == ':' && IsBlank(_at + 1);

    /// <summary>Reads a key up to the colon after it.</summary>
    private YamlScalar? ReadKey()
    {
        // At the start of a line these are marks between documents.
        if (Column == 0 && (Starts("---") || Starts("...")))
            return null;
        return ReadScalar(isInFlow: false) is { } key && IsKey(key) ? key : null;
    }

    // In ' *b:' YamlDotNet looks for an alias.
    private bool IsKey(YamlScalar scalar)
    {
        GoOverSpaces();
        return IsColon() && _at - scalar.SourceIndex <= LongestKey && !(scalar.IsPlain && scalar.Text.Contains(" *", StringComparison.Ordinal));
    }

    private bool Starts(string text) => _source.AsSpan(_at).StartsWith(text, StringComparison.Ordinal);

    /// <param name="key">The first, whose colon comes next.</param>
    /// <param name="indent">Its column.</param>
    private YamlMapping? ReadMapping(YamlScalar key, int indent, int depth)
    {
        var position = key.Position;
        var first = _entries.Count;
        while (true)
        {
            _at++;
            if (ReadValue(indent, depth + 1, isItem: false) is not { } value || !GoToContent())
                return null;
            _entries.Add(new YamlEntry(key, value));
            if (IsAtEnd || Column < indent)
                return ToMapping(position, first);
            if (Column > indent || ReadKey() is not { } next)
                return null;
            key = next;
        }
    }

    /// <param name="indent">The column of its dashes.</param>
    /// <param name="isIndented">Whether they stand to the right of what the list belongs to; they need not.</param>
    private YamlSequence? ReadSequence(int indent, bool isIndented, int depth)
    {
        var position = Position;
        var first = _items.Count;
        while (true)
        {
            _at++;
            if (ReadValue(indent, depth + 1, isItem: true) is not { } item || !GoToContent())
                return null;
            _items.Add(item);
            if (IsAtEnd || Column < indent || (Column == indent && !isIndented && !IsDash()))
                return ToSequence(position, first);
            if (Column > indent || !IsDash())
                return null;
        }
    }

    /// <summary>Reads what stands after a colon or a dash, to the end of its last line.</summary>
    /// <param name="indent">Of the mapping or list that it is in.</param>
    private YamlNode? ReadValue(int indent, int depth, bool isItem)
    {
        if (depth > WorkflowLimits.MaxYamlDepth)
            return null;
        var (line, start, position) = (_line, _at, Position);
        if (!GoToContent())
            return null;
        var isOnOwnLine = _line != line;
        if (IsAtEnd || (isOnOwnLine && Column <= indent))
        {
            var isList = !IsAtEnd && !isItem && Column == indent && IsDash();
            return isList ? ReadSequence(indent, isIndented: false, depth) : Empty(start, position);
        }

        // A mapping or a list may begin behind a dash, but not behind a colon.
        var mayBegin = isItem || isOnOwnLine;
        var column = Column;
        switch (_source[_at])
        {
            case '|' or '>':
                return isOnOwnLine ? null : ReadBlock(indent);
            case '[' or '{':
                _flowIndent = indent;
                return ReadFlow(depth) is { } flow && EndsLine() ? flow : null;
            case '-' when IsBlank(_at + 1):
                return mayBegin ? ReadSequence(column, isIndented: true, depth) : null;
        }

        if (ReadScalar(isInFlow: false) is not { } scalar)
            return null;
        if (scalar.IsPlain && !IsColon())
            return ReadFurtherLines(scalar, indent);
        if (IsKey(scalar))
            return mayBegin ? ReadMapping(scalar, column, depth) : null;
        return !scalar.IsPlain && EndsLine() ? scalar : null;
    }

    private YamlScalar Empty(int at, SourcePosition position) => ToScalar("", isPlain: true, at, at, position);

    private YamlScalar ToScalar(string text, bool isPlain, int start, int end, SourcePosition position)
    {
        _nodes++;
        return new YamlScalar(position, text, isPlain ? CoreSchema.Resolve(text) : ScalarKind.String, isPlain, _source, start, end);
    }

    /// <summary>The entries from the first on; null where a key stands there twice, or means something else.</summary>
    private YamlMapping? ToMapping(SourcePosition position, int first)
    {
        var entries = _entries.GetRange(first, _entries.Count - first);
        _entries.RemoveRange(first, entries.Count);
        if (HasDuplicate(entries))
            return null;
        var (size, height) = (1, 1);
        foreach (var (key, value) in entries)
        {
            if (key is { Text: "<<", IsPlain: true })
                return null;
            (size, height) = (size + value.Size + 1, Math.Max(height, value.Height + 1));
        }

        _nodes++;
        return new YamlMapping(position, entries, size, height);
    }

    /// <summary>Most mappings are so small that comparing all keys costs less than an index.</summary>
    private static bool HasDuplicate(List<YamlEntry> entries)
    {
        const int Few = 8;
        if (entries.Count > Few)
            return entries.DistinctBy(entry => entry.Key.Text, StringComparer.Ordinal).Count() < entries.Count;
        for (var i = 1; i < entries.Count; i++)
        {
            for (var j = 0; j < i; j++)
            {
                if (entries[i].Key.Text == entries[j].Key.Text)
                    return true;
            }
        }

        return false;
    }

    private YamlSequence ToSequence(SourcePosition position, int first)
    {
        var items = _items.GetRange(first, _items.Count - first);
        _items.RemoveRange(first, items.Count);
        var (size, height) = (1, 1);
        foreach (var item in items)
            (size, height) = (size + item.Size, Math.Max(height, item.Height + 1));
        _nodes++;
        return new YamlSequence(position, items, size, height);
    }
}
