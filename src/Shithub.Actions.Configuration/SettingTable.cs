namespace Shithub.Actions.Configuration;

/// <summary>All settings of one program and where it looks for them.</summary>
/// <param name="Program">The program's name.</param>
/// <param name="DefaultPath">The settings file that is read if it exists and no other was named.</param>
/// <param name="VariablePrefix">What its environment variables begin with.</param>
/// <param name="ForeignPrefix">Variables that begin with this are another program's.</param>
/// <param name="ShortSection">A variable without <c>__</c> means a key of this section, if there is one.</param>
/// <param name="Keys">In the order of the reference.</param>
public sealed record SettingTable(
    string Program, string DefaultPath, string VariablePrefix, string? ForeignPrefix, string? ShortSection, IReadOnlyList<SettingKey> Keys)
{
    /// <summary>Names the settings file; <c>--config</c> wins over it.</summary>
    public string PathVariable => VariablePrefix + "CONFIG";

    /// <summary>The options of the command line that set a setting.</summary>
    public IReadOnlyList<SettingOption> Options { get; } = [.. Keys.SelectMany(SettingOption.Of)];

    /// <summary>The environment variable for a setting that the reference and messages name.</summary>
    public string Variable(SettingKey key) => Variables(key)[0];

    /// <summary>Every environment variable that means this setting, the shortest first.</summary>
    internal IReadOnlyList<string> Variables(SettingKey key)
    {
        var name = key.Name.ToUpperInvariant();
        var full = $"{VariablePrefix}{key.Section.ToUpperInvariant()}__{name}";
        if (key.ShortVariable is not null)
            return [key.ShortVariable, full];
        return key.Section == ShortSection ? [VariablePrefix + name, full] : [full];
    }
}
