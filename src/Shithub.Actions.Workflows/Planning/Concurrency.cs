using Shithub.Actions.Workflows.Expressions;

namespace Shithub.Actions.Workflows.Planning;

/// <summary>Evaluates <c>concurrency</c>.</summary>
internal static class Concurrency
{
    /// <summary>Null where the group is empty, which is no group, and after an error.</summary>
    public static ReadyConcurrency? Plan(ConcurrencySetting setting, ExpressionEvaluator evaluator, DiagnosticBag diagnostics)
    {
        var values = new TemplateValues(evaluator, diagnostics);
        var whole = values.Value(setting.Group);
        // As one expression, 'concurrency' may give the mapping.
        var parts = (whole as ObjectValue)?.Members;
        if (Text(parts is null ? whole : Part(parts, "group"))?.Trim() is not { Length: > 0 } group)
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
        if (parts is null)
            return new ReadyConcurrency(group, cancel, setting.Queue);
        return new ReadyConcurrency(
            group, Part(parts, "cancel-in-progress") is { } ends && Coercion.IsTruthy(ends), Part(parts, "queue") is StringValue { Value: "max" });
    }

    private static ExpressionValue? Part(OrderedDictionary<string, ExpressionValue> parts, string name) =>
        parts.FirstOrDefault(part => part.Key.Equals(name, StringComparison.OrdinalIgnoreCase)).Value;

    private static string? Text(ExpressionValue? value) => value is { IsPrimitive: true } ? Coercion.ToText(value) : null;
}
