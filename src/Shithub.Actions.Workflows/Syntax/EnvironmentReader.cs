using Shithub.Actions.Workflows.Expressions;
using Shithub.Actions.Workflows.Yaml;

namespace Shithub.Actions.Workflows.Syntax;

/// <summary>Reads a job's <c>environment</c>.</summary>
internal sealed class EnvironmentReader(NodeReader reader)
{
    public EnvironmentSetting? Read(Field field)
    {
        // As on GitHub, an empty one is none.
        if (field.Value is YamlScalar { Text: "" } or YamlScalar { Kind: ScalarKind.Null })
            return null;
        if (field.Value is YamlScalar)
            return reader.NonEmptyTemplate(field, ExpressionScope.JobEnvironment) is { } only ? new EnvironmentSetting(only, null) : null;
        if (reader.Mapping(field.Value, field.Path) is not { } mapping)
            return null;
        Template? name = null;
        Template? url = null;
        foreach (var entry in reader.Fields(mapping, field.Path, KeySet.Environment))
        {
            if (entry.Name == "name")
                name = reader.NonEmptyTemplate(entry, ExpressionScope.JobEnvironment);
            else if (entry.Name == "url")
                url = reader.NonEmptyTemplate(entry, ExpressionScope.JobEnvironmentUrl);
            else
                // Whether GitHub records a deployment; nothing here does.
                reader.BooleanSetting(entry, true, ExpressionScope.JobEnvironment);
        }

        if (mapping.Find("name") is null)
            reader.MissingKey(field.Key.Position, field.Path, $"'{field.Path}' has no 'name'");
        return name is null ? null : new EnvironmentSetting(name, url);
    }
}
