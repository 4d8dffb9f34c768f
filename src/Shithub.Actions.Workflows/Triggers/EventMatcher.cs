using Shithub.Actions.Workflows.Syntax;

namespace Shithub.Actions.Workflows;

/// <summary>Something that happened and may start workflows.</summary>
/// <param name="Name">
/// <c>push</c>, <c>pull_request</c>, <c>workflow_dispatch</c>, <c>schedule</c>, <c>repository_dispatch</c> or <c>workflow_run</c>.
/// </param>
/// <param name="Ref">In full, such as <c>refs/heads/trunk</c>.</param>
/// <param name="ChangedPaths">Null where they are unknown: then filters of paths pass.</param>
/// <param name="Deleted">The push deleted the ref.</param>
public sealed record TriggerEvent(string Name, string Ref, IReadOnlyList<string>? ChangedPaths, bool Deleted)
{
    /// <summary>
    /// The activity of a <c>pull_request</c> (<c>opened</c>) or a <c>workflow_run</c> (<c>completed</c>), the type that somebody gave a
    /// <c>repository_dispatch</c>; null for other events.
    /// </summary>
    public string? Type { get; init; }

    /// <summary>
    /// What <c>branches</c> filters: of a <c>pull_request</c> the branch that it would be merged into, of a <c>workflow_run</c> the one
    /// that the other workflow ran for; null for other events, and for a run that was for no branch.
    /// </summary>
    public string? Branch { get; init; }

    /// <summary>The <see cref="Workflow.DisplayName"/> of the workflow of a <c>workflow_run</c>.</summary>
    public string? WorkflowName { get; init; }

    /// <summary>The <see cref="ScheduleTrigger.Cron"/> whose time has come.</summary>
    public string? Cron { get; init; }
}

/// <summary>Decides which workflows an event starts, by 'Events that trigger workflows' and 'Workflow syntax' of GitHub.</summary>
public static class EventMatcher
{
    private const string Branches = "refs/heads/";
    private const string Tags = "refs/tags/";

    /// <summary>Whether <paramref name="e"/> starts <paramref name="workflow"/>.</summary>
    public static bool Matches(Workflow workflow, TriggerEvent e)
    {
        ArgumentNullException.ThrowIfNull(workflow);
        return Matches(workflow.On, e);
    }

    /// <summary>Whether <paramref name="e"/> starts a workflow that has these triggers.</summary>
    public static bool Matches(WorkflowTriggers on, TriggerEvent e)
    {
        ArgumentNullException.ThrowIfNull(on);
        ArgumentNullException.ThrowIfNull(e);
        return MatchesAllButPaths(on, e) && (PathsOf(on, e) is not { } paths || MatchesPaths(paths, e.ChangedPaths));
    }

    /// <summary>Whether the answer of <see cref="Matches(Workflow, TriggerEvent)"/> hangs on <see cref="TriggerEvent.ChangedPaths"/>.</summary>
    public static bool NeedsChangedPaths(Workflow workflow, TriggerEvent e)
    {
        ArgumentNullException.ThrowIfNull(workflow);
        ArgumentNullException.ThrowIfNull(e);
        return PathsOf(workflow.On, e) is not null && MatchesAllButPaths(workflow.On, e);
    }

    private static bool MatchesAllButPaths(WorkflowTriggers on, TriggerEvent e) => e.Name switch
    {
        EventNames.Push => on.Push is { } push && !e.Deleted && MatchesRef(push, e),
        EventNames.PullRequest => on.PullRequest is { } request
            && IsOneOf(request.Types, e.Type) && (request.Branches is null || Passes(request.Branches, e.Branch)),
        EventNames.WorkflowDispatch => on.WorkflowDispatch is not null,
        EventNames.Schedule => on.Schedules.Any(schedule => schedule.Cron == e.Cron),
        EventNames.RepositoryDispatch => on.RepositoryDispatch is { } dispatch && (dispatch.Types is null || IsOneOf(dispatch.Types, e.Type)),
        EventNames.WorkflowRun => on.WorkflowRun is { } run
            && IsOneOf(run.Types, e.Type) && IsOneOf(run.Workflows, e.WorkflowName)
            && (run.Branches is null || Passes(run.Branches, e.Branch)),
        // workflow_call is a call and no event; what only GitHub has does not happen.
        _ => false,
    };

    private static bool IsOneOf(IReadOnlyList<string> names, string? name) => name is not null && names.Contains(name, StringComparer.Ordinal);

    private static bool Passes(PatternFilter filter, string? branch) => branch is not null && filter.Passes(branch);

    private static bool IsTag(TriggerEvent e) => e.Ref.StartsWith(Tags, StringComparison.Ordinal);

    private static bool MatchesRef(PushTrigger push, TriggerEvent e)
    {
        if (e.Ref.StartsWith(Branches, StringComparison.Ordinal))
            return Passes(push.Branches, push.Tags, e.Ref[Branches.Length..]);
        return IsTag(e) && Passes(push.Tags, push.Branches, e.Ref[Tags.Length..]);
    }

    // Who filters only tags does not want branches, and the other way round.
    private static bool Passes(PatternFilter? own, PatternFilter? other, string name) => own?.Passes(name) ?? other is null;

    private static PatternFilter? PathsOf(WorkflowTriggers on, TriggerEvent e) => e.Name switch
    {
        // "Path filters are not evaluated for pushes of tags."
        EventNames.Push when !IsTag(e) => on.Push?.Paths,
        EventNames.PullRequest => on.PullRequest?.Paths,
        _ => null,
    };

    private static bool MatchesPaths(PatternFilter filter, IReadOnlyList<string>? changed)
    {
        if (changed is null)
            return true;
        var work = 0L;
        foreach (var path in changed)
        {
            if (filter.Passes(path, ref work))
                return true;
            // Patterns that are this costly for paths this many count as paths that are not known.
            if (work > WorkflowLimits.MaxMatchSteps)
                return true;
        }

        return false;
    }
}
