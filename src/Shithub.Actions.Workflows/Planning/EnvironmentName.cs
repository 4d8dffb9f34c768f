using Shithub.Actions.Workflows.Expressions;

namespace Shithub.Actions.Workflows.Planning;

/// <summary>Evaluates the name of a job's <c>environment</c>, which as one expression may give a name or the mapping with one.</summary>
internal static class EnvironmentName
{
    /// <summary>Null for none, and after an error.</summary>
    public static string? Of(EnvironmentSetting? setting, TemplateValues values)
    {
        if (setting is null)
            return null;
        var value = values.Value(setting.Name);
        if (value is ObjectValue { Members: var parts })
            value = parts.FirstOrDefault(part => part.Key.Equals("name", StringComparison.OrdinalIgnoreCase)).Value;
        return value is { IsPrimitive: true } && Coercion.ToText(value) is { Length: > 0 } name ? name : null;
    }
}
