using Shithub.Actions.Workflows.Yaml;

namespace Shithub.Actions.Workflows;

/// <summary>
/// Collects a run's workflow and all that it calls, breadth first: <see cref="Next"/> says what to read, <see cref="Add"/> takes it. The
/// reading is the caller's, because this library does none. What is wrong with the set as a whole (a call that leads nowhere or in a
/// circle, too many files) is a diagnostic at the place of the call.
/// </summary>
public sealed class WorkflowSetBuilder
{
    private readonly List<Diagnostic> _diagnostics = [];
    private readonly Dictionary<string, WorkflowSource> _sources = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Dictionary<string, string>> _calls = new(StringComparer.Ordinal);
    private readonly Queue<(WorkflowSource From, WorkflowCall Call, int Depth)> _pending = new();
    private readonly string _root;

    public WorkflowSetBuilder(Workflow root)
    {
        ArgumentNullException.ThrowIfNull(root);
        _root = root.Path;
        Take(new WorkflowSource(root.Path, root, new Dictionary<string, string>()), 1);
    }

    public IReadOnlyList<Diagnostic> Diagnostics => _diagnostics;

    /// <summary>The next reference to follow, and the workflow it stands in; null when there are no more.</summary>
    public (WorkflowSource From, WorkflowCall Call)? Next =>
        _pending.TryPeek(out var next) ? (next.From, next.Call) : null;

    /// <summary>Null where there are diagnostics.</summary>
    public WorkflowSet? Build() => _diagnostics.Count > 0 || _pending.Count > 0
        ? null
        : new WorkflowSet(_root, _sources.ToDictionary(
            source => source.Key, source => source.Value with { Calls = _calls[source.Key] }, StringComparer.Ordinal));

    /// <summary>What the reference of <see cref="Next"/> points to.</summary>
    /// <param name="source">The called workflow; its <c>Calls</c> do not matter.</param>
    public void Add(WorkflowSource source)
    {
        ArgumentNullException.ThrowIfNull(source);
        var (from, call, depth) = _pending.Dequeue();
        var shown = YamlReader.Show(call.Uses.Source);
        if (source.Workflow.On.WorkflowCall is null)
        {
            Refuse(from, call, $"'{shown}' cannot be called", "add 'workflow_call' to its 'on'");
            return;
        }

        _calls[from.Id][call.Uses.Source] = source.Id;
        if (_sources.ContainsKey(source.Id))
        {
            if (IsCaller(source.Id, from.Id))
                Refuse(from, call, $"'{shown}' calls the workflow that called it", null);
            return;
        }

        if (depth >= WorkflowLimits.MaxCallDepth)
        {
            Refuse(
                from, call,
                $"'{shown}' would be level {depth + 1} of workflows that call each other; a run may have {WorkflowLimits.MaxCallDepth}", null);
        }
        else if (_sources.Count > WorkflowLimits.MaxCalledWorkflows)
        {
            Refuse(from, call, $"the run would call more than {WorkflowLimits.MaxCalledWorkflows} workflows", null);
            _pending.Clear();
        }
        else
        {
            Take(source, depth + 1);
        }
    }

    /// <summary>The reference of <see cref="Next"/> leads nowhere.</summary>
    /// <param name="because">What is wrong in the file itself, where it was found.</param>
    public void Refuse(string message, string? suggestion = null, IEnumerable<Diagnostic>? because = null)
    {
        var (from, call, _) = _pending.Dequeue();
        Refuse(from, call, message, suggestion);
        _diagnostics.AddRange((because ?? []).Take(WorkflowLimits.MaxDiagnostics));
    }

    /// <summary>Nobody can say what the reference of <see cref="Next"/> leads to: the set is built without it, to be looked at only.</summary>
    public void Leave() => _pending.Dequeue();

    private void Take(WorkflowSource source, int depth)
    {
        _sources[source.Id] = source;
        _calls[source.Id] = new Dictionary<string, string>(StringComparer.Ordinal);
        var calls = source.Workflow.Jobs.Select(job => job.Call).OfType<WorkflowCall>().DistinctBy(call => call.Uses.Source);
        foreach (var call in calls)
            _pending.Enqueue((source, call, depth));
    }

    /// <summary>Whether a workflow calls another, directly or not.</summary>
    private bool IsCaller(string caller, string called)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal) { caller };
        var ahead = new Queue<string>(seen);
        while (ahead.TryDequeue(out var id))
        {
            if (id == called)
                return true;
            foreach (var next in _calls[id].Values.Where(seen.Add))
                ahead.Enqueue(next);
        }

        return false;
    }

    private void Refuse(WorkflowSource from, WorkflowCall call, string message, string? suggestion)
    {
        if (_diagnostics.Count < WorkflowLimits.MaxDiagnostics)
            _diagnostics.Add(new Diagnostic(
                DiagnosticSeverity.Error, DiagnosticCodes.Call, message, from.Workflow.Path, call.Position.Line, call.Position.Column,
                "uses", suggestion));
    }
}
