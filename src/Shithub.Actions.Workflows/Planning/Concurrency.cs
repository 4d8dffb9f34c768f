using Shithub.Actions.Workflows.Expressions;

namespace Shithub.Actions.Workflows.Planning;

/// <summary>Evaluates <c>concurrency</c>.</summary>
internal static class Concurrency
{
    /// <summary>Null where the group is empty, which is no group, and after an error.</summary>
    public static ReadyConcurrency? Plan(ConcurrencySetting setting, ExpressionEvaluator evaluator, DiagnosticBag diagnostics)
    {
        var values = new TemplateValues(evaluator, diagnostics);
        if (values.Text(setting.Group)?.Trim() is not { Length: > 0 } group)
            return null;
        if (group.Length > WorkflowLimits.MaxConcurrencyGroupLength || group.Any(char.IsControl))
        {
            diagnostics.Error(
                DiagnosticCodes.InvalidValue, setting.Group.Position, setting.Group.Path,
                $"a concurrency group must be text of 1 to {WorkflowLimits.MaxConcurrencyGroupLength} characters in one line");
            return null;
        }

        var cancel = setting.CancelInProgress.Expression is { } template && values.Value(template) is { } value
            ? value is not UnknownValue && Coercion.IsTruthy(value)
            : setting.CancelInProgress.Value;
        return new ReadyConcurrency(group, cancel, setting.Queue);
    }
}
