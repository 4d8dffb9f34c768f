using Shithub.Actions.Workflows.Expressions;

namespace Shithub.Actions.Workflows.Planning;

/// <summary>What steps are called for people.</summary>
internal static class StepNames
{
    /// <summary>
    /// The author's name, or GitHub's default: <c>Run</c> and the script's first line, or the action. An expression that cannot be
    /// evaluated before the job runs stands as it is written.
    /// </summary>
    public static string BeforeRun(WorkflowStep step, ExpressionEvaluator evaluator)
    {
        var name = DisplayNames.OneLine(Known(step.Name, evaluator));
        return !string.IsNullOrEmpty(name) ? name : DisplayNames.OneLine("Run " + (step.Uses ?? Known(step.Run, evaluator)?.TrimStart()))!;
    }

    /// <summary>The text, with expressions that cannot be evaluated yet as they are written.</summary>
    public static string? Known(Template? template, ExpressionEvaluator evaluator)
    {
        if (template is not { HasExpressions: true })
            return template?.Source;
        var text = new System.Text.StringBuilder();
        foreach (var part in template.Parts)
        {
            try
            {
                text.Append(part.Expression is null ? part.Text
                    : template.Evaluate(part, evaluator) is { } value and not UnknownValue ? Coercion.ToText(value)
                    : $"${{{{{part.Text}}}}}");
            }
            catch (TemplateException)
            {
                // It fails again when the step begins, which is when somebody is told.
                text.Append("${{").Append(part.Text).Append("}}");
            }

            if (text.Length > WorkflowLimits.MaxNameLength * 4)
                break;
        }

        return text.ToString();
    }
}
