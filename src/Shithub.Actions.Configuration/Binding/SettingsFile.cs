using Shithub.Actions.Configuration.Toml;

namespace Shithub.Actions.Configuration.Binding;

/// <summary>The TOML file of a program's settings: found, read, and its names checked.</summary>
internal sealed class SettingsFile(string path, TomlTable root)
{
    /// <summary>Far above any real settings file; keeps a wrong path such as a disk image from being read whole.</summary>
    private const int BytesMax = 1024 * 1024;

    public string Path { get; } = path;

    /// <summary>
    /// Reads the file. Null, with an error, if it cannot be used; null without one if it does not exist and need not.
    /// </summary>
    public static SettingsFile? Read(string path, bool mustExist, List<string> errors)
    {
        try
        {
            return new SettingsFile(path, TomlDocument.Read(SmallFile.Read(path, BytesMax)));
        }
        catch (TomlException problem)
        {
            errors.Add($"{path}:{problem.Position.Line}:{problem.Position.Column}: {problem.Message}");
        }
        catch (Exception missing) when (missing is FileNotFoundException or DirectoryNotFoundException)
        {
            if (mustExist)
                errors.Add($"{path}: the settings file does not exist; create it, or name another one with {SettingOption.ConfigName}");
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            errors.Add($"{path}: the settings file cannot be read: {problem.Message} Make it readable for the user that runs this program");
        }
        return null;
    }

    public SettingSource? Find(string section, string name, bool isFile) =>
        (root[section] as TomlTable)?.Entries.GetValueOrDefault(name) is { } entry
            ? new SettingSource(Where(entry.Value.Position), null, entry.Value, isFile) : null;

    /// <summary>Refuses every section and key that the program does not have, and names what was probably meant.</summary>
    public void RefuseUnknownNames(SettingTable table, List<string> errors)
    {
        var sections = table.Keys.Select(key => key.Section).Distinct().ToArray();
        foreach (var (name, entry) in root.Entries)
        {
            if (!sections.Contains(name))
                errors.Add($"{Where(entry.KeyPosition)}: {UnknownSection(name, entry.Value, sections, table)}");
            else if (entry.Value is not TomlTable section)
                errors.Add($"{Where(entry.KeyPosition)}: '{name}' must be a table; begin it with the line [{name}]");
            else
                errors.AddRange(section.Entries.Where(key => !IsKnown(table, name, key.Key))
                    .Select(key => $"{Where(key.Value.KeyPosition)}: {UnknownKey(name, key.Key, table)}"));
        }
    }

    private static bool IsKnown(SettingTable table, string section, string name) =>
        table.Keys.Any(key => key.Section == section && (key.Name == name || (key.IsSecret && key.Name + "_file" == name)));

    private static string UnknownSection(string name, TomlValue value, string[] sections, SettingTable table)
    {
        if (value is TomlTable or TomlArray { Items: [TomlTable, ..] })
            return $"there is no section [{name}]; " + (Nearest.To(name, sections) is { } near
                ? $"did you mean [{near}]?" : $"there are [{string.Join("], [", sections)}]");
        return $"the key '{name}' stands in no section; " + (table.Keys.FirstOrDefault(key => key.Name == name) is { } meant
            ? $"write it below the line [{meant.Section}]" : $"keys stand below one of [{string.Join("], [", sections)}]");
    }

    private static string UnknownKey(string section, string name, SettingTable table)
    {
        var known = table.Keys.Where(key => key.Section == section)
            .SelectMany(key => key.IsSecret ? new[] { key.Name, key.Name + "_file" } : [key.Name]).ToArray();
        var remedy = table.Keys.FirstOrDefault(key => key.Name == name) is { } elsewhere
            ? $"it belongs below the line [{elsewhere.Section}]"
            : Nearest.To(name, known) is { } near ? $"did you mean '{near}'?" : $"there are {string.Join(", ", known)}";
        return $"[{section}] has no key '{name}'; {remedy}";
    }

    private string Where(TomlPosition position) => $"{Path}:{position.Line}:{position.Column}";
}
