using Shithub.Actions.Workflows.Expressions;

namespace Shithub.Actions.Workflows;

/// <summary>Evaluates the entries of an <c>env</c> or a <c>with</c>, those included that give a whole mapping.</summary>
internal static class VariableValues
{
    /// <summary>The names and values that one entry gives: itself, or the members of the object that its expression gives.</summary>
    /// <returns>Null where the expression is not known yet.</returns>
    /// <exception cref="TemplateException">The expression failed, or gives no mapping of names to text.</exception>
    public static IEnumerable<KeyValuePair<string, ExpressionValue>>? Of(string name, Template template, ExpressionEvaluator evaluator)
    {
        if (!WholeMapping.Is(name))
        {
            return !WholeMapping.IsComputed(name) ? [new(name, template.EvaluateToText(evaluator))]
                : NameOf(name, template, evaluator) is { } computed ? [Entry(computed, template.EvaluateToText(evaluator), template)]
                : null;
        }

        var value = template.Evaluate(evaluator);
        return value switch
        {
            UnknownValue => null,
            // Nothing is no variables: what is left of '${{ cond && fromJSON(…) }}' where the condition does not hold.
            NullValue or StringValue { Value: "" } or BooleanValue { Value: false } => [],
            ObjectValue { IsChosen: true } => throw Wrong(template, "people outside choose these names"),
            ObjectValue mapping => mapping.Members.Select(member => Entry(member.Key, member.Value, template)).ToList(),
            _ => throw Wrong(template, $"this must give a mapping of names to text, but gives {value.Kind.ToLowerInvariant()}"),
        };
    }

    /// <summary>As <see cref="Of"/>, where all must be known.</summary>
    /// <exception cref="TemplateException">The expression failed, is not known, or gives no mapping of names to text.</exception>
    public static IEnumerable<KeyValuePair<string, StringValue>> Known(string name, Template template, ExpressionEvaluator evaluator) =>
        (Of(name, template, evaluator) ?? throw template.NotKnown())
            .Select(entry => KeyValuePair.Create(entry.Key, entry.Value as StringValue ?? throw template.NotKnown()));

    private static string? NameOf(string name, Template template, ExpressionEvaluator evaluator)
    {
        // That it can be parsed was found when the file was read.
        var key = Template.FromText(name, template.Path.ToString(), template.Position, ExpressionScope.Any, new DiagnosticBag(""));
        var value = key.EvaluateToText(evaluator);
        // Who chooses names can choose PATH and LD_PRELOAD.
        return value.Tainted ? throw Wrong(key, "people outside choose this name") : (value as StringValue)?.Value;
    }

    private static KeyValuePair<string, ExpressionValue> Entry(string name, ExpressionValue value, Template template)
    {
        if (name.Length == 0 || name.Contains('=', StringComparison.Ordinal) || name.Contains('\0', StringComparison.Ordinal) || WholeMapping.Is(name))
            throw Wrong(template, $"'{Yaml.YamlReader.Show(name)}' cannot be a name here");
        if (value is UnknownValue)
            return new(name, value);
        if (!value.IsPrimitive)
            throw Wrong(template, $"the value of '{Yaml.YamlReader.Show(name)}' must be text, but is {value.Kind.ToLowerInvariant()}");
        return new(name, new StringValue(Coercion.ToText(value), value.Tainted));
    }

    private static TemplateException Wrong(Template template, string message) => new(DiagnosticCodes.Evaluation, message, template, 0);
}
