using Shithub.Actions.Workflows.Expressions;

namespace Shithub.Actions.Workflows;

/// <summary>
/// The variables that every step has: GitHub's 'Default environment variables', those that begin with <c>GITHUB_</c> also as
/// <c>SHITHUB_</c>. Nobody can set them to something else, <c>CI</c> and <c>HOME</c> excepted.
/// </summary>
internal static class DefaultVariables
{
    /// <summary>Members of the context <c>github</c> that become variables: GitHub's list.</summary>
    private static readonly string[] FromContext =
    [
        "action", "action_path", "action_ref", "action_repository", "actor", "actor_id", "api_url", "base_ref", "env", "event_name",
        "event_path", "graphql_url", "head_ref", "job", "output", "path", "ref", "ref_name", "ref_protected", "ref_type", "repository",
        "repository_id", "repository_owner", "repository_owner_id", "retention_days", "run_attempt", "run_id", "run_number",
        "server_url", "sha", "state", "step_summary", "triggering_actor", "workflow", "workflow_ref", "workflow_sha", "workspace",
    ];

    private static readonly string[] Prefixes = ["GITHUB_", "SHITHUB_"];

    /// <summary>Those that a job may set to something else.</summary>
    public static IEnumerable<KeyValuePair<string, string>> Weak(RunnerFacts runner) =>
        [new("CI", "true"), new("HOME", runner.Home)];

    public static IEnumerable<KeyValuePair<string, string>> Strong(ObjectValue github, RunnerFacts runner)
    {
        foreach (var prefix in Prefixes)
        {
            yield return new(prefix + "ACTIONS", "true");
            foreach (var name in FromContext)
            {
                if (github.Members.TryGetValue(name, out var value) && value is StringValue or NumberValue or BooleanValue)
                    yield return new(prefix + name.ToUpperInvariant(), Coercion.ToText(value));
            }
        }

        yield return new("RUNNER_ARCH", runner.Arch);
        yield return new("RUNNER_ENVIRONMENT", "self-hosted");
        yield return new("RUNNER_NAME", runner.Name);
        yield return new("RUNNER_OS", "Linux");
        yield return new("RUNNER_TEMP", runner.Temp);
        yield return new("RUNNER_TOOL_CACHE", runner.ToolCache);
        yield return new("RUNNER_WORKSPACE", runner.Workspace);
        if (runner.IsDebug)
            yield return new("RUNNER_DEBUG", "1");
    }

    /// <summary>Why a step may not set this variable for those after it, as the end of a sentence; null: it may.</summary>
    public static string? DescribeRefusal(string name) =>
        name.Equals("NODE_OPTIONS", StringComparison.OrdinalIgnoreCase) ? "would run code in every Node program after it"
        : name.StartsWith("GITHUB_", StringComparison.OrdinalIgnoreCase) || name.StartsWith("SHITHUB_", StringComparison.OrdinalIgnoreCase)
            || name.StartsWith("RUNNER_", StringComparison.OrdinalIgnoreCase) ? "is the runner's own"
        : null;
}
