using System.Text.RegularExpressions;
using Shithub.Actions.Workflows.Yaml;

namespace Shithub.Actions.Workflows.Migration;

/// <summary>Finds the workflow commands that GitHub has replaced by files, and that have no effect here.</summary>
internal static partial class WorkflowCommands
{
    private static readonly Dictionary<string, string> Files = new()
    {
        ["set-output"] = "GITHUB_OUTPUT",
        ["save-state"] = "GITHUB_STATE",
        ["set-env"] = "GITHUB_ENV",
        ["add-path"] = "GITHUB_PATH",
    };

    public static void Find(YamlScalar script, MigrationDraft draft)
    {
        foreach (Match match in Command().Matches(script.Source[script.SourceIndex..script.SourceEnd]))
        {
            var command = match.Groups["command"].Value;
            var value = match.Groups["value"] is { Success: true, Length: > 0 } given ? given.Value.TrimEnd() : "VALUE";
            var line = command == "add-path" ? value : $"{(match.Groups["name"] is { Success: true } name ? name.Value : "NAME")}={value}";
            draft.ByHand(
                MigrationCodes.WorkflowCommand, script.SourceIndex + match.Index, $"'::{command}' has no effect here",
                $"write: echo \"{line}\" >> \"${Files[command]}\"");
        }
    }

    [GeneratedRegex(
        """::(?<command>set-output|save-state|set-env|add-path)\b(?:[ \t]+name=(?<name>[\w-]+))?(?:::(?<value>[^"'\r\n]*))?""",
        RegexOptions.CultureInvariant)]
    private static partial Regex Command();
}
