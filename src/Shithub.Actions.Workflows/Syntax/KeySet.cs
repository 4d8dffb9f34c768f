namespace Shithub.Actions.Workflows.Syntax;

/// <summary>The keys of one kind of mapping: those that work, and those of GitHub's syntax that are refused by name.</summary>
/// <param name="Where">The kind of mapping, as a message names it.</param>
/// <param name="Path">Where it stands in a document, as GitHub's 'Workflow syntax' writes it; empty for the root.</param>
/// <param name="Refused">Key to why it is not here, as the end of a sentence.</param>
internal sealed partial record KeySet(
    string Where, string Path, string[] Supported, IReadOnlyDictionary<string, string> Refused)
{
    /// <summary>What people from other systems write.</summary>
    private static readonly Dictionary<string, string> OtherNames = new(StringComparer.OrdinalIgnoreCase)
    {
        ["script"] = "run",
        ["cmd"] = "command",
        ["command"] = "run",
        ["when"] = "if",
        ["condition"] = "if",
        ["only-if"] = "if",
        ["depends_on"] = "needs",
        ["depends-on"] = "needs",
        ["dependsOn"] = "needs",
        ["timeout"] = "timeout-minutes",
        ["timeout-in-minutes"] = "timeout-minutes",
        ["variables"] = "env",
        ["vars"] = "env",
        ["environment-variables"] = "env",
        ["environment_variables"] = "env",
        ["cwd"] = "working-directory",
        ["workdir"] = "working-directory",
        ["dir"] = "working-directory",
        ["directory"] = "working-directory",
        ["allow_failure"] = "continue-on-error",
        ["allow-failure"] = "continue-on-error",
        ["triggers"] = "on",
        ["trigger"] = "on",
        // What a YAML 1.1 program makes of 'on' when it writes a file.
        ["true"] = "on",
        ["stages"] = "jobs",
        ["action"] = "uses",
        ["arguments"] = "with",
        ["args"] = "with",
        ["parameters"] = "inputs",
        ["failFast"] = "fail-fast",
        ["parallel"] = "max-parallel",
    };

    /// <summary>What to write instead of a key that this mapping does not have.</summary>
    public string? Suggest(string unknown)
    {
        if (unknown.Contains("${{", StringComparison.Ordinal))
            return "keys are never expressions; give the value one, or use 'if'";
        if (OtherNames.TryGetValue(unknown, out var name) && Supported.Contains(name))
            return $"did you mean '{name}'?";
        if (FindIn(Main, unknown) is { } main)
            return main;
        if (NearestName.Suggest(unknown, Supported.Concat(Refused.Keys)) is { } nearest)
            return nearest;
        return FindIn(Inner, unknown) ?? $"known here: {string.Join(", ", Supported)}";
    }

    /// <summary>The key of this mapping that somebody most likely meant.</summary>
    public string? FindMeant(string unknown) =>
        OtherNames.TryGetValue(unknown, out var name) && Supported.Contains(name) ? name : NearestName.Find(unknown, Supported);

    private string? FindIn(IEnumerable<KeySet> sets, string key) =>
        sets.FirstOrDefault(set => set != this && set.Supported.Contains(key)) is { } set ? $"it belongs in {set.Where}" : null;
}
