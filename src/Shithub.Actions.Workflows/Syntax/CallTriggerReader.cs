using Shithub.Actions.Workflows.Expressions;

namespace Shithub.Actions.Workflows.Syntax;

/// <summary>Reads <c>on.workflow_call</c>: what a reusable workflow takes and gives.</summary>
internal sealed class CallTriggerReader(NodeReader reader)
{
    private static readonly string[] Types = ["string", "boolean", "number"];

    public CallTrigger Read(Field options)
    {
        var call = new CallTrigger([], [], []);
        if (options.IsNull || reader.Mapping(options.Value, options.Path) is not { } mapping)
            return call;
        foreach (var field in reader.Fields(mapping, options.Path, KeySet.Call))
        {
            if (field.IsNull || reader.Mapping(field.Value, field.Path) is not { } entries)
                continue;
            call = field.Name switch
            {
                "inputs" => call with { Inputs = [.. reader.Ids(entries, field.Path, "an input").Select(ReadInput).OfType<CallInput>()] },
                "secrets" => call with { Secrets = [.. reader.Ids(entries, field.Path, "a secret").Select(ReadSecret).OfType<CallSecret>()] },
                _ => call with { Outputs = [.. reader.Ids(entries, field.Path, "an output").Select(ReadOutput).OfType<CallOutput>()] },
            };
        }

        return call;
    }

    private CallInput? ReadInput(Field entry)
    {
        string? description = null;
        var required = false;
        string? type = null;
        Field? given = null;
        var mapping = entry.IsNull ? null : reader.Mapping(entry.Value, entry.Path);
        if (mapping is null && !entry.IsNull)
            return null;
        foreach (var field in mapping is null ? [] : reader.Fields(mapping, entry.Path, KeySet.CallInput))
        {
            switch (field.Name)
            {
                case "description":
                    description = reader.Remark(field);
                    break;
                case "required":
                    required = reader.Boolean(field) ?? false;
                    break;
                case "type":
                    type = reader.Word(field, Types, "a type of an input of 'workflow_call'");
                    break;
                case "default":
                    given = field;
                    break;
                default:
                    reader.Remark(field);
                    break;
            }
        }

        if (mapping?.Find("type") is null)
            reader.MissingKey(entry.Key.Position, entry.Path, $"the input '{entry.Name}' has no 'type'", $"types: {string.Join(", ", Types)}");
        return type is null
            ? null
            : new CallInput(entry.Name, description, required, DispatchInputReader.Types[type], ReadDefault(entry.Name, type, given));
    }

    private Template? ReadDefault(string input, string type, Field? given)
    {
        if (given is not { IsNull: false } field || reader.Template(field, ExpressionScope.CallInputDefault) is not { } value)
            return null;
        var shape = new DispatchInput(input, null, false, DispatchInputReader.Types[type], null, []);
        if (!value.HasExpressions && value.Source.Length > 0 && DispatchInputs.DescribeMismatch(shape, value.Source) is { } mismatch)
            reader.Invalid(field.Value, field.Path, $"the default of '{input}' {mismatch}");
        return value;
    }

    private CallSecret? ReadSecret(Field entry)
    {
        if (entry.IsNull)
            return new CallSecret(entry.Name, null, false);
        if (reader.Mapping(entry.Value, entry.Path) is not { } mapping)
            return null;
        string? description = null;
        var required = false;
        foreach (var field in reader.Fields(mapping, entry.Path, KeySet.CallSecret))
        {
            if (field.Name == "description")
                description = reader.Remark(field);
            else
                required = reader.Boolean(field) ?? false;
        }

        return new CallSecret(entry.Name, description, required);
    }

    private CallOutput? ReadOutput(Field entry)
    {
        if (reader.Mapping(entry.Value, entry.Path) is not { } mapping)
            return null;
        string? description = null;
        Template? value = null;
        foreach (var field in reader.Fields(mapping, entry.Path, KeySet.CallOutput))
        {
            if (field.Name == "description")
                description = reader.Remark(field);
            else
                value = reader.Template(field, ExpressionScope.CallOutputValue);
        }

        if (mapping.Find("value") is null)
        {
            reader.MissingKey(
                entry.Key.Position, entry.Path, $"the output '{entry.Name}' has no 'value'",
                "add one such as ${{ jobs.JOB.outputs.NAME }}");
        }

        return value is null ? null : new CallOutput(entry.Name, description, value);
    }
}
