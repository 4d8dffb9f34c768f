using Shithub.Actions.Workflows.Yaml;

namespace Shithub.Actions.Workflows.Syntax;

/// <summary>Reads <c>on.workflow_dispatch</c> and its inputs.</summary>
internal sealed class DispatchInputReader(NodeReader reader)
{
    internal static IReadOnlyDictionary<string, DispatchInputType> Types { get; } = new Dictionary<string, DispatchInputType>
    {
        ["string"] = DispatchInputType.String,
        ["boolean"] = DispatchInputType.Boolean,
        ["number"] = DispatchInputType.Number,
        ["choice"] = DispatchInputType.Choice,
        ["environment"] = DispatchInputType.Environment,
    };

    public DispatchTrigger Read(Field options)
    {
        var inputs = new List<DispatchInput>();
        if (options.IsNull || reader.Mapping(options.Value, options.Path) is not { } mapping)
            return new DispatchTrigger(inputs);
        foreach (var field in reader.Fields(mapping, options.Path, KeySet.Dispatch))
        {
            if (!field.IsNull && reader.Mapping(field.Value, field.Path) is { } all)
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

        inputs.AddRange(reader.Ids(mapping, path, "an input").Select(ReadInput).OfType<DispatchInput>());
    }

    // GitHub reads an event's configuration loosely: here, and only here, the words may stand in quotes.
    private bool ReadRequired(Field field)
    {
        if (field.Value is not YamlScalar { Kind: ScalarKind.String, Text: "true" or "false" } quoted)
            return reader.Boolean(field) ?? false;
        reader.Diagnostics.Warning(
            DiagnosticCodes.InvalidValue, quoted.Position, field.Path, $"'{field.Path}' is a string, and read as a boolean",
            $"write {quoted.Text} without quotes");
        return quoted.Text == "true";
    }

    private DispatchInput? ReadInput(Field entry)
    {
        if (entry.IsNull)
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
                    description = reader.Remark(field);
                    break;
                case "required":
                    required = ReadRequired(field);
                    break;
                case "default":
                    defaultField = field;
                    break;
                case "type":
                    type = ReadType(field);
                    break;
                case "options":
                    options = ReadOptions(field);
                    break;
                case "deprecationMessage":
                    reader.Remark(field);
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
        if (defaultField is not { IsNull: false } given || reader.Text(given) is not { } text)
            return input;
        if (NodeReader.HasExpression(given.Value))
        {
            reader.PlainText(given, "read it in the job, such as with ${{ inputs.NAME || github.ref_name }}");
            return input;
        }

        if (DispatchInputs.DescribeMismatch(input, text) is { } mismatch)
            reader.Invalid(given.Value, given.Path, $"the default of '{entry.Name}' {mismatch}");
        return input with { Default = text };
    }

    // An empty one is a choice too: nothing.
    private List<string> ReadOptions(Field field)
    {
        if (field.Value is not YamlSequence { Items.Count: > 0 } sequence)
        {
            reader.WrongType(field.Value, field.Path, "a list of choices");
            return [];
        }

        return [.. NodeReader.Items(field, sequence).Select(reader.Remark).OfType<string>()];
    }

    private DispatchInputType? ReadType(Field field) =>
        reader.Word(field, [.. Types.Keys], "a type of an input") is { } name ? Types[name] : null;
}
