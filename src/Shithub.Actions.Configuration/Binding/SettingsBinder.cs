using System.Text;
using Shithub.Actions.Configuration.Values;

namespace Shithub.Actions.Configuration.Binding;

/// <summary>
/// Reads a program's settings from their sources. The last of these that has a value wins: default, settings file, environment,
/// options. Every error is collected, so that one start shows all of them.
/// </summary>
internal sealed class SettingsBinder
{
    private const int SecretFileBytesMax = 64 * 1024;

    private readonly SettingTable _table;
    private readonly SettingsFile? _file;
    private readonly SettingsVariables _variables;
    private readonly IReadOnlyDictionary<string, string> _options;
    private readonly List<string> _errors = [];
    private readonly bool _fileFailed;
    private readonly string _path;

    /// <param name="configPath">The file named on the command line, or null.</param>
    public SettingsBinder(SettingTable table, string? configPath,
        IReadOnlyDictionary<string, string> environment, IReadOnlyDictionary<string, string> options)
    {
        (_table, _options) = (table, options);
        _variables = new SettingsVariables(table, environment);
        var named = configPath ?? environment.GetValueOrDefault(table.PathVariable);
        _path = named ?? table.DefaultPath;
        _file = SettingsFile.Read(_path, mustExist: named is not null, _errors);
        _fileFailed = _errors.Count > 0;
        _file?.RefuseUnknownNames(table, _errors);
        _variables.RefuseUnknownNames(_errors);
        var paths = table.Keys.SelectMany(key => key.IsSecret ? new[] { key.Path, key.Path + "_file" } : [key.Path]);
        foreach (var unknown in options.Keys.Except(paths, StringComparer.Ordinal))
            _errors.Add($"the option for '{unknown}' sets no setting of {table.Program}");
    }

    /// <summary>The value of a setting. After an error it is the default, and <see cref="ThrowIfRefused"/> throws.</summary>
    public T Get<T>(SettingKey<T> key)
    {
        if (Winner(key) is { } source)
            return Read(key, source);
        // A file that could not be read may well hold what is missing here.
        if (key.IsRequired && !_fileFailed)
            _errors.Add(Required(key, _table, _path));
        return key.Default!;
    }

    private SettingSource? Winner(SettingKey key) =>
        Pick(key, Option(key, isFile: false), Option(key, isFile: true))
        ?? Pick(key, _variables.Find(key, isFile: false, _errors), key.IsSecret ? _variables.Find(key, isFile: true, _errors) : null)
        ?? Pick(key, _file?.Find(key.Section, key.Name, isFile: false),
            key.IsSecret ? _file?.Find(key.Section, key.Name + "_file", isFile: true) : null);

    private SettingSource? Option(SettingKey key, bool isFile)
    {
        var path = isFile ? key.Path + "_file" : key.Path;
        return _options.TryGetValue(path, out var text)
            ? new SettingSource((isFile ? key.FileOption : key.Option) ?? path, text, null, isFile) : null;
    }

    private SettingSource? Pick(SettingKey key, SettingSource? value, SettingSource? file)
    {
        if (value is not null && file is not null)
            _errors.Add($"{file.Where}: {value.Where} sets {key.Path} too; keep one of the two");
        return value ?? file;
    }

    private T Read<T>(SettingKey<T> key, SettingSource source)
    {
        try
        {
            return source.IsFile ? key.Type.FromText(FileContent(source)) : source.Read(key.Type);
        }
        catch (SettingValueException problem)
        {
            var given = key.IsSecret ? $"the value of {key.Path}" : $"{key.Path} is {source.Shown}; it";
            _errors.Add($"{source.Where}: {given} {problem.Message}");
            return key.Default!;
        }
    }

    /// <summary>A secret's file without the line end that editors put there. A relative path starts where the program runs.</summary>
    private static string FileContent(SettingSource source)
    {
        var path = source.Read(SettingTypes.FilePath);
        try
        {
            return new UTF8Encoding(false, throwOnInvalidBytes: true)
                .GetString(SmallFile.Read(path, SecretFileBytesMax)).TrimEnd('\r', '\n');
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException or DecoderFallbackException)
        {
            throw new SettingValueException(
                $"cannot be read from the file {path}: {problem.Message} Make it readable for the user that runs this program");
        }
    }

    /// <summary>Adds an error that concerns several settings.</summary>
    public void Refuse(string error) => _errors.Add(error);

    /// <exception cref="SettingsException">There was any error.</exception>
    public void ThrowIfRefused()
    {
        if (_errors.Count > 0)
            throw new SettingsException(_errors);
    }

    /// <summary>Says how to set what is missing.</summary>
    public static string Required(SettingKey key, SettingTable table, string path)
    {
        var option = (key.FileOption ?? key.Option) is { } name ? $"as the option {name}, " : "";
        return $"{key.Path} is not set; give it {option}as the variable {table.Variable(key)}, "
            + $"or as {key.Name} below [{key.Section}] in {path}";
    }
}
