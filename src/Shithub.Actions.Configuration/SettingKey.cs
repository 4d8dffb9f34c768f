namespace Shithub.Actions.Configuration;

/// <summary>What is known about one setting without its type. Binding, checks for unknown names and the reference all use it.</summary>
/// <param name="Section">The TOML table it stands in.</param>
/// <param name="Name">Its key in that table.</param>
/// <param name="Description">A sentence for the reference, in Markdown.</param>
public abstract record SettingKey(string Section, string Name, string Description)
{
    /// <summary><c>section.key</c>, as options and messages name it.</summary>
    public string Path => $"{Section}.{Name}";

    /// <summary>What may be written, for the reference: <c>duration</c>, <c>whole number, 1 to 1000</c>.</summary>
    public abstract string TypeName { get; }

    /// <summary>The default for the reference, in Markdown; null without one.</summary>
    public string? DefaultShown { get; init; }

    /// <summary>Without a value the settings are refused.</summary>
    public bool IsRequired { get; init; }

    /// <summary>Never shown in messages, and may also be read from a file: <c>key_file = "/path"</c>.</summary>
    public bool IsSecret { get; init; }

    /// <summary>The command-line option that sets it, such as <c>--capacity</c>.</summary>
    public string? Option { get; init; }

    /// <summary>The command-line option that names a file with a secret's value, such as <c>--token-file</c>.</summary>
    public string? FileOption { get; init; }

    /// <summary>A second environment variable besides the one made from section and key, such as <c>SHITHUB_TOTP_KEY</c>.</summary>
    public string? ShortVariable { get; init; }
}

/// <summary>A setting and how its value is read.</summary>
/// <param name="Type">How its value is written.</param>
public sealed record SettingKey<T>(string Section, string Name, string Description, SettingType<T> Type)
    : SettingKey(Section, Name, Description)
{
    public override string TypeName => Type.Name;

    /// <summary>The value without any source; <c>default</c> (null, for what may be absent) if there is none.</summary>
    public T? Default { get; init; }

    /// <summary>Gives it a default, written as in an environment variable.</summary>
    public SettingKey<T> Or(string text) => this with { Default = Type.FromText(text), DefaultShown = $"`{Type.ShowInToml(text)}`" };
}
