using Shithub.Actions.Workflows.Expressions;
using Shithub.Actions.Workflows.Yaml;

namespace Shithub.Actions.Workflows.Syntax;

/// <summary>Reads a job's <c>strategy</c>.</summary>
internal sealed class StrategyReader(NodeReader reader)
{
    private static readonly ExpressionScope Scope = ExpressionScope.Strategy;

    public Strategy? Read(Field field)
    {
        var strategy = new Strategy(null, new Setting<bool>(true, null), new Setting<int>(0, null));
        if (reader.Whole(field, Scope) is { } whole)
            return OfExpression(whole, field);
        if (reader.Mapping(field.Value, field.Path) is not { } mapping)
            return null;
        foreach (var entry in reader.Fields(mapping, field.Path, KeySet.Strategy))
        {
            strategy = entry.Name switch
            {
                "fail-fast" => strategy with { FailFast = reader.BooleanSetting(entry, true, Scope) },
                "max-parallel" => strategy with { MaxParallel = reader.IntegerSetting(entry, 0, 1, WorkflowLimits.MaxMatrixJobs, Scope) },
                _ => strategy with { Matrix = ReadMatrix(entry) },
            };
        }

        return strategy;
    }

    private Strategy? OfExpression(Template whole, Field field) =>
        whole.Member("matrix", Scope, reader.Diagnostics) is { } matrix
            ? new Strategy(
                new MatrixSetting(matrix, [], null, null, field.Value.Position),
                new Setting<bool>(true, whole.Member("fail-fast", Scope, reader.Diagnostics)),
                new Setting<int>(0, whole.Member("max-parallel", Scope, reader.Diagnostics)))
            { Expression = whole }
            : null;

    private MatrixSetting? ReadMatrix(Field field)
    {
        if (NodeReader.HasExpression(field.Value))
        {
            return reader.Template(field, Scope) is { } whole
                ? new MatrixSetting(whole, [], null, null, field.Value.Position)
                : null;
        }

        if (reader.Mapping(field.Value, field.Path) is not { } mapping)
            return null;
        if (mapping.Entries.Count == 0)
            reader.Invalid(mapping, field.Path, "the matrix is empty");
        var axes = new List<MatrixAxis>();
        TemplateNode? include = null;
        TemplateNode? exclude = null;
        foreach (var entry in NodeReader.Entries(mapping, field.Path))
        {
            if (entry.Name == "include")
                include = ReadList(entry, isOfMappings: true);
            else if (entry.Name == "exclude")
                exclude = ReadList(entry, isOfMappings: true);
            else if (axes.Any(axis => axis.Name.Equals(entry.Name, StringComparison.OrdinalIgnoreCase)))
                reader.Diagnostics.Error(
                    DiagnosticCodes.Duplicate, entry.Key.Position, entry.Path, $"the matrix has '{entry.Name}' already; case makes no difference");
            else if (ReadList(entry, isOfMappings: false) is { } values)
                axes.Add(new MatrixAxis(entry.Name, values));
        }

        CheckExcludedKeys(mapping, field.Path);
        CheckSize(mapping, field);
        return new MatrixSetting(null, axes, include, exclude, field.Value.Position);
    }

    private TemplateNode? ReadList(Field field, bool isOfMappings)
    {
        var wanted = isOfMappings ? "a list of mappings" : "a list of values";
        if (field.Value is YamlSequence sequence)
        {
            if (sequence.Items.Count == 0 && !isOfMappings)
                reader.Invalid(sequence, field.Path, $"'{field.Path}' is an empty list");
            if (!isOfMappings)
                return TemplateNode.Parse(sequence, field.Path, Scope, reader.Diagnostics);
            foreach (var item in NodeReader.Items(field, sequence).Where(item => item.Value is not YamlMapping && !NodeReader.HasExpression(item.Value)))
                reader.WrongType(item.Value, item.Path, "a mapping");
        }
        else if (!NodeReader.HasExpression(field.Value))
        {
            reader.WrongType(
                field.Value, field.Path, wanted,
                field.Value is YamlMapping && isOfMappings ? "write '- ' before its first key"
                : field.Value is YamlScalar { Kind: not ScalarKind.Null } scalar ? $"write [{YamlReader.Show(scalar.Text)}]" : null);
            return null;
        }

        return TemplateNode.Parse(field.Value, field.Path, Scope, reader.Diagnostics);
    }

    private void CheckExcludedKeys(YamlMapping matrix, DocumentPath path)
    {
        if (matrix.Find("exclude")?.Value is not YamlSequence exclude)
            return;
        var axes = matrix.Entries.Select(entry => entry.Key.Text).Where(IsAxis).ToList();
        for (var i = 0; i < exclude.Items.Count; i++)
        {
            foreach (var entry in (exclude.Items[i] as YamlMapping)?.Entries ?? [])
            {
                if (!axes.Contains(entry.Key.Text, StringComparer.OrdinalIgnoreCase))
                {
                    reader.Diagnostics.Error(
                        DiagnosticCodes.UnknownKey, entry.Key.Position, path.Key("exclude").Index(i).Key(entry.Key.Text),
                        $"the matrix has no '{YamlReader.Show(entry.Key.Text)}' to exclude", NearestName.Suggest(entry.Key.Text, axes));
                }
            }
        }
    }

    // What excludes take away is only known when the matrix is expanded; without them the number is plain here.
    private void CheckSize(YamlMapping matrix, Field field)
    {
        if (matrix.Find("exclude") is not null)
            return;
        var jobs = 1L;
        foreach (var entry in matrix.Entries.Where(entry => IsAxis(entry.Key.Text)))
            jobs = Math.Min(long.MaxValue / WorkflowLimits.MaxYamlNodes, jobs * Math.Max(1, (entry.Value as YamlSequence)?.Items.Count ?? 1));
        if (jobs > WorkflowLimits.MaxMatrixJobs)
        {
            reader.Diagnostics.Error(
                DiagnosticCodes.Limit, field.Key.Position, field.Path,
                $"the matrix makes {jobs} jobs; it may make {WorkflowLimits.MaxMatrixJobs}");
        }
    }

    private static bool IsAxis(string key) => key is not ("include" or "exclude");
}
