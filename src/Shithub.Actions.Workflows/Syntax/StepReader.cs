using System.Globalization;
using Shithub.Actions.Workflows.Expressions;
using Shithub.Actions.Workflows.Yaml;

namespace Shithub.Actions.Workflows.Syntax;

/// <summary>Reads the steps of one job.</summary>
internal sealed class StepReader(NodeReader reader)
{
    private readonly HashSet<string> _ids = new(StringComparer.OrdinalIgnoreCase);

    public IReadOnlyList<WorkflowStep> ReadAll(Field field)
    {
        if (field.Value is not YamlSequence sequence)
        {
            reader.WrongType(field.Value, field.Path, "a list of steps");
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
        for (var i = 0; i < sequence.Items.Count; i++)
        {
            var path = field.Path.Index(i);
            if (reader.Mapping(sequence.Items[i], path) is { } mapping)
                steps.Add(ReadStep(mapping, path, i));
        }

        return steps;
    }

    private WorkflowStep ReadStep(YamlMapping mapping, DocumentPath path, int index)
    {
        var step = new WorkflowStep(index, mapping.Position, null, null, null, null, null, [], null, [], new Setting<bool>(false, null));
        Field? with = null;
        foreach (var field in reader.Fields(mapping, path, KeySet.Step))
        {
            step = field.Name switch
            {
                "id" => step with { Id = ReadId(field) },
                "name" => step with { Name = reader.Template(field, ExpressionScope.StepName) },
                "run" => step with { Run = reader.NonEmptyTemplate(field, ExpressionScope.StepRun) },
                "shell" => step with { Shell = ReadShell(field) },
                "uses" => step with { Uses = ReadUses(field) },
                "working-directory" => step with { WorkingDirectory = reader.NonEmptyTemplate(field, ExpressionScope.StepWorkingDirectory) },
                "env" => step with { Env = reader.Env(field, ExpressionScope.StepEnv) },
                "continue-on-error" =>
                    step with { ContinueOnError = reader.BooleanSetting(field, false, ExpressionScope.StepContinueOnError) },
                _ => step,
            };
            if (field.Name == "with")
                with = field;
        }

        CheckKind(mapping, path);
        return with is { } inputs && step.Uses is not null ? step with { With = ReadInputs(inputs, step.Uses) } : step;
    }

    private void CheckKind(YamlMapping mapping, DocumentPath path)
    {
        var run = mapping.Find("run");
        var uses = mapping.Find("uses");
        if (run is null && uses is null)
        {
            reader.Diagnostics.Error(
                DiagnosticCodes.MissingKey, mapping.Position, path, "a step has either 'run' or 'uses'; this one has neither");
        }
        else if (run is not null && uses is not null)
        {
            reader.Diagnostics.Error(
                DiagnosticCodes.InvalidValue, uses.Key.Position, path.Key("uses"),
                "a step has either 'run' or 'uses'; this one has both", "make it two steps");
        }

        var misplaced = run is null ? ["shell", "working-directory"] : uses is null ? new[] { "with" } : [];
        foreach (var entry in mapping.Entries.Where(entry => misplaced.Contains(entry.Key.Text)))
        {
            var kind = run is null ? "'run'" : "'uses'";
            reader.Diagnostics.Error(
                DiagnosticCodes.InvalidValue, entry.Key.Position, path.Key(entry.Key.Text),
                $"'{entry.Key.Text}' is for steps with {kind}");
        }
    }

    private string? ReadId(Field field)
    {
        if (reader.NonEmptyText(field) is not { } id)
            return null;
        if (!Identifier.IsValid(id))
        {
            reader.Invalid(field.Value, field.Path, $"'{YamlReader.Show(id)}' cannot be a step's id", Identifier.Rule);
        }
        else if (!_ids.Add(id))
        {
            reader.Diagnostics.Error(
                DiagnosticCodes.Duplicate, field.Value.Position, field.Path,
                $"another step of this job has the id '{id}'; case makes no difference");
        }

        return id;
    }

    private string? ReadShell(Field field)
    {
        var shell = reader.NonEmptyText(field);
        if (shell is null or "bash" or "sh")
            return shell;
        reader.Diagnostics.Error(
            DiagnosticCodes.NotSupported, field.Value.Position, field.Path,
            $"the shell '{YamlReader.Show(shell)}' is not supported; steps run in 'bash' or 'sh'",
            "call another interpreter from the script");
        return null;
    }

    private string? ReadUses(Field field)
    {
        if (reader.NonEmptyText(field) is not { } uses)
            return null;
        if (BuiltInActions.Refuse(uses) is not { } refusal)
            return uses;
        reader.Diagnostics.Error(
            DiagnosticCodes.UnsupportedAction, field.Value.Position, field.Path, refusal.Message, refusal.Suggestion);
        return null;
    }

    private List<ActionInput> ReadInputs(Field with, string uses)
    {
        var inputs = new List<ActionInput>();
        if (reader.Mapping(with.Value, with.Path) is not { } mapping)
            return inputs;
        foreach (var entry in NodeReader.Entries(mapping, with.Path))
        {
            // Names of inputs have no case, as on GitHub.
            var name = entry.Name.ToLowerInvariant();
            if (BuiltInActions.LaterCheckoutInputs.Contains(name))
                reader.NotYet(entry.Key.Position, entry.Path, $"the input '{entry.Name}' of {uses}");
            else if (!BuiltInActions.CheckoutInputs.Contains(name))
                reader.Diagnostics.Error(
                    DiagnosticCodes.UnknownKey, entry.Key.Position, entry.Path,
                    $"{uses} has no input '{YamlReader.Show(entry.Name)}'",
                    NearestName.Suggest(name, BuiltInActions.CheckoutInputs.Concat(BuiltInActions.LaterCheckoutInputs))
                    ?? $"inputs: {string.Join(", ", BuiltInActions.CheckoutInputs)}");
            else if (inputs.Any(input => input.Name == name))
                reader.Diagnostics.Error(
                    DiagnosticCodes.Duplicate, entry.Key.Position, entry.Path,
                    string.Create(CultureInfo.InvariantCulture, $"the input '{name}' is already given; case makes no difference"));
            else if (reader.Template(entry, ExpressionScope.StepWith) is { } value)
                inputs.Add(new ActionInput(name, value));
        }

        return inputs;
    }
}
