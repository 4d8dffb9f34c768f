using Shithub.Actions.Protocol;

namespace Shithub.Actions.Server.Runners;

/// <summary>What a runner's name, labels and capacity may be. Each check returns what is wrong, or null.</summary>
public static class RunnerRules
{
    /// <summary>Trimmed, lower-case and distinct, in the order given: labels match whatever their case, as on GitHub.</summary>
    public static string[] Normalize(IEnumerable<string> labels) =>
        [.. labels.Select(label => label.Trim().ToLowerInvariant()).Distinct(StringComparer.Ordinal)];

    /// <returns>The field and what is wrong with it.</returns>
    public static (string Field, string Detail)? CheckLabels(IReadOnlyList<string?> labels)
    {
        if (labels.Count is 0 or > ProtocolLimits.LabelsMax)
            return ("labels", $"A runner has 1 to {ProtocolLimits.LabelsMax} labels; this names {labels.Count}.");
        for (var i = 0; i < labels.Count; i++)
        {
            if (!IsLabel(labels[i]))
                return ($"labels[{i}]", $"A label is 1 to {ProtocolLimits.LabelLengthMax} letters, digits, '.', '_' or '-'.");
        }

        return null;
    }

    public static string? CheckName(string? name) =>
        name is { Length: > 0 and <= 100 } && char.IsAsciiLetterOrDigit(name[0]) && name.All(IsNameCharacter)
            ? null
            : "A runner's name is 1 to 100 letters, digits, '.', '_' or '-', and begins with a letter or digit.";

    public static string? CheckCapacity(int capacity) =>
        capacity is >= 1 and <= ProtocolLimits.CapacityMax ? null : $"Capacity is 1 to {ProtocolLimits.CapacityMax}.";

    private static bool IsLabel(string? label) =>
        label?.Trim() is { Length: > 0 and <= ProtocolLimits.LabelLengthMax } trimmed && trimmed.All(IsNameCharacter);

    private static bool IsNameCharacter(char c) => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-';
}
