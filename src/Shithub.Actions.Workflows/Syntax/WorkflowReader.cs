using Shithub.Actions.Workflows.Expressions;
using Shithub.Actions.Workflows.Planning;
using Shithub.Actions.Workflows.Syntax;
using Shithub.Actions.Workflows.Yaml;

namespace Shithub.Actions.Workflows;

/// <summary>Reads workflow files.</summary>
public static class WorkflowReader
{
    private static readonly string[] RequiredKeys = ["on", "jobs"];

    /// <summary>
    /// Reads a workflow from the bytes of its file. It reports every problem it finds, at most
    /// <see cref="WorkflowLimits.MaxDiagnostics"/>, throws for no input, and takes time and memory in proportion to the file.
    /// </summary>
    /// <param name="path">The file's path in the repository: what diagnostics call it, and the name of a workflow that has none.</param>
    public static WorkflowParseResult Parse(string path, ReadOnlySpan<byte> utf8)
    {
        ArgumentNullException.ThrowIfNull(path);
        var diagnostics = new DiagnosticBag(path);
        var workflow = SourceText.Decode(utf8, diagnostics) is { } text && YamlReader.Read(text, diagnostics) is { } root
            ? Read(path, root, new NodeReader(diagnostics))
            : null;
        if (workflow is not null && IsReadWhole(diagnostics))
            new SlipFinder(workflow, diagnostics).Check();
        var all = diagnostics.ToList();
        return new WorkflowParseResult(diagnostics.HasErrors ? null : workflow, all) { On = ReadableTriggers(workflow, all) };
    }

    /// <summary>Whether no error left a part out: a step whose action is not here is read all the same.</summary>
    private static bool IsReadWhole(DiagnosticBag diagnostics) =>
        !diagnostics.HasErrors || diagnostics.ToList().All(diagnostic =>
            diagnostic.Severity != DiagnosticSeverity.Error || diagnostic.Code == DiagnosticCodes.UnsupportedAction);

    private static Workflow? Read(string path, YamlNode root, NodeReader reader)
    {
        if (root is not YamlMapping mapping)
        {
            reader.Invalid(root, DocumentPath.Root, $"a workflow must be a mapping with 'on' and 'jobs', but is {root.Describe()}");
            return null;
        }

        if (mapping.Find("runs") is not null && mapping.Find("jobs") is null)
        {
            reader.Invalid(
                root, DocumentPath.Root, "this is the description of an action, not a workflow",
                "actions are folders that a step's 'uses' names; only workflows go here");
            return null;
        }

        var workflow = new Workflow(path, null, new WorkflowTriggers(null, null, []), [], []);
        foreach (var field in reader.Fields(mapping, DocumentPath.Root, KeySet.Workflow))
        {
            if (field.Name == CacheMode.Key)
                CacheMode.Check(field, reader);
            else
                workflow = ReadField(workflow, field, reader);
        }

        foreach (var key in RequiredKeys.Where(key => NodeReader.IsMissing(mapping, KeySet.Workflow, key)))
            reader.MissingKey(mapping.Position, DocumentPath.Root, $"the workflow has no '{key}'");
        return workflow;
    }

    private static Workflow ReadField(Workflow workflow, Field field, NodeReader reader) => field.Name switch
    {
        "name" => workflow with { Name = ReadName(field, reader) },
        "description" => workflow with { Description = reader.Remark(field) },
        "run-name" => workflow with { RunName = ReadRunName(field, reader) },
        "on" => workflow with { On = new TriggerReader(reader).Read(field) },
        "permissions" => workflow with { Permissions = new PermissionsReader(reader).Read(field) },
        "env" => workflow with { Env = reader.Env(field, ExpressionScope.WorkflowEnv) },
        "defaults" => workflow with { Defaults = new DefaultsReader(reader, ofJob: false).Read(field) },
        "concurrency" => workflow with { Concurrency = new ConcurrencyReader(reader, ExpressionScope.WorkflowConcurrency).Read(field) },
        "jobs" => workflow with { Jobs = new JobReader(reader).ReadAll(field) },
        _ => workflow,
    };

    /// <summary>Only what is wrong inside of <c>on</c>, or that there is none, makes it unreadable.</summary>
    private static WorkflowTriggers? ReadableTriggers(Workflow? workflow, IReadOnlyList<Diagnostic> diagnostics) =>
        workflow is not null && workflow.On.NamesAnEvent
        && diagnostics.Count <= WorkflowLimits.MaxDiagnostics
        && !diagnostics.Any(diagnostic =>
            diagnostic.Severity == DiagnosticSeverity.Error
            && (diagnostic.DocumentPath == "on"
                || diagnostic.DocumentPath.StartsWith("on.", StringComparison.Ordinal)
                || diagnostic.DocumentPath.StartsWith("on[", StringComparison.Ordinal)))
            ? workflow.On
            : null;

    private static string? ReadName(Field field, NodeReader reader)
    {
        if (NodeReader.HasExpression(field.Value))
            return reader.PlainText(field, "'run-name' takes them");
        var name = reader.Text(field);
        return string.IsNullOrWhiteSpace(name) ? null : name;
    }

    // As on GitHub: only white space is as if it were left out.
    private static Template? ReadRunName(Field field, NodeReader reader) =>
        reader.Template(field, ExpressionScope.RunName) is { } name && !string.IsNullOrWhiteSpace(name.Source) ? name : null;
}

/// <param name="Workflow">Null where there are errors.</param>
/// <param name="Diagnostics">In the order they were found.</param>
public sealed record WorkflowParseResult(Workflow? Workflow, IReadOnlyList<Diagnostic> Diagnostics)
{
    /// <summary>
    /// What starts the workflow, even where something else in the file is wrong, so that whoever expects a run can be told why there is
    /// none. Null where <c>on</c> itself is missing or wrong.
    /// </summary>
    public WorkflowTriggers? On { get; init; }

    public bool HasErrors => Diagnostics.Any(diagnostic => diagnostic.Severity == DiagnosticSeverity.Error);
}
