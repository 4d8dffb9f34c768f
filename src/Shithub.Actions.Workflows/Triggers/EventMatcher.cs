using Shithub.Actions.Workflows.Syntax;

namespace Shithub.Actions.Workflows;

/// <summary>Something that happened and may start workflows.</summary>
/// <param name="Name"><c>push</c> or <c>workflow_dispatch</c>.</param>
/// <param name="Ref">In full, such as <c>refs/heads/trunk</c>.</param>
/// <param name="ChangedPaths">Null where they are unknown: then filters of paths pass.</param>
/// <param name="Deleted">The push deleted the ref.</param>
public sealed record TriggerEvent(string Name, string Ref, IReadOnlyList<string>? ChangedPaths, bool Deleted);

/// <summary>Decides which workflows an event starts, by 'Events that trigger workflows' and 'Workflow syntax' of GitHub.</summary>
public static class EventMatcher
{
    private const string Branches = "refs/heads/";
    private const string Tags = "refs/tags/";

    /// <summary>Whether <paramref name="e"/> starts <paramref name="workflow"/>.</summary>
    public static bool Matches(Workflow workflow, TriggerEvent e)
    {
        ArgumentNullException.ThrowIfNull(workflow);
        ArgumentNullException.ThrowIfNull(e);
        return e.Name switch
        {
            EventNames.WorkflowDispatch => workflow.On.WorkflowDispatch is not null,
            EventNames.Push => MatchesRef(workflow, e) && MatchesPaths(workflow, e),
            _ => false,
        };
    }

    /// <summary>Whether the answer of <see cref="Matches"/> hangs on <see cref="TriggerEvent.ChangedPaths"/>.</summary>
    public static bool NeedsChangedPaths(Workflow workflow, TriggerEvent e)
    {
        ArgumentNullException.ThrowIfNull(workflow);
        ArgumentNullException.ThrowIfNull(e);
        return e.Name == EventNames.Push && workflow.On.Push?.Paths is not null && !IsTag(e) && MatchesRef(workflow, e);
    }

    private static bool IsTag(TriggerEvent e) => e.Ref.StartsWith(Tags, StringComparison.Ordinal);

    private static bool MatchesRef(Workflow workflow, TriggerEvent e)
    {
        if (workflow.On.Push is not { } push || e.Deleted)
            return false;
        if (e.Ref.StartsWith(Branches, StringComparison.Ordinal))
            return Passes(push.Branches, push.Tags, e.Ref[Branches.Length..]);
        return IsTag(e) && Passes(push.Tags, push.Branches, e.Ref[Tags.Length..]);
    }

    // Who filters only tags does not want branches, and the other way round.
    private static bool Passes(PatternFilter? own, PatternFilter? other, string name) => own?.Passes(name) ?? other is null;

    private static bool MatchesPaths(Workflow workflow, TriggerEvent e)
    {
        // Tags have no filter of paths.
        if (workflow.On.Push?.Paths is not { } paths || IsTag(e) || e.ChangedPaths is null)
            return true;
        var work = 0L;
        foreach (var path in e.ChangedPaths)
        {
            if (paths.Passes(path, ref work))
                return true;
            // Patterns that are this costly for paths this many count as paths that are not known.
            if (work > WorkflowLimits.MaxMatchSteps)
                return true;
        }

        return false;
    }
}
