using Shithub.Actions.Workflows.Expressions;
using Shithub.Actions.Workflows.Yaml;

namespace Shithub.Actions.Workflows.Syntax;

/// <summary>Reads <c>runs-on</c> in all its forms.</summary>
internal sealed class RunsOnReader(NodeReader reader)
{
    private static readonly string[] HostedSystems = ["ubuntu-", "windows-", "macos-"];

    public RunsOn Read(Field field)
    {
        if (field.Value is not YamlMapping mapping)
            return new RunsOn(ReadLabels(field), null);
        var runsOn = new RunsOn([], null);
        foreach (var entry in reader.Fields(mapping, field.Path, KeySet.RunsOn))
        {
            runsOn = entry.Name == "group"
                ? runsOn with { Group = reader.NonEmptyTemplate(entry, ExpressionScope.RunsOn) }
                : runsOn with { Labels = ReadLabels(entry) };
        }

        if (mapping.Entries.Count == 0)
            reader.Invalid(mapping, field.Path, "'runs-on' has neither 'group' nor 'labels'");
        return runsOn;
    }

    private List<Template> ReadLabels(Field field)
    {
        var labels = reader.OneOrMore(field);
        if (labels.Count > WorkflowLimits.MaxLabels)
        {
            reader.Diagnostics.Error(
                DiagnosticCodes.Limit, field.Value.Position, field.Path,
                $"{labels.Count} labels; 'runs-on' may have {WorkflowLimits.MaxLabels}");
        }

        var templates = new List<Template>();
        foreach (var label in labels)
        {
            if (reader.Template(label, ExpressionScope.RunsOn) is not { } template)
                continue;
            templates.Add(template);
            if (!template.HasExpressions && template.Source.Contains(','))
                reader.Invalid(label.Value, label.Path, "a label has no comma", $"write a list: [{YamlReader.Show(template.Source)}]");
        }

        WarnOfTwoSystems(field, templates);
        return templates;
    }

    // Somebody who lists systems wants a job on each; what they wrote waits for a machine that is all of them.
    private void WarnOfTwoSystems(Field field, List<Template> labels)
    {
        var systems = labels
            .Where(label => HostedSystems.Any(system => label.Source.StartsWith(system, StringComparison.OrdinalIgnoreCase)))
            .Select(label => label.Source).ToList();
        if (systems.Count > 1)
        {
            reader.Diagnostics.Warning(
                DiagnosticCodes.InvalidValue, field.Value.Position, field.Path,
                $"one runner must have all these labels: {YamlReader.Show(string.Join(", ", systems))}",
                "for a job on each, use 'strategy.matrix'");
        }
    }
}
