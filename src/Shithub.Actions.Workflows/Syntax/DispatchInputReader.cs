using Shithub.Actions.Workflows.Yaml;

namespace Shithub.Actions.Workflows.Syntax;

/// <summary>Reads <c>on.workflow_dispatch</c> and its inputs.</summary>
internal sealed class DispatchInputReader(NodeReader reader)
{
    private static readonly Dictionary<string, DispatchInputType> Types = new()
    {
        ["string"] = DispatchInputType.String,
        ["boolean"] = DispatchInputType.Boolean,
        ["number"] = DispatchInputType.Number,
        ["choice"] = DispatchInputType.Choice,
        ["environment"] = DispatchInputType.Environment,
    };

    public DispatchTrigger Read(YamlNode? options, DocumentPath path)
    {
        var inputs = new List<DispatchInput>();
        if (options is null or YamlScalar { Kind: ScalarKind.Null } || reader.Mapping(options, path) is not { } mapping)
            return new DispatchTrigger(inputs);
        foreach (var field in reader.Fields(mapping, path, KeySet.Dispatch))
        {
            if (field.Value is not YamlScalar { Kind: ScalarKind.Null } && reader.Mapping(field.Value, field.Path) is { } all)
                ReadInputs(all, field.Path, inputs);
        }

        return new DispatchTrigger(inputs);
    }

    private void ReadInputs(YamlMapping mapping, DocumentPath path, List<DispatchInput> inputs)
    {
        if (mapping.Entries.Count > WorkflowLimits.MaxDispatchInputs)
        {
            reader.Diagnostics.Error(
                DiagnosticCodes.Limit, mapping.Position, path,
                $"{mapping.Entries.Count} inputs; 'workflow_dispatch' may have {WorkflowLimits.MaxDispatchInputs}");
        }

        foreach (var entry in NodeReader.Entries(mapping, path))
        {
            if (!Identifier.IsValid(entry.Name))
                reader.Diagnostics.Error(
                    DiagnosticCodes.InvalidValue, entry.Key.Position, entry.Path,
                    $"'{YamlReader.Show(entry.Name)}' cannot be an input's name", Identifier.Rule);
            else if (inputs.Any(input => input.Name.Equals(entry.Name, StringComparison.OrdinalIgnoreCase)))
                reader.Diagnostics.Error(
                    DiagnosticCodes.Duplicate, entry.Key.Position, entry.Path,
                    $"the input '{entry.Name}' is already defined; case makes no difference");
            else if (ReadInput(entry) is { } input)
                inputs.Add(input);
        }
    }

    private DispatchInput? ReadInput(Field entry)
    {
        if (entry.Value is YamlScalar { Kind: ScalarKind.Null })
            return new DispatchInput(entry.Name, null, false, DispatchInputType.String, null, []);
        if (reader.Mapping(entry.Value, entry.Path) is not { } mapping)
            return null;

        string? description = null;
        var required = false;
        DispatchInputType? type = DispatchInputType.String;
        Field? defaultField = null;
        List<string>? options = null;
        foreach (var field in reader.Fields(mapping, entry.Path, KeySet.DispatchInput))
        {
            switch (field.Name)
            {
                case "description":
                    description = reader.Text(field);
                    break;
                case "required":
                    required = reader.Boolean(field) ?? false;
                    break;
                case "default":
                    defaultField = field;
                    break;
                case "type":
                    type = ReadType(field);
                    break;
                case "options":
                    options = [.. reader.OneOrMore(field).Select(item => reader.Text(item)!)];
                    break;
            }
        }

        if (type is null)
            return null;
        if (type == DispatchInputType.Choice && options is null)
            reader.Diagnostics.Error(
                DiagnosticCodes.MissingKey, entry.Key.Position, entry.Path, $"the input '{entry.Name}' is a choice without 'options'");
        if (type != DispatchInputType.Choice && options is not null)
            reader.Diagnostics.Error(
                DiagnosticCodes.InvalidValue, entry.Key.Position, entry.Path, "'options' is for inputs of type 'choice'");

        var input = new DispatchInput(entry.Name, description, required, type.Value, null, options ?? []);
        if (defaultField is not { Value: not YamlScalar { Kind: ScalarKind.Null } } given || reader.Text(given) is not { } text)
            return input;
        if (DispatchInputs.DescribeMismatch(input, text) is { } mismatch)
            reader.Invalid(given.Value, given.Path, $"the default of '{entry.Name}' {mismatch}");
        return input with { Default = text };
    }

    private DispatchInputType? ReadType(Field field)
    {
        if (reader.Text(field) is not { } name)
            return null;
        if (Types.TryGetValue(name, out var type))
            return type;
        reader.Invalid(
            field.Value, field.Path, $"'{YamlReader.Show(name)}' is not a type of an input",
            NearestName.Suggest(name, Types.Keys) ?? $"types: {string.Join(", ", Types.Keys)}");
        return null;
    }
}
