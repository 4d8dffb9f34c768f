namespace Shithub.Actions.Configuration.Toml;

/// <summary>A document is not TOML 1.0. The message says what is wrong and what to write instead.</summary>
public sealed class TomlException(string message, TomlPosition position) : Exception(message)
{
    public TomlPosition Position { get; } = position;
}
