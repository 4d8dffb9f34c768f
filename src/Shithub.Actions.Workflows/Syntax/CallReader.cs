using Shithub.Actions.Workflows.Expressions;
using Shithub.Actions.Workflows.Yaml;

namespace Shithub.Actions.Workflows.Syntax;

/// <summary>Reads what a job says about the workflow that it calls: <c>uses</c>, <c>with</c>, <c>secrets</c>.</summary>
internal sealed class CallReader(NodeReader reader)
{
    private static readonly string[] Folders = [".shithub/workflows/", ".github/workflows/"];

    public WorkflowCall? Read(Field uses, Field? with, Field? secrets)
    {
        var reference = ReadReference(uses);
        var arguments = with is { } given ? ReadArguments(given) : [];
        var inherit = secrets is { Value: YamlScalar { Text: "inherit" } };
        var passed = secrets is { } field && !inherit ? ReadSecrets(field) : [];
        return reference is null ? null : new WorkflowCall(reference, uses.Value.Position, arguments, inherit, passed);
    }

    private WorkflowReference? ReadReference(Field field)
    {
        if (reader.PlainText(field, "name the workflow outright") is not { } uses)
            return null;
        var (reference, problem, suggestion) = References.Parse(uses);
        if (reference is not null && DescribeFile(reference.Path) is { } wrong)
            (problem, suggestion) = (wrong, "write './.shithub/workflows/NAME.yml' or 'owner/repo/.shithub/workflows/NAME.yml@ref'");
        if (problem is null)
            return reference;
        reader.Invalid(field.Value, field.Path, $"'{YamlReader.Show(uses)}' is not a workflow to call: {problem}", suggestion);
        return null;
    }

    private static string? DescribeFile(string path)
    {
        if (!path.EndsWith(".yml", StringComparison.Ordinal) && !path.EndsWith(".yaml", StringComparison.Ordinal))
            return "it is no '.yml' or '.yaml' file";
        return Folders.Any(folder => path.StartsWith(folder, StringComparison.Ordinal) && !path[folder.Length..].Contains('/'))
            ? null
            : $"workflows are directly in '{Folders[0]}' or '{Folders[1]}'";
    }

    private List<CallArgument> ReadArguments(Field field)
    {
        var arguments = new List<CallArgument>();
        if (field.IsNull || reader.Mapping(field.Value, field.Path) is not { } mapping)
            return arguments;
        foreach (var entry in reader.Ids(mapping, field.Path, "an input"))
        {
            // A list or a mapping is no value of an input; toJSON makes text of one.
            if (reader.IsText(entry, mayBeEmpty: true))
                arguments.Add(new CallArgument(entry.Name, TemplateNode.Parse(entry.Value, entry.Path, ExpressionScope.CallWith, reader.Diagnostics)));
        }

        return arguments;
    }

    private IReadOnlyList<EnvVariable> ReadSecrets(Field field)
    {
        if (field.IsNull)
            return [];
        if (field.Value is not YamlScalar scalar)
            return reader.Templates(field, "a secret", ExpressionScope.JobSecrets);
        reader.Invalid(
            scalar, field.Path, $"'{field.Path}' must be a mapping or 'inherit', but is {scalar.Describe()}",
            NearestName.Suggest(scalar.Text, ["inherit"]));
        return [];
    }
}
