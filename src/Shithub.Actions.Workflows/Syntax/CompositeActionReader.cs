using Shithub.Actions.Workflows.Expressions;
using Shithub.Actions.Workflows.Syntax;
using Shithub.Actions.Workflows.Yaml;

namespace Shithub.Actions.Workflows;

/// <summary>Reads the <c>action.yml</c> of a composite action: 'Metadata syntax for GitHub Actions'.</summary>
public static class CompositeActionReader
{
    /// <summary>What a folder's description may be called, in the order in which GitHub looks.</summary>
    public static IReadOnlyList<string> FileNames { get; } = ["action.yml", "action.yaml"];

    /// <summary>Reads an action from the bytes of its file, with the bounds of <see cref="WorkflowReader.Parse"/>.</summary>
    /// <param name="path">The file's path in its repository: what diagnostics call it.</param>
    public static CompositeActionParseResult Parse(string path, ReadOnlySpan<byte> utf8)
    {
        ArgumentNullException.ThrowIfNull(path);
        var diagnostics = new DiagnosticBag(path);
        var action = SourceText.Decode(utf8, diagnostics) is { } text && YamlReader.Read(text, diagnostics) is { } root
            ? Read(path, root, new NodeReader(diagnostics))
            : null;
        return new CompositeActionParseResult(diagnostics.HasErrors ? null : action, diagnostics.ToList());
    }

    private static CompositeAction? Read(string path, YamlNode root, NodeReader reader)
    {
        if (root is not YamlMapping mapping)
        {
            reader.Invalid(root, DocumentPath.Root, $"an action must be a mapping with 'runs', but is {root.Describe()}");
            return null;
        }

        if (mapping.Find("jobs") is not null && mapping.Find("runs") is null)
        {
            reader.Invalid(
                root, DocumentPath.Root, "this is a workflow, not the description of an action", "a job's 'uses' calls it, not a step's");
            return null;
        }

        // What is no composite action at all needs no other advice.
        if (mapping.Find("runs")?.Value is YamlMapping runs && runs.Find("using") is { } kind
            && !IsComposite(new Field(kind.Key, kind.Value, DocumentPath.Root.Key("runs").Key("using")), reader))
        {
            return null;
        }

        var action = new CompositeAction(path, "", [], [], []);
        foreach (var field in reader.Fields(mapping, DocumentPath.Root, KeySet.Action, isOpen: true))
        {
            action = field.Name switch
            {
                "name" => action with { Name = reader.PlainText(field) ?? "" },
                "description" or "author" => reader.Text(field) is null ? action : action,
                "inputs" => action with { Inputs = ReadInputs(field, reader) },
                "outputs" => action with { Outputs = ReadOutputs(field, reader) },
                "runs" => action with { Steps = ReadRuns(field, reader) },
                _ => action,
            };
        }

        if (NodeReader.IsMissing(mapping, KeySet.Action, "runs"))
            reader.MissingKey(mapping.Position, DocumentPath.Root, "the action has no 'runs'", "add 'runs' with 'using: composite' and 'steps'");

        // GitHub lists actions by name in its marketplace; here a folder is name enough.
        return action.Name.Length > 0 ? action : action with { Name = path };
    }

    private static IReadOnlyList<CompositeInput> ReadInputs(Field field, NodeReader reader) =>
        field.IsNull || reader.Mapping(field.Value, field.Path) is not { } mapping
            ? []
            : [.. reader.Ids(mapping, field.Path, "an input").Select(entry => ReadInput(entry, reader)).OfType<CompositeInput>()];

    private static CompositeInput? ReadInput(Field entry, NodeReader reader)
    {
        var input = new CompositeInput(entry.Name.ToLowerInvariant(), null, false, null);
        if (entry.IsNull)
            return input;
        if (reader.Mapping(entry.Value, entry.Path) is not { } mapping)
            return null;
        foreach (var field in reader.Fields(mapping, entry.Path, KeySet.InputOfAction, isOpen: true))
        {
            input = field.Name switch
            {
                "description" => input with { Description = reader.Text(field) },
                "required" => input with { Required = ReadRequired(field, reader) },
                "default" => input with { Default = reader.Template(field, ExpressionScope.CompositeInputDefault) },
                _ => input with { DeprecationMessage = reader.Text(field) },
            };
        }

        return input;
    }

