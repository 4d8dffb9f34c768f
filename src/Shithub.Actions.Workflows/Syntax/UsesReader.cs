using System.Globalization;
using Shithub.Actions.Workflows.Expressions;
using Shithub.Actions.Workflows.Yaml;

namespace Shithub.Actions.Workflows.Syntax;

/// <summary>Reads <c>uses</c> and <c>with</c> of a step.</summary>
internal sealed class UsesReader(NodeReader reader, ExpressionScope scope)
{
    public WorkflowStep Read(WorkflowStep step, Field field, Field? with)
    {
        if (reader.PlainText(field, "name the action outright") is not { } uses)
            return step;
        if ((BuiltInActions.Resolve(uses) ?? BuiltInActions.Resolve(UnavailableActions.WithoutAddress(uses) ?? "")) is { } builtIn)
        {
            WarnOfOrigin(field, uses, builtIn);
            return step with { Uses = builtIn.Canonical, With = ReadInputs(field, with, builtIn.Action, builtIn.Canonical) };
        }

        if (UnavailableActions.Describe(uses) is { } refusal)
        {
            reader.Diagnostics.Error(
                DiagnosticCodes.UnsupportedAction, field.Value.Position, field.Path, refusal.Message, refusal.Alternative);
            // So that what is wrong with its inputs' expressions comes at once.
            ReadInputs(field, with, null, uses);
            return step;
        }

        var (reference, problem, suggestion) = References.Parse(uses);
        if (reference is null)
        {
            reader.Invalid(field.Value, field.Path, $"'{YamlReader.Show(uses)}' is not an action: {problem}", suggestion);
            return step;
        }

        if (reference.Path.EndsWith(".yml", StringComparison.Ordinal) || reference.Path.EndsWith(".yaml", StringComparison.Ordinal))
        {
            var isAction = reference.Path.Split('/')[^1] is "action.yml" or "action.yaml";
            reader.Invalid(
                field.Value, field.Path, $"'{YamlReader.Show(uses)}' is a file; an action is named by its folder",
                isAction ? "leave the file's name out" : "a workflow is called by a job's 'uses', not by a step's");
            return step;
        }

        return step with { Uses = uses, Action = reference, With = ReadInputs(field, with, null, uses) };
    }

    // A commit or an address says where the action's code comes from; there is none behind a built-in one. Who pins one action pins
    // all of them, so each is named once in a file.
    private void WarnOfOrigin(Field field, string uses, BuiltInActions.Use builtIn)
    {
        var origin = UnavailableActions.WithoutAddress(uses) is not null ? "address" : builtIn.Instead;
        if (origin is not null && reader.NamedBuiltIns.Add($"{origin} {builtIn.Action.Name}"))
        {
            reader.Diagnostics.Warning(
                DiagnosticCodes.UnsupportedAction, field.Value.Position, field.Path,
                $"'{builtIn.Action.Name}' is built in, so the {origin} makes no difference", $"write '{builtIn.Canonical}'");
        }
    }

    private List<ActionInput> ReadInputs(Field uses, Field? with, BuiltInAction? action, string name)
    {
        var inputs = new List<ActionInput>();
        YamlMapping? mapping = null;
        if (with is { IsNull: false } field)
        {
            if (reader.Whole(field, scope) is { } whole)
                return [new ActionInput(WholeMapping.Under, whole)];
            mapping = reader.Mapping(field.Value, field.Path);
            foreach (var entry in mapping is null ? [] : NodeReader.Entries(mapping, field.Path))
                ReadInput(entry, action, name, inputs);
            if (mapping is null)
                return inputs;
        }

        foreach (var missing in action?.Inputs.Where(input => input.Required && !IsGiven(mapping, input.Name)) ?? [])
            reader.MissingKey(uses.Value.Position, uses.Path, $"{name} needs the input '{missing.Name}'", $"add it under 'with'");
        return inputs;
    }

    private static bool IsGiven(YamlMapping? with, string input) =>
        with?.Entries.Any(entry => entry.Key.Text.Equals(input, StringComparison.OrdinalIgnoreCase)) == true;

    private void ReadInput(Field entry, BuiltInAction? action, string uses, List<ActionInput> inputs)
    {
        // Names of inputs have no case, as on GitHub.
        var name = entry.Name.ToLowerInvariant();
        var known = action?.FindInput(name);
        if (action is not null && known is null)
        {
            reader.Diagnostics.Error(
                DiagnosticCodes.UnknownKey, entry.Key.Position, entry.Path,
                $"{uses} has no input '{YamlReader.Show(entry.Name)}'",
                NearestName.Suggest(name, action.Inputs.Select(input => input.Name))
                ?? $"inputs: {string.Join(", ", action.Inputs.Select(input => input.Name))}");
        }
        else if (inputs.Any(input => input.Name == name))
        {
            reader.Diagnostics.Error(
                DiagnosticCodes.Duplicate, entry.Key.Position, entry.Path,
                string.Create(CultureInfo.InvariantCulture, $"the input '{name}' is already given; case makes no difference"));
        }
        else if (reader.Template(entry, scope) is { } value)
        {
            if (!value.HasExpressions && known?.DescribeMismatch(value.Source) is { } mismatch)
                reader.Invalid(entry.Value, entry.Path, $"the input '{name}' of {uses} {mismatch}");
            inputs.Add(new ActionInput(name, value));
        }
    }
}
