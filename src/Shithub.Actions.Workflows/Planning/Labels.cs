using Shithub.Actions.Workflows.Expressions;

namespace Shithub.Actions.Workflows.Planning;

/// <summary>Evaluates <c>runs-on</c>.</summary>
internal static class Labels
{
    /// <summary>Labels, trimmed, in lower case, each once; a group is the label <c>group:NAME</c>. Empty only after an error.</summary>
    public static IReadOnlyList<string> Plan(RunsOn runsOn, ExpressionEvaluator evaluator, DiagnosticBag diagnostics)
    {
        var labels = new OrderedDictionary<string, bool>();
        // Unknown or wrong: then that there is no label is no news.
        var isUnknown = false;
        foreach (var template in runsOn.Labels)
        {
            if (Evaluate(template, evaluator, diagnostics) is not { } value)
                return [];
            foreach (var (text, at) in Texts(value, template))
                isUnknown |= !Take(text, at, "", labels, diagnostics);
        }

        if (runsOn.Group is { } group && Evaluate(group, evaluator, diagnostics) is { } name)
            isUnknown |= !Take(name, group, "group:", labels, diagnostics);
        var first = runsOn.Labels is [var label, ..] ? label : runsOn.Group;
        if (labels.Count > WorkflowLimits.MaxLabels)
            Invalid(diagnostics, first!, $"{labels.Count} labels; 'runs-on' may have {WorkflowLimits.MaxLabels}");
        else if (labels.Count == 0 && first is not null && !isUnknown)
            Invalid(diagnostics, first, "'runs-on' has no label");
        return [.. labels.Keys];
    }

    private static ExpressionValue? Evaluate(Template template, ExpressionEvaluator evaluator, DiagnosticBag diagnostics)
    {
        try
        {
            return template.Evaluate(evaluator);
        }
        catch (TemplateException exception)
        {
            exception.Report(diagnostics);
            return null;
        }
    }

    private static IEnumerable<(ExpressionValue Value, Template At)> Texts(ExpressionValue value, Template template) => value switch
    {
        ArrayValue array => array.Items.SelectMany(item => Texts(item, template)),
        // What an expression may give instead of a list: the mapping form of runs-on.
        ObjectValue map => map.Members
            .Where(member => member.Key.Equals("labels", StringComparison.OrdinalIgnoreCase))
            .SelectMany(member => Texts(member.Value, template)),
        _ => [(value, template)],
    };

    /// <returns>False if the value is not known yet, or no label.</returns>
    private static bool Take(
        ExpressionValue value, Template at, string prefix, OrderedDictionary<string, bool> labels, DiagnosticBag diagnostics)
    {
        if (value is UnknownValue)
            return false;
        var label = Coercion.ToText(value).Trim().ToLowerInvariant();
        if (label.Length is 0 or > WorkflowLimits.MaxLabelLength || label.Any(char.IsControl))
        {
            Invalid(diagnostics, at, $"a label must be text of 1 to {WorkflowLimits.MaxLabelLength} characters");
            return false;
        }

        labels.TryAdd(prefix + label, true);
        return true;
    }

    private static void Invalid(DiagnosticBag diagnostics, Template template, string message) =>
        diagnostics.Error(DiagnosticCodes.InvalidValue, template.Position, template.Path, message);
}
