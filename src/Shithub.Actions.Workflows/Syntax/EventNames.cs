namespace Shithub.Actions.Workflows.Syntax;

/// <summary>The events that a workflow may name under <c>on</c>.</summary>
internal static class EventNames
{
    public const string Push = "push";
    public const string WorkflowDispatch = "workflow_dispatch";

    /// <summary>Events of this system that do not happen yet.</summary>
    public static IReadOnlyList<string> Later { get; } =
        ["pull_request", "schedule", "repository_dispatch", "workflow_call", "workflow_run"];

    /// <summary>Events that only GitHub has: 'Events that trigger workflows'.</summary>
    public static IReadOnlyList<string> OnlyGitHub { get; } =
    [
        "branch_protection_rule", "check_run", "check_suite", "create", "delete", "deployment", "deployment_status", "discussion",
        "discussion_comment", "fork", "gollum", "image_version", "issue_comment", "issues", "label", "merge_group", "milestone",
        "page_build", "project", "project_card", "project_column", "public", "pull_request_comment", "pull_request_review",
        "pull_request_review_comment", "pull_request_target", "registry_package", "release", "status", "watch",
    ];

    public static IEnumerable<string> All => [Push, WorkflowDispatch, .. Later, .. OnlyGitHub];
}
