namespace Shithub.Actions.Configuration.Toml;

/// <summary>The grammar of TOML 1.0: lines, keys, headers, arrays and inline tables.</summary>
internal sealed class TomlParser(TomlCursor cursor)
{
    public TomlTable Document()
    {
        var root = new TomlTableNode(TomlTableOrigin.Header, cursor.Position);
        var table = root;
        while (true)
        {
            cursor.SkipBlank();
            if (cursor.AtEnd)
                return root.Finish();
            if (cursor.Current == '[')
                table = Header(root);
            else
            {
                KeyAndValue(table, depth: 0);
                cursor.EndLine("a value");
            }
        }
    }

    private TomlTableNode Header(TomlTableNode root)
    {
        var brackets = cursor.At("[[") ? 2 : 1;
        cursor.Advance(brackets);
        cursor.SkipSpaces();
        var key = Key();
        if (!cursor.At(new string(']', brackets)))
            throw cursor.Error($"expected {new string(']', brackets)} at the end of the header but found {cursor.Shown}; "
                + $"write {new string('[', brackets)}name{new string(']', brackets)}");
        cursor.Advance(brackets);
        var table = brackets == 2 ? TomlTables.Append(root, key) : TomlTables.Open(root, key);
        cursor.EndLine("a header");
        return table;
    }

    private void KeyAndValue(TomlTableNode table, int depth)
    {
        var key = Key();
        if (!cursor.Take('='))
            throw cursor.Error($"expected = after the key but found {cursor.Shown}; write key = value");
        cursor.SkipSpaces();
        TomlTables.Set(table, key, Value(depth));
    }

    private List<TomlKeyPart> Key()
    {
        var parts = new List<TomlKeyPart>();
        do
        {
            cursor.SkipSpaces();
            parts.Add(KeyPart());
            if (parts.Count > TomlDocument.DepthMax)
                throw cursor.Error($"the key has more than {TomlDocument.DepthMax} parts; nest less deeply");
            cursor.SkipSpaces();
        }
        while (cursor.Take('.'));
        return parts;
    }

    private TomlKeyPart KeyPart()
    {
        var position = cursor.Position;
        if (cursor.Current is '"' or '\'')
        {
            if (cursor.At("\"\"\"") || cursor.At("'''"))
                throw cursor.Error("a key cannot be a multi-line string; write it in single quotes or in \"…\"");
            return new TomlKeyPart(TomlStrings.SingleLine(cursor, cursor.Current), position);
        }
        var name = new System.Text.StringBuilder();
        while (char.IsAsciiLetterOrDigit(cursor.Current) || cursor.Current is '_' or '-')
        {
            name.Append(cursor.Current);
            cursor.Advance();
        }
        if (name.Length == 0)
            throw cursor.Error($"expected a key but found {cursor.Shown}; a key has letters A-Z and a-z, digits, - and _, "
                + "anything else needs \"quotes\"");
        return new TomlKeyPart(name.ToString(), position);
    }

    /// <summary>A <see cref="TomlValue"/>.</summary>
    private TomlValue Value(int depth)
    {
        if (depth > TomlDocument.DepthMax)
            throw cursor.Error($"arrays and inline tables are nested more than {TomlDocument.DepthMax} deep; nest less deeply");
        var position = cursor.Position;
        return cursor.Current switch
        {
            '"' or '\'' => new TomlString(TomlStrings.Read(cursor), position),
            '[' => Array(position, depth),
            '{' => InlineTable(position, depth),
            _ => TomlScalars.Read(cursor),
        };
    }

    private TomlArray Array(TomlPosition position, int depth)
    {
        var items = new List<TomlValue>();
        cursor.Advance();
        cursor.SkipBlank();
        while (!cursor.Take(']'))
        {
            if (cursor.AtEnd)
                throw new TomlException("an array that begins here is never closed; end it with ]", position);
            items.Add(Value(depth + 1));
            cursor.SkipBlank();
            if (cursor.Take(','))
                cursor.SkipBlank();
            else if (!cursor.AtEnd && cursor.Current != ']')
                throw cursor.Error($"expected , or ] in the array but found {cursor.Shown}; separate its values with commas");
        }
        return new TomlArray(items, position);
    }

    private TomlTable InlineTable(TomlPosition position, int depth)
    {
        var table = new TomlTableNode(TomlTableOrigin.Inline, position);
        cursor.Advance();
        cursor.SkipSpaces();
        if (cursor.Take('}'))
            return table.Finish();
        while (true)
        {
            KeyAndValue(table, depth + 1);
            cursor.SkipSpaces();
            if (cursor.Take('}'))
                return table.Finish();
            if (!cursor.Take(','))
                throw cursor.Error($"expected , or }} in the inline table but found {cursor.Shown}; an inline table stands on one line, "
                    + "a [header] may take several");
            cursor.SkipSpaces();
            if (cursor.Current == '}')
                throw cursor.Error("an inline table has no comma after its last value; remove the comma");
        }
    }
}
