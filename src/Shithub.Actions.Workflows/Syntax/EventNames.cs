namespace Shithub.Actions.Workflows.Syntax;

/// <summary>The events that a workflow may name under <c>on</c>.</summary>
internal static class EventNames
{
    public const string Push = "push";
    public const string PullRequest = "pull_request";
    public const string WorkflowDispatch = "workflow_dispatch";
    public const string Schedule = "schedule";
    public const string RepositoryDispatch = "repository_dispatch";
    public const string WorkflowCall = "workflow_call";
    public const string WorkflowRun = "workflow_run";

    /// <summary>Those that happen here.</summary>
    public static IReadOnlyList<string> Here { get; } =
        [Push, PullRequest, WorkflowDispatch, Schedule, RepositoryDispatch, WorkflowCall, WorkflowRun];

    /// <summary>Events that only GitHub has: 'Events that trigger workflows'.</summary>
    public static IReadOnlyList<string> OnlyGitHub { get; } =
    [
        "branch_protection_rule", "check_run", "check_suite", "create", "delete", "deployment", "deployment_status", "discussion",
        "discussion_comment", "fork", "gollum", "image_version", "issue_comment", "issues", "label", "member", "merge_group",
        "milestone", "page_build", "project", "project_card", "project_column", "public", PullRequestTarget, "pull_request_comment",
        "pull_request_review", "pull_request_review_comment", "registry_package", "release", "status", "watch",
    ];

    /// <summary>On GitHub it gives secrets to runs that a stranger's pull request starts.</summary>
    public const string PullRequestTarget = "pull_request_target";

    /// <summary>The activity types of <c>pull_request</c>.</summary>
    public static IReadOnlyList<string> PullRequestTypes { get; } =
    [
        "assigned", "unassigned", "labeled", "unlabeled", "opened", "edited", "closed", "reopened", "synchronize",
        "converted_to_draft", "locked", "unlocked", "enqueued", "dequeued", "milestoned", "demilestoned", "ready_for_review",
        "review_requested", "review_request_removed", "auto_merge_enabled", "auto_merge_disabled", "stacked",
    ];

    /// <summary>Those of <see cref="PullRequestTypes"/> that start a workflow that names none.</summary>
    public static IReadOnlyList<string> DefaultPullRequestTypes { get; } = ["opened", "synchronize", "reopened"];

    /// <summary>The activity types of <c>workflow_run</c>; all start a workflow that names none.</summary>
    public static IReadOnlyList<string> WorkflowRunTypes { get; } = ["completed", "requested", "in_progress"];

    public static IEnumerable<string> All => [.. Here, .. OnlyGitHub];
}
