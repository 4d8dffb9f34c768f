using System.Text.RegularExpressions;

namespace Shithub.Actions.Workflows;

/// <summary>Whether people outside may have a say in what a step does (docs/decisions/0006-taint-of-what-steps-set.md).</summary>
internal static partial class StepTaint
{
    /// <summary>Whether a script reads what the runner itself hands to every step: names of branches, and the event.</summary>
    public static bool IsInScript(string script) => OutsideVariable().IsMatch(script);

    [GeneratedRegex(@"(?<![A-Za-z0-9_])(?:GITHUB|SHITHUB)_(?:HEAD_REF|BASE_REF|REF|REF_NAME|WORKFLOW_REF|EVENT_PATH)(?![A-Za-z0-9_])")]
    private static partial Regex OutsideVariable();
}
