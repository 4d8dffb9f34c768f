using System.Text;

namespace Shithub.Actions.Configuration;

/// <summary>Writes the reference of all settings, <c>docs/configuration.md</c>, from the tables that the programs bind by.</summary>
public static class SettingsReference
{
    private const string Introduction = """
        # Configuration

        <!-- Made from src/Shithub.Actions.Configuration; a test holds it current and says how to renew it. -->

        Both programs read their settings from four places. The later one wins:

        1. the default,
        2. a TOML 1.0 file,
        3. environment variables,
        4. options of the command line.

        A missing default file is fine; a file that was named must exist. Names that a program does not know are refused with the
        nearest known one, and every error is reported at once, with its place. The program then exits with 1.

        - A **list** is an array of strings in TOML, and comma separated in variables and options.
        - A **duration** is whole numbers with `d`, `h`, `m`, `s`, `ms`: `"30s"`, `"1h30m"`, `"7d"`.
        - A **size** is bytes, or a whole number with `k`, `m`, `g`, `t` (powers of 1024): `"64k"`, `"2g"`.
        - A **secret** can stand in a file of its own, so that it shows neither in the settings nor in the process list: append `_file`
          to the key or `_FILE` to the variable, and give the file's path. Line ends at its end do not count.

        """;

    public static string Markdown(params IReadOnlyList<SettingTable> programs)
    {
        var text = new StringBuilder(Introduction);
        foreach (var program in programs)
        {
            text.Append($"\n## {program.Program}\n\n");
            text.Append($"The file is `{program.DefaultPath}`, or the one that ");
            text.Append($"`{SettingOption.ConfigName}` or `{program.PathVariable}` names.\n");
            text.Append($"A variable is `{program.VariablePrefix}` and `SECTION__KEY`");
            text.Append(program.ShortSection is { } section ? $"; for the section `[{section}]`, `KEY` is enough" : "");
            text.Append(program.ForeignPrefix is { } foreign ? $". Variables with `{foreign}` are the runner's and are left alone.\n" : ".\n");
            foreach (var group in program.Keys.GroupBy(key => key.Section))
            {
                text.Append($"\n### [{group.Key}]\n\n");
                text.Append("| key | what | type | default | variable, option |\n| --- | --- | --- | --- | --- |\n");
                foreach (var key in group)
                    text.Append(Row(key, program));
            }
        }
        return text.ToString();
    }

    private static string Row(SettingKey key, SettingTable program)
    {
        var type = key.IsSecret ? $"secret: {key.TypeName}" : key.TypeName;
        var value = key.DefaultShown ?? (key.IsRequired ? "required" : "none");
        string?[] names = [program.Variable(key), key.Option, key.FileOption];
        var given = string.Join(", ", names.Where(name => name is not null).Select(name => $"`{name}`"));
        return $"| `{key.Name}` | {key.Description} | {type} | {value} | {given} |\n";
    }
}
