namespace Shithub.Actions.Workflows.Syntax;

/// <summary>The ids of jobs, steps and inputs.</summary>
internal static class Identifier
{
    public static string Rule { get; } =
        $"it starts with a letter or '_', has letters, digits, '-' and '_' only, and at most {WorkflowLimits.MaxIdLength} of them";

    public static bool IsValid(string text) =>
        text.Length is > 0 and <= WorkflowLimits.MaxIdLength
        && (char.IsAsciiLetter(text[0]) || text[0] == '_')
        && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_');
}
