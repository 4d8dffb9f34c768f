using Shithub.Actions.Workflows.Expressions;
using Shithub.Actions.Workflows.Yaml;

namespace Shithub.Actions.Workflows.Syntax;

/// <summary>Reads <c>concurrency:</c>, of a workflow or of a job.</summary>
internal sealed class ConcurrencyReader(NodeReader reader, ExpressionScope scope)
{
    private static readonly string[] Queues = ["single", "max"];

    public ConcurrencySetting? Read(Field field)
    {
        if (field.Value is YamlScalar)
            return reader.NonEmptyTemplate(field, scope) is { } name ? new ConcurrencySetting(name, new Setting<bool>(false, null), false) : null;
        if (reader.Mapping(field.Value, field.Path) is not { } mapping)
            return null;

        Template? group = null;
        var cancel = new Setting<bool>(false, null);
        string? queue = null;
        foreach (var entry in reader.Fields(mapping, field.Path, KeySet.Concurrency))
        {
            if (entry.Name == "group")
                group = reader.NonEmptyTemplate(entry, scope);
            else if (entry.Name == "cancel-in-progress")
                cancel = reader.BooleanSetting(entry, false, scope);
            else
                queue = reader.Word(entry, Queues);
        }

        if (mapping.Find("group") is null)
            reader.MissingKey(field.Key.Position, field.Path, $"'{field.Path}' has no 'group'", "add one such as ${{ github.workflow }}-${{ github.ref }}");
        if (queue == "max" && cancel is { Value: true, Expression: null } && mapping.Find("queue") is { } entryOfQueue)
        {
            reader.Diagnostics.Error(
                DiagnosticCodes.InvalidValue, entryOfQueue.Value.Position, field.Path.Key("queue"),
                "'queue: max' keeps what 'cancel-in-progress: true' cancels", "write one of the two");
        }

        return group is null ? null : new ConcurrencySetting(group, cancel, queue == "max");
    }
}
