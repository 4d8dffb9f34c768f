using System.Globalization;
using Shithub.Actions.Configuration.Toml;

namespace Shithub.Actions.Configuration.Binding;

/// <summary>How messages show a value: on one line, and not endless.</summary>
internal static class Shown
{
    public static string Text(string text)
    {
        var printable = string.Concat(text.Select(c => char.IsControl(c) ? '\uFFFD' : c));
        return printable.Length <= 80 ? printable : printable[..80] + "…";
    }

    public static string Toml(TomlValue value) => value switch
    {
        TomlString text => $"\"{Text(text.Value)}\"",
        TomlInteger integer => integer.Value.ToString(CultureInfo.InvariantCulture),
        TomlFloat number => number.Value.ToString(CultureInfo.InvariantCulture),
        TomlBoolean boolean => boolean.Value ? "true" : "false",
        TomlArray => "a list",
        TomlTable => "a table",
        _ => "a date or time",
    };
}
