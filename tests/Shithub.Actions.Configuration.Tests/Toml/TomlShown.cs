using System.Globalization;
using Shithub.Actions.Configuration.Toml;
using Xunit;

namespace Shithub.Actions.Configuration.Tests.Toml;

/// <summary>Writes what was read in one line, so that a case states its expectation as text: strings as JSON, dates as ISO 8601.</summary>
internal static class TomlShown
{
    public static string Read(string toml) => Show(TomlDocument.Read(toml));

    /// <summary>The error of a document that is not TOML, as <c>line:column message</c>.</summary>
    public static string Error(string toml)
    {
        var error = Assert.Throws<TomlException>(() => TomlDocument.Read(toml));
        return $"{error.Position.Line}:{error.Position.Column} {error.Message}";
    }

    public static string Show(TomlValue value) => value switch
    {
        TomlString text => Quoted(text.Value),
        TomlInteger integer => integer.Value.ToString(CultureInfo.InvariantCulture),
        TomlFloat number => number.Value.ToString("0.0##################E+0", CultureInfo.InvariantCulture)
            .Replace("E+0", "", StringComparison.Ordinal),
        TomlBoolean boolean => boolean.Value ? "true" : "false",
        TomlOffsetDateTime date => $"{date.Value:yyyy-MM-ddTHH:mm:ss.FFFFFFF}{(date.Offset < TimeSpan.Zero ? '-' : '+')}{date.Offset:hh\\:mm}",
        TomlLocalDateTime date => $"{date.Value:yyyy-MM-ddTHH:mm:ss.FFFFFFF}",
        TomlLocalDate date => $"{date.Value:yyyy-MM-dd}",
        TomlLocalTime time => $"{time.Value:HH:mm:ss.FFFFFFF}",
        TomlArray array => $"[{string.Join(", ", array.Items.Select(Show))}]",
        TomlTable table => $"{{{string.Join(", ", table.Entries.Select(entry => $"{Name(entry.Key)}: {Show(entry.Value.Value)}"))}}}",
        _ => throw new InvalidOperationException(),
    };

    private static string Name(string key) => key.Length > 0 && key.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-') ? key : Quoted(key);

    private static string Quoted(string text) => $"\"{string.Concat(text.Select(Escaped))}\"";

    private static string Escaped(char c) => c switch
    {
        '"' => "\\\"",
        '\\' => "\\\\",
        '\b' => "\\b",
        '\t' => "\\t",
        '\n' => "\\n",
        '\f' => "\\f",
        '\r' => "\\r",
        < ' ' => $"\\u{(int)c:x4}",
        _ => c.ToString(),
    };
}
