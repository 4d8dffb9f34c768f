using Shithub.Actions.Workflows.Expressions;

namespace Shithub.Actions.Workflows.Planning;

/// <summary>What jobs are called for people.</summary>
internal static class JobNames
{
    /// <summary>The name of a job of a called workflow begins with that of the job that calls: <c>deploy / publish</c>.</summary>
    public static string Within(CallState? call, string name) => call is null ? name : DisplayNames.OneLine($"{call.Name} / {name}")!;

    /// <summary>
    /// The author's name, or the key. Where that has no expression, the values of the matrix are added, as on GitHub:
    /// <c>test (ubuntu-latest, 20)</c>.
    /// </summary>
    public static string Of(WorkflowJob job, JobLeg? leg, ExpressionEvaluator evaluator, DiagnosticBag diagnostics)
    {
        return WithMatrix(job, leg, DisplayNames.OneLine(new TemplateValues(evaluator, diagnostics).Text(job.Name)));
    }

    /// <summary>As <see cref="Of"/>; an expression that cannot be evaluated yet stands as it is written.</summary>
    public static string BeforeRun(WorkflowJob job, JobLeg? leg, ExpressionEvaluator evaluator) =>
        WithMatrix(job, leg, DisplayNames.OneLine(StepNames.Known(job.Name, evaluator)));

    private static string WithMatrix(WorkflowJob job, JobLeg? leg, string? written)
    {
        var name = string.IsNullOrEmpty(written) ? job.Key : written;
        if (leg is null || job.Name is { HasExpressions: true })
            return name;
        var values = Scalars(ContextJson.Read(leg.Matrix)).Where(text => text.Length > 0).ToList();
        return values.Count == 0 ? name : DisplayNames.OneLine($"{name} ({string.Join(", ", values)})")!;
    }

    private static IEnumerable<string> Scalars(ExpressionValue value) => value switch
    {
        ObjectValue map => map.Members.Values.SelectMany(Scalars),
        ArrayValue array => array.Items.SelectMany(Scalars),
        _ => [Coercion.ToText(value)],
    };
}
