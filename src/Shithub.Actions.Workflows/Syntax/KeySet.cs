namespace Shithub.Actions.Workflows.Syntax;

/// <summary>The keys of one kind of mapping: those that work, and those of GitHub's workflow syntax that don't yet.</summary>
/// <param name="Where">The kind of mapping, as a message names it.</param>
internal sealed record KeySet(string Where, string[] Supported, string[] NotYet)
{
    public static KeySet Workflow { get; } = new(
        "a workflow", ["name", "on", "env", "jobs"], ["run-name", "permissions", "defaults", "concurrency"]);

    public static KeySet Job { get; } = new(
        "a job",
        ["name", "runs-on", "needs", "timeout-minutes", "env", "steps"],
        [
            "if", "permissions", "environment", "concurrency", "outputs", "defaults", "strategy", "continue-on-error", "container",
            "services", "uses", "with", "secrets", "snapshot",
        ]);

    public static KeySet Step { get; } = new(
        "a step",
        ["name", "id", "run", "uses", "with", "env", "working-directory", "shell", "continue-on-error"],
        ["if", "timeout-minutes"]);

    public static KeySet Push { get; } = new(
        "'push'", ["branches", "branches-ignore", "tags", "tags-ignore", "paths", "paths-ignore"], []);

    public static KeySet Dispatch { get; } = new("'workflow_dispatch'", ["inputs"], []);

    public static KeySet DispatchInput { get; } = new(
        "an input", ["description", "required", "default", "type", "options", "deprecationMessage"], []);

    /// <summary>What to write instead of a key that this mapping does not have.</summary>
    public string? Suggest(string unknown)
    {
        if (new[] { Workflow, Job, Step }.FirstOrDefault(set => set.Supported.Contains(unknown)) is { } elsewhere)
            return $"it belongs in {elsewhere.Where}";
        return NearestName.Suggest(unknown, Supported.Concat(NotYet)) ?? $"known here: {string.Join(", ", Supported)}";
    }
}