    // Many action.yml have it in quotes, which GitHub takes.
    private static bool ReadRequired(Field field, NodeReader reader) =>
        field.Value is YamlScalar { Kind: ScalarKind.String, Text: "true" or "false" } quoted
            ? quoted.Text == "true"
            : reader.Boolean(field) ?? false;

    private static List<EnvVariable> ReadOutputs(Field field, NodeReader reader)
    {
        var outputs = new List<EnvVariable>();
        if (field.IsNull || reader.Mapping(field.Value, field.Path) is not { } mapping)
            return outputs;
        foreach (var entry in reader.Ids(mapping, field.Path, "an output"))
        {
            if (reader.Mapping(entry.Value, entry.Path) is not { } output)
                continue;
            foreach (var part in reader.Fields(output, entry.Path, KeySet.OutputOfAction))
            {
                if (part.Name == "description")
                    reader.Text(part);
                else if (reader.Template(part, ExpressionScope.CompositeOutputs) is { } value)
                    outputs.Add(new EnvVariable(entry.Name, value));
            }

            if (output.Find("value") is null)
            {
                reader.MissingKey(
                    entry.Key.Position, entry.Path, $"the output '{entry.Name}' has no 'value'",
                    "add one such as ${{ steps.ID.outputs.NAME }}");
            }
        }

        return outputs;
    }

    private static IReadOnlyList<WorkflowStep> ReadRuns(Field field, NodeReader reader)
    {
        if (reader.Mapping(field.Value, field.Path) is not { } mapping)
            return [];
        if (mapping.Find("using") is null)
            reader.MissingKey(field.Key.Position, field.Path, "'runs' has no 'using'", "write 'using: composite'");
        IReadOnlyList<WorkflowStep> steps = [];
        foreach (var part in reader.Fields(mapping, field.Path, KeySet.Runs).Where(part => part.Name == "steps"))
            steps = new StepReader(reader, StepKind.OfAction).ReadAll(part);
        if (mapping.Find("steps") is null)
            reader.MissingKey(field.Key.Position, field.Path, "'runs' has no 'steps'");
        return steps;
    }

    private static bool IsComposite(Field field, NodeReader reader)
    {
        if (reader.PlainText(field) is not { } kind)
            return false;
        if (kind.Equals("composite", StringComparison.OrdinalIgnoreCase))
            return true;
        if (kind.StartsWith("node", StringComparison.OrdinalIgnoreCase))
        {
            reader.Diagnostics.Error(
                DiagnosticCodes.UnsupportedAction, field.Value.Position, field.Path,
                $"an action for Node ('{YamlReader.Show(kind)}') does not run here: only composite actions do",
                "call the program from a composite action's 'run:' step, in an image that has node");
        }
        else if (kind.Equals("docker", StringComparison.OrdinalIgnoreCase))
        {
            reader.Diagnostics.Error(
                DiagnosticCodes.UnsupportedAction, field.Value.Position, field.Path,
                "an action that is an image does not run here: only composite actions do",
                "run the job in the image with 'container', and its program from a composite action's 'run:' step");
        }
        else
        {
            reader.Invalid(
                field.Value, field.Path, $"'{YamlReader.Show(kind)}' is not a kind of action",
                NearestName.Suggest(kind, ["composite"]) ?? "write 'using: composite'");
        }

        return false;
    }
}

/// <param name="Action">Null where there are errors.</param>
/// <param name="Diagnostics">In the order they were found.</param>
public sealed record CompositeActionParseResult(CompositeAction? Action, IReadOnlyList<Diagnostic> Diagnostics)
{
    public bool HasErrors => Action is null;
}
