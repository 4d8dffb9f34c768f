using Shithub.Actions.Workflows.Yaml;

namespace Shithub.Actions.Workflows.Syntax;

/// <summary>What <c>shell:</c> may be: a known name, or a command with <c>{0}</c> for the script's file.</summary>
internal sealed class ShellNames(NodeReader reader)
{
    /// <summary>Those that GitHub knows on Linux. <c>python</c> and <c>pwsh</c> work where the image has the program.</summary>
    public static IReadOnlyList<string> Known { get; } = ["bash", "sh", "python", "pwsh"];

    /// <summary>Whether the value can be a shell; otherwise an error is reported.</summary>
    public bool Check(Field field, Template shell)
    {
        if (shell.HasExpressions || shell.Source.Contains("{0}", StringComparison.Ordinal))
            return true;
        var name = shell.Source.Trim();
        // GitHub's runner looks them up without case.
        if (Known.Contains(name, StringComparer.OrdinalIgnoreCase))
            return true;
        if (name.ToLowerInvariant() is "cmd" or "powershell")
        {
            reader.Diagnostics.Error(
                DiagnosticCodes.NotSupported, field.Value.Position, field.Path,
                $"the shell '{name}' is a part of Windows, and jobs run on Linux",
                name is "cmd" or "CMD" ? "use bash" : "use 'pwsh' with an image that has it, or bash");
        }
        else if (Known.Contains(name.Split(' ')[0]) || name.Contains(' ') || NearestName.Find(name, Known) is null)
        {
            reader.Invalid(
                field.Value, field.Path, $"'{YamlReader.Show(name)}' does not say where the script goes",
                $"write '{YamlReader.Show(name)} {{0}}', or one of: {string.Join(", ", Known)}");
        }
        else
        {
            reader.Invalid(field.Value, field.Path, $"unknown shell '{YamlReader.Show(name)}'", NearestName.Suggest(name, Known));
        }

        return false;
    }
}
