namespace Shithub.Actions.Workflows.Yaml;

/// <summary>A node of a YAML document. Nodes are immutable and shared: an alias is the very node that it names.</summary>
/// <param name="Position">Where the node's content starts; for an alias, where the anchored node is.</param>
/// <param name="Size">Nodes in it, itself included, aliases expanded.</param>
/// <param name="Height">Levels in it, itself included, aliases expanded.</param>
internal abstract record YamlNode(SourcePosition Position, int Size, int Height)
{
    /// <summary>What it is, as an error message names it.</summary>
    public abstract string Describe();
}

/// <param name="IsPlain">Written without quotes and not a block scalar: only these can be anything else than a string.</param>
/// <param name="Source">The file, to find the place of an offset in <paramref name="Text"/>.</param>
/// <param name="SourceIndex">Where in <paramref name="Source"/> the scalar starts.</param>
/// <param name="SourceEnd">Where it ends.</param>
internal sealed record YamlScalar(
    SourcePosition Position, string Text, ScalarKind Kind, bool IsPlain, string Source, int SourceIndex, int SourceEnd)
    : YamlNode(Position, 1, 1)
{
    public override string Describe() => Kind switch
    {
        ScalarKind.Null => "empty",
        ScalarKind.Boolean => "a boolean",
        ScalarKind.Number => "a number",
        _ => "a string",
    };

    /// <summary>
    /// Where the character at <paramref name="offset"/> of <see cref="Text"/> stands in the file. Quoting, escapes and the
    /// indentation of blocks make text and file differ, so this counts <c>${{</c>, which both have in the same order.
    /// </summary>
    public SourcePosition Locate(int offset)
    {
        const string Marker = "${{";
        var count = 0;
        var last = -1;
        for (var i = Text.IndexOf(Marker, StringComparison.Ordinal);
             i >= 0 && i <= offset;
             i = Text.IndexOf(Marker, i + Marker.Length, StringComparison.Ordinal))
        {
            (last, count) = (i, count + 1);
        }

        var at = SourceIndex;
        for (var i = 0; i < count; i++)
        {
            var found = Source.IndexOf(Marker, at, SourceEnd - at, StringComparison.Ordinal);
            if (found < 0)
                return Position;
            at = i == count - 1 ? found : found + Marker.Length;
        }

        if (count == 0)
            (at, last) = (IsPlain ? SourceIndex : SourceIndex + 1, 0);

        return LineAndColumn(Follow(last, offset, at));
    }

    /// <summary>
    /// Where in the file the text goes on from one offset to another, both after the same start. White space differs between
    /// the two (indentation, folded lines); anything else that differs ends the way.
    /// </summary>
    private int Follow(int from, int to, int at)
    {
        for (var i = from; i <= to && i < Text.Length; i++)
        {
            while (at < SourceEnd && Source[at] != Text[i] && char.IsWhiteSpace(Source[at]))
                at++;
            if (i == to)
                return at;
            if (at < SourceEnd && Source[at] == Text[i])
                at++;
            else if (!char.IsWhiteSpace(Text[i]))
                return at;
        }

        return at;
    }

    private SourcePosition LineAndColumn(int index)
    {
        var (line, column) = (Position.Line, Position.Column);
        for (var i = SourceIndex; i < Math.Min(index, SourceEnd); i++)
            (line, column) = Source[i] == '\n' ? (line + 1, 1) : (line, column + 1);
        return new SourcePosition(line, column);
    }
}

internal sealed record YamlSequence(SourcePosition Position, List<YamlNode> Items, int Size, int Height)
    : YamlNode(Position, Size, Height)
{
    public override string Describe() => "a list";
}

internal sealed record YamlMapping(SourcePosition Position, List<YamlEntry> Entries, int Size, int Height)
    : YamlNode(Position, Size, Height)
{
    public override string Describe() => "a mapping";

    public YamlEntry? Find(string key)
    {
        // Asked for every key that a reader knows of: no enumerator, no closure.
        for (var i = 0; i < Entries.Count; i++)
        {
            if (Entries[i].Key.Text == key)
                return Entries[i];
        }

        return null;
    }
}

internal sealed record YamlEntry(YamlScalar Key, YamlNode Value);
