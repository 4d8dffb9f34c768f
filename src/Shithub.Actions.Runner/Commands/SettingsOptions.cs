using System.Collections;
using System.CommandLine;
using Shithub.Actions.Configuration;

namespace Shithub.Actions.Runner.Commands;

/// <summary>The options of a command that reads the runner's settings: <c>--config</c>, and those that set one setting each.</summary>
internal sealed class SettingsOptions
{
    private readonly Option<string?> _config = new(SettingOption.ConfigName)
    {
        Description = $"The settings file (default: {RunnerSettings.Table.DefaultPath}).",
    };

    private readonly List<(string Path, Option<string?> Option)> _settings =
    [
        .. RunnerSettings.Table.Options.Select(option => (option.Path, new Option<string?>(option.Name) { Description = option.Description })),
    ];

    public static SettingsOptions AddTo(Command command)
    {
        var options = new SettingsOptions();
        command.Options.Add(options._config);
        foreach (var (_, option) in options._settings) command.Options.Add(option);
        return options;
    }

    /// <exception cref="SettingsException">Anything is unknown, missing or wrong.</exception>
    public RunnerSettings Load(ParseResult result) => Load(result, RunnerSettings.Load);

    /// <summary>For what concerns this host alone.</summary>
    /// <exception cref="SettingsException">Anything is unknown or wrong.</exception>
    public RunnerSettings LoadForHost(ParseResult result) => Load(result, RunnerSettings.LoadForHost);

    private RunnerSettings Load(
        ParseResult result, Func<string?, IReadOnlyDictionary<string, string>, IReadOnlyDictionary<string, string>, RunnerSettings> load)
    {
        var environment = Environment.GetEnvironmentVariables().Cast<DictionaryEntry>()
            .ToDictionary(entry => (string)entry.Key, entry => (string?)entry.Value ?? "");
        var options = _settings
            .Where(setting => result.GetResult(setting.Option) is not null)
            .ToDictionary(setting => setting.Path, setting => result.GetValue(setting.Option) ?? "");
        return load(result.GetValue(_config), environment, options);
    }
}
