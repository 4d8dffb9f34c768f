namespace Shithub.Actions.Configuration.Toml;

/// <summary>How a table came to be: it decides who may add to it.</summary>
internal enum TomlTableOrigin
{
    /// <summary>Only named on the way to a deeper [header]; may still get its own header or dotted keys.</summary>
    Implied,

    /// <summary>Defined by its own [header] or as an element of [[headers]]; closed to dotted keys of other tables.</summary>
    Header,

    /// <summary>Defined by dotted keys; may get no header of its own, but headers of tables below it.</summary>
    DottedKeys,

    /// <summary>Written in braces: complete where it stands.</summary>
    Inline,
}

/// <summary>A table while its document is being read.</summary>
internal sealed class TomlTableNode(TomlTableOrigin origin, TomlPosition position)
{
    public TomlTableOrigin Origin { get; set; } = origin;

    public TomlPosition Position { get; set; } = position;

    /// <summary>Values are a <see cref="TomlValue"/>, a <see cref="TomlTableNode"/> or, for [[headers]], a list of the latter.</summary>
    public OrderedDictionary<string, (TomlPosition Position, object Value)> Entries { get; } = new(StringComparer.Ordinal);

    public TomlTable Finish()
    {
        var finished = new OrderedDictionary<string, TomlEntry>(Entries.Count, StringComparer.Ordinal);
        foreach (var (key, (position, value)) in Entries)
            finished.Add(key, new TomlEntry(position, value switch
            {
                TomlTableNode table => table.Finish(),
                List<TomlTableNode> tables => new TomlArray([.. tables.Select(table => table.Finish())], position),
                _ => (TomlValue)value,
            }));
        return new TomlTable(finished, Position);
    }
}

/// <summary>One part of a key, with the place where it is written.</summary>
internal readonly record struct TomlKeyPart(string Name, TomlPosition Position);
