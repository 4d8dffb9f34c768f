using Shithub.Actions.Workflows.Expressions;

namespace Shithub.Actions.Workflows.Planning;

/// <summary>Evaluates templates; a failure is reported and comes back as null, so that planning goes on to find the next one.</summary>
internal sealed class TemplateValues(ExpressionEvaluator evaluator, DiagnosticBag diagnostics)
{
    public ExpressionValue? Value(Template template) => Reporting(template.EvaluateKnown);

    public string? Text(Template? template) => template is null ? null : Reporting(template.EvaluateText)?.Value;

    private T? Reporting<T>(Func<ExpressionEvaluator, T> evaluate)
        where T : ExpressionValue
    {
        try
        {
            return evaluate(evaluator);
        }
        catch (TemplateException exception)
        {
            exception.Report(diagnostics);
            return null;
        }
    }
}
