using Shithub.Actions.Workflows.Expressions;

namespace Shithub.Actions.Workflows.Syntax;

/// <summary>Reads <c>defaults:</c>, of a workflow or of a job.</summary>
internal sealed class DefaultsReader(NodeReader reader, bool ofJob)
{
    private static readonly ExpressionScope Scope = ExpressionScope.JobDefaultsRun;

    public RunDefaults Read(Field field)
    {
        var defaults = RunDefaults.None;
        if (reader.Mapping(field.Value, field.Path) is not { } mapping)
            return defaults;
        foreach (var run in reader.Fields(mapping, field.Path, KeySet.Defaults))
        {
            if (ofJob && reader.Whole(run, Scope) is { } whole)
            {
                defaults = new RunDefaults(
                    whole.Member("shell", Scope, reader.Diagnostics), whole.Member("working-directory", Scope, reader.Diagnostics));
                continue;
            }

            if (reader.Mapping(run.Value, run.Path) is not { } settings)
                continue;
            foreach (var entry in reader.Fields(settings, run.Path, KeySet.DefaultsRun))
            {
                // GitHub offers contexts to a job's defaults only.
                var value = ofJob ? reader.NonEmptyTemplate(entry, Scope) : reader.PlainTemplate(entry, Scope, "set 'defaults' of the job");
                if (entry.Name == "working-directory")
                    defaults = defaults with { WorkingDirectory = value };
                else if (value is not null && new ShellNames(reader).Check(entry, value))
                    defaults = defaults with { Shell = value };
            }
        }

        return defaults;
    }
}
