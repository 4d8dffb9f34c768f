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

    /// <summary>The activity types of the events of <see cref="OnlyGitHub"/> that have some.</summary>
    public static IReadOnlyDictionary<string, string[]> TypesOnlyGitHub { get; } = new Dictionary<string, string[]>
    {
        ["branch_protection_rule"] = CreatedEditedDeleted,
        ["check_run"] = ["created", "rerequested", "completed", "requested_action"],
        ["check_suite"] = ["completed"],
        ["discussion"] =
        [
            "created", "edited", "deleted", "transferred", "pinned", "unpinned", "labeled", "unlabeled", "locked", "unlocked",
            "category_changed", "answered", "unanswered",
        ],
        ["discussion_comment"] = CreatedEditedDeleted,
        ["image_version"] = ["created", "ready", "deleted"],
        ["issue_comment"] = CreatedEditedDeleted,
        ["issues"] =
        [
            "opened", "edited", "deleted", "transferred", "pinned", "unpinned", "closed", "reopened", "assigned", "unassigned", "labeled",
            "unlabeled", "locked", "unlocked", "milestoned", "demilestoned", "field_added", "field_removed", "typed", "untyped",
        ],
        ["label"] = CreatedEditedDeleted,
        ["merge_group"] = ["checks_requested"],
        ["milestone"] = ["created", "closed", "opened", "edited", "deleted"],
        ["project"] = ["created", "closed", "reopened", "edited", "deleted"],
        ["project_card"] = ["created", "moved", "converted", "edited", "deleted"],
        ["project_column"] = ["created", "updated", "moved", "deleted"],
        ["pull_request_comment"] = CreatedEditedDeleted,
        ["pull_request_review"] = ["submitted", "edited", "dismissed"],
        ["pull_request_review_comment"] = CreatedEditedDeleted,
        [PullRequestTarget] = [.. PullRequestTypes],
        ["registry_package"] = ["published", "updated"],
        ["release"] = ["published", "unpublished", "created", "edited", "deleted", "prereleased", "released"],
        ["watch"] = ["started"],
    };

    private static string[] CreatedEditedDeleted => ["created", "edited", "deleted"];

    public static IEnumerable<string> All => [.. Here, .. OnlyGitHub];
}
