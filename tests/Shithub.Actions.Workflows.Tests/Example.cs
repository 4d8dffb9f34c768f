using System.Text;
using System.Text.Json.Nodes;

namespace Shithub.Actions.Workflows.Tests;

/// <summary>Workflows and contexts as the tests write them.</summary>
internal static class Example
{
    public const string File = ".shithub/workflows/ci.yml";

    /// <summary>
    /// What bounded work may take at most on a machine that has much else to do. It takes milliseconds; what is not bounded
    /// would take hours.
    /// </summary>
    public static TimeSpan Patience { get; } = TimeSpan.FromSeconds(60);

    public static WorkflowParseResult Parse(string yaml) => WorkflowReader.Parse(File, Encoding.UTF8.GetBytes(yaml));

    /// <summary>A workflow that must have no errors.</summary>
    public static Workflow Workflow(string yaml)
    {
        var result = Parse(yaml);
        Assert.True(!result.HasErrors, string.Join('\n', result.Diagnostics));
        return result.Workflow!;
    }

    /// <summary>The errors of a workflow that must have some, as a user sees them.</summary>
    public static IReadOnlyList<string> Errors(string yaml)
    {
        var result = Parse(yaml);
        Assert.Null(result.Workflow);
        var errors = result.Diagnostics.Where(diagnostic => diagnostic.Severity == DiagnosticSeverity.Error);
        return [.. errors.Select(diagnostic => diagnostic.ToString()[(File.Length + 1)..])];
    }

    public static string Error(string yaml) => Assert.Single(Errors(yaml));

    public static IReadOnlyList<string> Warnings(string yaml)
    {
        var result = Parse(yaml);
        Assert.False(result.HasErrors, string.Join('\n', result.Diagnostics));
        return [.. result.Diagnostics.Select(diagnostic => diagnostic.ToString()[(File.Length + 1)..])];
    }

    /// <summary>A workflow of one job whose steps are given, indented by nothing.</summary>
    public static string Steps(string steps) =>
        "on: push\njobs:\n  green:\n    runs-on: ubuntu-latest\n    steps:\n" + Indent(steps, 6);

    /// <summary>A workflow that runs one script.</summary>
    public static string Script(string script) => Steps("- run: |\n" + Indent(script, 4));

    public static PlanContext Context(
        string githubJson = "{}", Dictionary<string, string>? vars = null, Dictionary<string, JsonNode?>? inputs = null) =>
        new(JsonNode.Parse(githubJson)!.AsObject(), vars ?? [], inputs ?? []);

    public static PlannedView Plan(string yaml, PlanContext? context = null)
    {
        var (view, errors) = PlannedView.Of(Workflow(yaml), context ?? Context());
        Assert.True(view is not null, string.Join('\n', errors));
        return view;
    }

    /// <summary>What the author of a workflow is told that cannot run: before anything is queued, or when its time has come.</summary>
    public static IReadOnlyList<string> PlanErrors(string yaml, PlanContext? context = null)
    {
        var (view, errors) = PlannedView.Of(Workflow(yaml), context ?? Context());
        Assert.Null(view);
        return [.. errors.Select(error => error.StartsWith(File, StringComparison.Ordinal) ? error[(File.Length + 1)..] : error)];
    }

    public static StepView PlanStep(string steps, PlanContext? context = null) => Plan(Steps(steps), context).Jobs[0].Steps[^1];

    private static string Indent(string text, int spaces) =>
        string.Join('\n', text.TrimEnd('\n').Split('\n').Select(line => line.Length == 0 ? line : new string(' ', spaces) + line)) + "\n";
}
