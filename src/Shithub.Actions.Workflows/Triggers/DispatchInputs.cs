using System.Globalization;
using System.Text.Json.Nodes;
using Shithub.Actions.Workflows.Yaml;

namespace Shithub.Actions.Workflows;

/// <summary>What was wrong with an input that somebody gave to a dispatch.</summary>
public sealed record DispatchInputError(string Input, string Message);

/// <summary>The inputs of one dispatch.</summary>
/// <param name="Values">All inputs of the workflow, typed, for <see cref="PlanContext.Inputs"/>. Empty where there are errors.</param>
/// <param name="EventInputs">The same as text, for <c>inputs</c> in the event's payload. Empty where there are errors.</param>
public sealed record DispatchInputsResult(
    IReadOnlyDictionary<string, JsonNode?> Values,
    IReadOnlyDictionary<string, string> EventInputs,
    IReadOnlyList<DispatchInputError> Errors)
{
    public bool HasErrors => Errors.Count > 0;
}

/// <summary>Checks what somebody gives to <c>workflow_dispatch</c> against what the workflow asks for.</summary>
public static class DispatchInputs
{
    /// <summary>Typed values of all inputs, defaults filled in; or errors that each name an input.</summary>
    public static DispatchInputsResult Validate(Workflow workflow, IReadOnlyDictionary<string, string> given)
    {
        ArgumentNullException.ThrowIfNull(workflow);
        ArgumentNullException.ThrowIfNull(given);
        var inputs = workflow.On.WorkflowDispatch?.Inputs ?? [];
        var errors = new List<DispatchInputError>();
        if (given.Sum(pair => (long)pair.Key.Length + pair.Value.Length) > WorkflowLimits.MaxDispatchPayload)
        {
            errors.Add(new DispatchInputError(
                given.MaxBy(pair => pair.Value.Length).Key,
                $"the inputs have more than {WorkflowLimits.MaxDispatchPayload} characters together"));
        }

        foreach (var name in given.Keys.Where(name => !inputs.Any(input => IsNamed(input, name))))
        {
            var suggestion = NearestName.Suggest(name, inputs.Select(input => input.Name));
            var shown = YamlReader.Show(name);
            errors.Add(new DispatchInputError(
                name, $"the workflow has no input '{shown}'{(suggestion is null ? "" : "; " + suggestion)}"));
        }

        var values = new OrderedDictionary<string, JsonNode?>();
        var texts = new OrderedDictionary<string, string>();
        foreach (var input in inputs)
        {
            var matches = given.Where(pair => IsNamed(input, pair.Key)).Select(pair => pair.Value).ToList();
            if (matches.Count > 1)
                errors.Add(new DispatchInputError(input.Name, $"the input '{input.Name}' is given twice; case makes no difference"));
            var text = matches.Count == 0 ? input.Default : matches[0];
            if (input.Required && string.IsNullOrEmpty(text))
                errors.Add(new DispatchInputError(input.Name, $"the input '{input.Name}' is required"));
            else if (!string.IsNullOrEmpty(text) && DescribeMismatch(input, text) is { } mismatch)
                errors.Add(new DispatchInputError(input.Name, $"the input '{input.Name}' {mismatch}"));
            else
                (values[input.Name], texts[input.Name]) = (ToValue(input.Type, text ?? ""), text ?? "");
        }

        return errors.Count == 0
            ? new DispatchInputsResult(values, texts, errors)
            : new DispatchInputsResult(new Dictionary<string, JsonNode?>(), new Dictionary<string, string>(), errors);
    }

    /// <summary>Why <paramref name="text"/> is no value of <paramref name="input"/>, as the end of a sentence; null if it is one.</summary>
    internal static string? DescribeMismatch(DispatchInput input, string text)
    {
        switch (input.Type)
        {
            case DispatchInputType.Boolean when text is not ("true" or "false"):
                return "must be true or false";
            case DispatchInputType.Number when !TryParseNumber(text, out _):
                return "must be a number";
            case DispatchInputType.Choice when !input.Options.Contains(text):
                return $"must be one of: {string.Join(", ", input.Options.Select(YamlReader.Show))}";
            default:
                return text.Contains('\0') ? "has a NUL character" : null;
        }
    }

    private static bool IsNamed(DispatchInput input, string name) => input.Name.Equals(name, StringComparison.OrdinalIgnoreCase);

    // What GitHub gives an input that was left out: false, 0, or an empty string.
    private static JsonValue ToValue(DispatchInputType type, string text) => type switch
    {
        DispatchInputType.Boolean => JsonValue.Create(text == "true"),
        DispatchInputType.Number => JsonValue.Create(TryParseNumber(text, out var number) ? number : 0),
        _ => JsonValue.Create(text),
    };

    private static bool TryParseNumber(string text, out double number) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out number) && double.IsFinite(number);
}
