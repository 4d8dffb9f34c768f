namespace Shithub.Actions.Configuration;

/// <summary>A command-line option that sets a setting.</summary>
/// <param name="Name">With its dashes, such as <c>--server-url</c>.</param>
/// <param name="Path">Its key in the options given to <c>Load</c>, such as <c>server.base_url</c>. Lists are comma separated.</param>
/// <param name="Description">One sentence, for the help.</param>
public sealed record SettingOption(string Name, string Path, string Description)
{
    /// <summary>The option that names the settings file. It is not in the tables: its value is the first argument of <c>Load</c>.</summary>
    public const string ConfigName = "--config";

    internal static IEnumerable<SettingOption> Of(SettingKey key)
    {
        if (key.Option is not null)
            yield return new SettingOption(key.Option, key.Path, key.Description.Replace("`", "", StringComparison.Ordinal));
        if (key.FileOption is not null)
            yield return new SettingOption(key.FileOption, key.Path + "_file", $"A file that holds {key.Path}.");
    }
}
