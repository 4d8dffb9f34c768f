namespace Shithub.Actions.Configuration.Toml;

/// <summary>TOML's rules of who may define and extend which table.</summary>
internal static class TomlTables
{
    /// <summary>Sets <c>a.b.c = value</c> below <paramref name="table"/>.</summary>
    public static void Set(TomlTableNode table, IReadOnlyList<TomlKeyPart> key, object value)
    {
        for (var i = 0; i < key.Count - 1; i++)
            table = StepByDottedKey(table, key, i);
        if (table.Entries.TryGetValue(key[^1].Name, out var earlier))
            throw Defined(key, key.Count - 1, earlier.Position, "keep one of the two");
        table.Entries.Add(key[^1].Name, (key[^1].Position, value));
    }

    private static TomlTableNode StepByDottedKey(TomlTableNode table, IReadOnlyList<TomlKeyPart> key, int i)
    {
        if (!table.Entries.TryGetValue(key[i].Name, out var existing))
        {
            var created = new TomlTableNode(TomlTableOrigin.DottedKeys, key[i].Position);
            table.Entries.Add(key[i].Name, (key[i].Position, created));
            return created;
        }
        if (existing.Value is not TomlTableNode next)
            throw Defined(key, i, existing.Position, "it is not a table that dotted keys can add to");
        if (next.Origin is TomlTableOrigin.Header)
            throw Defined(key, i, existing.Position, "add the key there, under its own header");
        next.Origin = TomlTableOrigin.DottedKeys;
        return next;
    }

    /// <summary>Opens the table of <c>[a.b.c]</c>.</summary>
    public static TomlTableNode Open(TomlTableNode root, IReadOnlyList<TomlKeyPart> key)
    {
        var parent = Parent(root, key);
        var last = key[^1];
        if (!parent.Entries.TryGetValue(last.Name, out var existing))
        {
            var created = new TomlTableNode(TomlTableOrigin.Header, last.Position);
            parent.Entries.Add(last.Name, (last.Position, created));
            return created;
        }
        if (existing.Value is not TomlTableNode { Origin: TomlTableOrigin.Implied } table)
            throw Defined(key, key.Count - 1, existing.Position, existing.Value is List<TomlTableNode>
                ? "write [[…]] to add another element" : "write all its keys in one place");
        table.Origin = TomlTableOrigin.Header;
        table.Position = last.Position;
        return table;
    }

    /// <summary>Appends an element to the array of tables <c>[[a.b.c]]</c>.</summary>
    public static TomlTableNode Append(TomlTableNode root, IReadOnlyList<TomlKeyPart> key)
    {
        var parent = Parent(root, key);
        var last = key[^1];
        var element = new TomlTableNode(TomlTableOrigin.Header, last.Position);
        if (!parent.Entries.TryGetValue(last.Name, out var existing))
            parent.Entries.Add(last.Name, (last.Position, new List<TomlTableNode> { element }));
        else if (existing.Value is List<TomlTableNode> elements)
            elements.Add(element);
        else
            throw Defined(key, key.Count - 1, existing.Position, "it is not an array of tables; give one of the two another name");
        return element;
    }

    private static TomlTableNode Parent(TomlTableNode table, IReadOnlyList<TomlKeyPart> key)
    {
        for (var i = 0; i < key.Count - 1; i++)
        {
            if (!table.Entries.TryGetValue(key[i].Name, out var existing))
            {
                existing = (key[i].Position, new TomlTableNode(TomlTableOrigin.Implied, key[i].Position));
                table.Entries.Add(key[i].Name, existing);
            }
            table = existing.Value switch
            {
                TomlTableNode next => next,
                List<TomlTableNode> elements => elements[^1],
                _ => throw Defined(key, i, existing.Position, "it cannot hold a table; write the table's keys there, or rename one"),
            };
        }
        return table;
    }

    private static TomlException Defined(IReadOnlyList<TomlKeyPart> key, int index, TomlPosition earlier, string remedy) =>
        new($"'{string.Join('.', key.Take(index + 1).Select(part => part.Name))}' is already defined in line {earlier.Line}; {remedy}",
            key[index].Position);
}
