using Shithub.Actions.Workflows.Expressions;
using Shithub.Actions.Workflows.Yaml;

namespace Shithub.Actions.Workflows.Syntax;

/// <summary>Reads the steps of one job or one action.</summary>
internal sealed class StepReader(NodeReader reader, StepKind kind)
{
    private static readonly string[] KeysOfRun = ["shell", "working-directory"];
    private static readonly string[] KeysOfUses = ["with"];

    private readonly HashSet<string> _ids = new(StringComparer.OrdinalIgnoreCase);

    public IReadOnlyList<WorkflowStep> ReadAll(Field field)
    {
        if (field.Value is not YamlSequence sequence)
        {
            reader.WrongType(field.Value, field.Path, "a list of steps", field.Value is YamlMapping ? "write '- ' before each step" : null);
            return [];
        }

        if (sequence.Items.Count == 0)
            reader.Invalid(sequence, field.Path, $"'{field.Path}' is an empty list");
        if (sequence.Items.Count > WorkflowLimits.MaxSteps)
        {
            reader.Diagnostics.Error(
                DiagnosticCodes.Limit, sequence.Position, field.Path,
                $"{sequence.Items.Count} steps; a job may have {WorkflowLimits.MaxSteps}");
        }

        var steps = new List<WorkflowStep>();
        foreach (var item in NodeReader.Items(field, sequence))
        {
            if (reader.Mapping(item.Value, item.Path, item.Value is YamlScalar ? "write '- run: COMMAND'" : null) is { } mapping)
                steps.Add(ReadStep(mapping, item.Path, steps.Count));
        }

        return steps;
    }

    private WorkflowStep ReadStep(YamlMapping mapping, DocumentPath path, int index)
    {
        var step = new WorkflowStep(index, mapping.Position, null, null, null, null, null, [], null, [], new Setting<bool>(false, null));
        Field? uses = null;
        Field? with = null;
        foreach (var field in reader.Fields(mapping, path, kind.Keys, key => DescribeInput(mapping, key)))
        {
            switch (field.Name)
            {
                case "uses":
                    uses = field;
                    break;
                case "with":
                    with = field;
                    break;
                default:
                    step = ReadField(step, field);
                    break;
            }
        }

        CheckKind(mapping, path);
        return uses is { } action ? new UsesReader(reader, kind.With).Read(step, action, with) : step;
    }

    // An input that stands beside 'uses' and not below 'with'.
    private static string? DescribeInput(YamlMapping step, string key) =>
        step.Find("uses")?.Value is YamlScalar uses && BuiltInActions.Find(uses.Text)?.FindInput(key) is { } input
            ? $"'{input.Name}' is an input: write it below 'with'"
            : null;

    private WorkflowStep ReadField(WorkflowStep step, Field field) => field.Name switch
    {
        "id" => step with { Id = ReadId(field) },
        "if" => step with { If = reader.Condition(field, kind.If) },
        "name" => step with { Name = reader.Template(field, kind.Name) },
        "run" => step with { Run = ReadRun(field) },
        "shell" => step with { Shell = ReadShell(field) },
        // An empty one is the workspace itself, whatever 'defaults' say.
        "working-directory" => step with { WorkingDirectory = reader.Template(field, kind.WorkingDirectory) },
        "env" => step with { Env = reader.Env(field, kind.Env) },
        "continue-on-error" => step with { ContinueOnError = reader.BooleanSetting(field, false, kind.ContinueOnError) },
        "timeout-minutes" => step with
        {
            TimeoutMinutes = reader.IntegerSetting(
                field, WorkflowLimits.DefaultTimeoutMinutes, 1, WorkflowLimits.MaxTimeoutMinutes, ExpressionScope.StepTimeout),
        },
        _ => step,
    };

    // As on GitHub, an empty script is one that does nothing.
    private Template? ReadRun(Field field)
    {
        var script = reader.Template(field, kind.Run);
        if (script is not null && string.IsNullOrWhiteSpace(script.Source))
        {
            reader.Diagnostics.Warning(
                DiagnosticCodes.InvalidValue, field.Value.Position, field.Path, $"'{field.Path}' is empty, so the step does nothing");
        }

        return script;
    }

    private void CheckKind(YamlMapping mapping, DocumentPath path)
    {
        var run = mapping.Find("run");
        var uses = mapping.Find("uses");
        if (run is null && uses is null)
        {
            // A key that was meant to be one of them, or is refused by name, has its own error.
            if (mapping.Entries.TrueForAll(entry => kind.Keys.Supported.Contains(entry.Key.Text)))
                reader.MissingKey(mapping.Position, path, "a step has either 'run' or 'uses'; this one has neither");
        }
        else if (run is not null && uses is not null)
        {
            reader.Diagnostics.Error(
                DiagnosticCodes.InvalidValue, uses.Key.Position, path.Key("uses"),
                "a step has either 'run' or 'uses'; this one has both", "make it two steps");
        }

        var misplaced = run is null ? uses is null ? [] : KeysOfRun : uses is null ? KeysOfUses : [];
        foreach (var entry in mapping.Entries)
        {
            if (!misplaced.Contains(entry.Key.Text))
                continue;
            var other = run is null ? "run" : "uses";
            reader.Diagnostics.Error(
                DiagnosticCodes.InvalidValue, entry.Key.Position, path.Key(entry.Key.Text), $"'{entry.Key.Text}' is for steps with '{other}'",
                other == "uses" ? "a script gets its values with 'env'" : null);
        }

        if (kind.ShellIsRequired && run is not null && mapping.Find("shell") is null)
            reader.MissingKey(run.Key.Position, path, "a 'run' step of an action has no 'shell'", "add 'shell: bash'");
    }

    private string? ReadId(Field field)
    {
        if (reader.PlainText(field) is not { } id)
            return null;
        if (!Identifier.IsValid(id))
        {
            reader.Invalid(field.Value, field.Path, $"'{YamlReader.Show(id)}' cannot be a step's id", Identifier.Rule);
        }
        else if (!_ids.Add(id))
        {
            reader.Diagnostics.Error(
                DiagnosticCodes.Duplicate, field.Value.Position, field.Path,
                $"another step of this {(kind.ShellIsRequired ? "action" : "job")} has the id '{id}'; case makes no difference");
        }

        return id;
    }

    // GitHub's composite actions may take the shell from an input; its jobs' steps may not.
    private Template? ReadShell(Field field)
    {
        var shell = kind.ShellIsRequired
            ? reader.NonEmptyTemplate(field, kind.Run)
            : reader.PlainTemplate(field, kind.Run, "'defaults.run.shell' of the job takes them");
        return shell is not null && new ShellNames(reader).Check(field, shell) ? shell : null;
    }
}
