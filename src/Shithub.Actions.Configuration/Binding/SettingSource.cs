using Shithub.Actions.Configuration.Toml;

namespace Shithub.Actions.Configuration.Binding;

/// <summary>One value that someone gave a setting.</summary>
/// <param name="Where">The option, the variable, or file:line:column.</param>
/// <param name="Text">The value, from an option or a variable.</param>
/// <param name="Toml">The value, from the settings file.</param>
/// <param name="IsFile">The value names a file that holds the setting's value.</param>
internal sealed record SettingSource(string Where, string? Text, TomlValue? Toml, bool IsFile)
{
    public T Read<T>(SettingType<T> type) => Toml is null ? type.FromText(Text!) : type.FromToml(Toml);

    public string Shown => Toml is null ? $"\"{Binding.Shown.Text(Text!)}\"" : Binding.Shown.Toml(Toml);
}
