namespace Shithub.Actions.Configuration.Binding;

/// <summary>The environment variables of one program.</summary>
internal sealed class SettingsVariables(SettingTable table, IReadOnlyDictionary<string, string> environment)
{
    private const string FileSuffix = "_FILE";

    public SettingSource? Find(SettingKey key, bool isFile, List<string> errors)
    {
        var given = table.Variables(key).Select(name => isFile ? name + FileSuffix : name).Where(environment.ContainsKey).ToArray();
        if (given.Length > 1)
            errors.Add($"{given[1]}: {given[0]} is set too and means the same; unset one of them");
        return given.Length == 0 ? null : new SettingSource(given[0], environment[given[0]], null, isFile);
    }

    /// <summary>Refuses every variable with the program's prefix that it does not know, and names what was probably meant.</summary>
    public void RefuseUnknownNames(List<string> errors)
    {
        var known = table.Keys.SelectMany(key => key.IsSecret
                ? table.Variables(key).SelectMany(name => new[] { name, name + FileSuffix })
                : table.Variables(key))
            .Append(table.PathVariable).ToHashSet(StringComparer.Ordinal);
        var unknown = environment.Keys.Where(name => name.StartsWith(table.VariablePrefix, StringComparison.Ordinal)
            && !(table.ForeignPrefix is { } foreign && name.StartsWith(foreign, StringComparison.Ordinal))
            && !known.Contains(name));
        foreach (var name in unknown.Order(StringComparer.Ordinal))
        {
            var word = name[table.VariablePrefix.Length..];
            var nearest = Nearest.To(word, known.Select(variable => variable[table.VariablePrefix.Length..]));
            errors.Add($"{name}: {table.Program} has no such setting; " + (nearest is null
                ? $"unset it, or name it {table.VariablePrefix}SECTION__KEY after a setting"
                : $"did you mean {table.VariablePrefix}{nearest}?"));
        }
    }
}
