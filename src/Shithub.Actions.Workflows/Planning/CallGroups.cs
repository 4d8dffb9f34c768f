using Shithub.Actions.Workflows.Expressions;

namespace Shithub.Actions.Workflows.Planning;

/// <summary>
/// The concurrency groups of called workflows. A group that something around already holds would be waited for until that ends, which is
/// never: as on GitHub, who asks for it fails and says so.
/// </summary>
internal sealed class CallGroups(RunSituation situation, RunTree tree, RunContexts contexts)
{
    private string? _groupOfRun;

    /// <summary>Those that a call has to hold before its jobs begin: of the job that calls, and of what it calls. Each once.</summary>
    /// <param name="evaluator">Of the job that calls.</param>
    public IReadOnlyList<ReadyConcurrency> Of(
        RunScope scope, WorkflowJob job, CallState call, ExpressionEvaluator evaluator, DiagnosticBag diagnostics)
    {
        var groups = new List<ReadyConcurrency>();
        if (job.Concurrency is { } outer)
            Add(groups, scope, outer, Concurrency.Plan(outer, evaluator, diagnostics), diagnostics);
        var inside = tree.Inside(call);
        if (inside.Workflow.Concurrency is { } inner)
            Add(groups, scope, inner, Concurrency.Plan(inner, contexts.ForWorkflow(inside), diagnostics), diagnostics);

        return groups;
    }

    /// <summary>Refuses a group that the run, or a call around the job, is in.</summary>
    public void Check(RunScope scope, ConcurrencySetting setting, ReadyConcurrency? group, DiagnosticBag diagnostics)
    {
        if (group is null || HolderAround(scope, group.Group) is not { } holder)
            return;
        diagnostics.Error(
            DiagnosticCodes.InvalidValue, setting.Group.Position, setting.Group.Path,
            $"the concurrency group '{Yaml.YamlReader.Show(group.Group)}' is that of {holder}, which ends only after this: it would wait for ever",
            "give it a group of its own, or leave it out: what is around keeps others away already");
    }

    private void Add(
        List<ReadyConcurrency> groups, RunScope scope, ConcurrencySetting setting, ReadyConcurrency? group, DiagnosticBag diagnostics)
    {
        Check(scope, setting, group, diagnostics);
        if (group is not null && !groups.Exists(other => IsSame(other.Group, group.Group)))
            groups.Add(group);
    }

    private string? HolderAround(RunScope scope, string group)
    {
        for (var around = scope; around.Call is { } call; around = tree.ScopeOf(call.Path))
        {
            if (call.Groups.Any(other => IsSame(other.Group, group)))
                return $"the call '{call.Name}'";
        }

        _groupOfRun ??= OfRun();
        return IsSame(_groupOfRun, group) ? "the run" : null;
    }

    private string OfRun() =>
        situation.Set.RootSource.Workflow.Concurrency is not { } setting
            ? ""
            : Concurrency.Plan(setting, contexts.ForWorkflow(tree.Root), new DiagnosticBag(""))?.Group ?? "";

    private static bool IsSame(string one, string other) => one.Equals(other, StringComparison.OrdinalIgnoreCase);
}
