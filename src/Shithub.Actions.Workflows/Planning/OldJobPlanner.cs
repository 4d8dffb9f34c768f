using System.Globalization;
using Shithub.Actions.Workflows.Expressions;

namespace Shithub.Actions.Workflows.Planning;

/// <summary>Plans one job.</summary>
internal sealed class OldJobPlanner(ExpressionEvaluator evaluator, DiagnosticBag diagnostics)
{
    public PlannedJob Plan(WorkflowJob job, PlannedEnvironment workflowEnvironment)
    {
        var scoped = evaluator.WithJob(job.Key);
        var environment = workflowEnvironment.With(job.Env, scoped, diagnostics);
        var values = new TemplateValues(scoped, diagnostics);
        var steps = job.Steps.Select(step => new StepPlanner(scoped, diagnostics).Plan(step, environment)).ToList();
        var name = job.Name is null ? null : DisplayNames.OneLine(values.Text(job.Name));
        return new PlannedJob(
            job.Key, string.IsNullOrEmpty(name) ? job.Key : name, PlanLabels(job, scoped), job.Needs, If: null,
            PlanTimeout(job, values), environment.ToDictionary(), new Dictionary<string, string>(), steps);
    }

    private List<string> PlanLabels(WorkflowJob job, ExpressionEvaluator scoped)
    {
        var labels = new OrderedDictionary<string, bool>();
        foreach (var template in job.RunsOn.Labels)
        {
            try
            {
                var value = template.EvaluateKnown(scoped);
                foreach (var item in value is ArrayValue array ? array.Items : [value])
                {
                    var label = Coercion.ToText(item).Trim().ToLowerInvariant();
                    if (!item.IsPrimitive || label.Length is 0 or > WorkflowLimits.MaxLabelLength || label.Any(char.IsControl))
                        Invalid(template, $"a label must be text of 1 to {WorkflowLimits.MaxLabelLength} characters");
                    else
                        labels.TryAdd(label, true);
                }
            }
            catch (TemplateException exception)
            {
                exception.Report(diagnostics);
            }
        }

        if (labels.Count > WorkflowLimits.MaxLabels)
            Invalid(job.RunsOn.Labels[0], $"{labels.Count} labels; 'runs-on' may have {WorkflowLimits.MaxLabels}");
        else if (labels.Count == 0 && job.RunsOn.Labels is [var first, ..] && !diagnostics.HasErrors)
            Invalid(first, "'runs-on' has no label");
        return [.. labels.Keys];
    }

    private int PlanTimeout(WorkflowJob job, TemplateValues values)
    {
        if (job.TimeoutMinutes.Expression is not { } template)
            return job.TimeoutMinutes.Value;
        var minutes = values.Value(template) is { } value ? Coercion.ToNumber(value) : job.TimeoutMinutes.Value;
        if (minutes is >= 1 and <= WorkflowLimits.MaxTimeoutMinutes && minutes == Math.Floor(minutes))
            return (int)minutes;
        Invalid(template, string.Create(
            CultureInfo.InvariantCulture, $"'timeout-minutes' must be a whole number from 1 to {WorkflowLimits.MaxTimeoutMinutes}"));
        return job.TimeoutMinutes.Value;
    }

    private void Invalid(Template template, string message) =>
        diagnostics.Error(DiagnosticCodes.InvalidValue, template.Position, template.Path, message);
}
