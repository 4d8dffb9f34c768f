using Xunit;

namespace Shithub.Actions.Configuration.Tests;

/// <summary>Settings given to a program: a file in a folder of its own, variables, options.</summary>
internal sealed class Given : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("shithub-settings-");

    public Dictionary<string, string> Environment { get; } = [];

    public Dictionary<string, string> Options { get; } = [];

    public string? ConfigPath { get; private set; }

    public static Given Toml(string toml)
    {
        var given = new Given();
        given.ConfigPath = given.File("config.toml", toml);
        return given;
    }

    public Given Variable(string name, string value)
    {
        Environment[name] = value;
        return this;
    }

    public Given Option(string path, string value)
    {
        Options[path] = value;
        return this;
    }

    public string File(string name, string content)
    {
        var path = Path.Combine(_folder.FullName, name);
        System.IO.File.WriteAllText(path, content);
        return path;
    }

    public RunnerSettings Runner() => RunnerSettings.Load(ConfigPath, Environment, Options);

    public ServerSettings Server() => ServerSettings.Load(ConfigPath, Environment, Options);

    /// <summary>What a program would print, with the settings file's path cut to its name.</summary>
    public IReadOnlyList<string> RunnerErrors() => Errors(() => Runner());

    public IReadOnlyList<string> ServerErrors() => Errors(() => Server());

    public void Dispose() => _folder.Delete(recursive: true);

    private string[] Errors(Action load) => [.. Assert.Throws<SettingsException>(load).Errors
        .Select(error => error.Replace(_folder.FullName + "/", "", StringComparison.Ordinal))];
}
