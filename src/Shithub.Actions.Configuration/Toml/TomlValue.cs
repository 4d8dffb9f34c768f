using System.Diagnostics.CodeAnalysis;

namespace Shithub.Actions.Configuration.Toml;

/// <summary>A place in a TOML document. Both count from 1; a column is a Unicode character.</summary>
public readonly record struct TomlPosition(int Line, int Column);

/// <summary>A value of a TOML 1.0 document and the place where it begins.</summary>
public abstract record TomlValue(TomlPosition Position);

public sealed record TomlString(string Value, TomlPosition Position) : TomlValue(Position);

public sealed record TomlInteger(long Value, TomlPosition Position) : TomlValue(Position);

public sealed record TomlFloat(double Value, TomlPosition Position) : TomlValue(Position);

public sealed record TomlBoolean(bool Value, TomlPosition Position) : TomlValue(Position);

/// <param name="Value">The date and time as written, at that offset.</param>
/// <param name="Offset">From UTC, up to 23:59 either way (more than a <see cref="DateTimeOffset"/> takes).</param>
public sealed record TomlOffsetDateTime(DateTime Value, TimeSpan Offset, TomlPosition Position) : TomlValue(Position);

public sealed record TomlLocalDateTime(DateTime Value, TomlPosition Position) : TomlValue(Position);

public sealed record TomlLocalDate(DateOnly Value, TomlPosition Position) : TomlValue(Position);

public sealed record TomlLocalTime(TimeOnly Value, TomlPosition Position) : TomlValue(Position);

/// <summary>An array, or an array of tables.</summary>
[SuppressMessage("Naming", "CA1710", Justification = "It is TOML's array, not a collection type of ours.")]
public sealed record TomlArray(IReadOnlyList<TomlValue> Items, TomlPosition Position) : TomlValue(Position);

/// <summary>A table, however it was written; its entries are in the order of the document.</summary>
public sealed record TomlTable(IReadOnlyDictionary<string, TomlEntry> Entries, TomlPosition Position) : TomlValue(Position)
{
    /// <summary>The value of a key, or null.</summary>
    public TomlValue? this[string key] => Entries.TryGetValue(key, out var entry) ? entry.Value : null;
}

/// <summary>A value of a table, with the place of its key.</summary>
public sealed record TomlEntry(TomlPosition KeyPosition, TomlValue Value);
