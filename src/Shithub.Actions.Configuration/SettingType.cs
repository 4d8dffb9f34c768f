using Shithub.Actions.Configuration.Toml;

namespace Shithub.Actions.Configuration;

/// <summary>How values of one kind are written in TOML and in text (an environment variable or an option).</summary>
/// <param name="Name">For the reference.</param>
/// <param name="FromText">Reads text, or throws <see cref="SettingValueException"/>.</param>
/// <param name="FromToml">Reads a TOML value, or throws <see cref="SettingValueException"/>.</param>
/// <param name="ShowInToml">A default, given as text, as it would be written in TOML.</param>
public sealed record SettingType<T>(string Name, Func<string, T> FromText, Func<TomlValue, T> FromToml, Func<string, string> ShowInToml);

/// <summary>A value is not acceptable. The message continues a sentence that names the setting: "must be …; write …".</summary>
public sealed class SettingValueException(string message) : Exception(message);
