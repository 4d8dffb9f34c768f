namespace Shithub.Actions.Workflows.Planning;

/// <summary>The jobs of one workflow within a run: of the run's own, or of one that a job calls.</summary>
/// <param name="Prefix">What the paths of its jobs begin with; "" for the run's own workflow.</param>
/// <param name="Call">Null for the run's own workflow.</param>
internal sealed record RunScope(string Prefix, WorkflowSource Source, CallState? Call)
{
    public Workflow Workflow => Source.Workflow;

    public string Node(string key) => Prefix + key;

    public WorkflowJob? Find(string key) =>
        Workflow.Jobs.FirstOrDefault(job => job.Key.Equals(key, StringComparison.OrdinalIgnoreCase));
}

/// <summary>What a job has come to for those that need it.</summary>
/// <param name="Result"><c>success</c>, <c>failure</c>, <c>cancelled</c> or <c>skipped</c>; null while it has not ended.</param>
internal readonly record struct NodeResult(string? Result, JobOutputs Outputs)
{
    public static NodeResult Open { get; } = new(null, JobOutputs.None);
}

/// <summary>The states of a run's jobs while they are being decided on.</summary>
internal sealed class RunTree
{
    private readonly WorkflowSet _set;
    private readonly OrderedDictionary<string, JobState> _jobs = new(StringComparer.OrdinalIgnoreCase);
    private readonly OrderedDictionary<string, CallState> _calls = new(StringComparer.OrdinalIgnoreCase);
    private readonly Dictionary<string, List<string>> _instances = new(StringComparer.OrdinalIgnoreCase);

    public RunTree(WorkflowSet set, IEnumerable<JobState> jobs, IEnumerable<CallState> calls)
    {
        _set = set;
        foreach (var job in jobs)
            Put(job);
        foreach (var call in calls)
            Put(call);
    }

    public IEnumerable<JobState> Jobs => _jobs.Values;

    /// <summary>All jobs as their files have them: what a job has become stands in its place.</summary>
    public IEnumerable<JobState> InOrder => Root.Workflow.Jobs.SelectMany(job => JobsOf(job.Key));

    public IEnumerable<CallState> Calls => _calls.Values;

    public RunScope Root => new("", _set.RootSource, null);

    public JobState? FindJob(string path) => _jobs.GetValueOrDefault(path);

    public RunScope ScopeOf(string path)
    {
        var prefix = JobPath.ScopeOf(path);
        return prefix.Length == 0 ? Root : Inside(_calls[JobPath.CallOf(prefix)]);
    }

    public RunScope Inside(CallState call) => new(JobPath.Inside(call.Path), _set.Sources[call.Source], call);

    public IEnumerable<RunScope> Scopes => _calls.Values.Select(Inside).Prepend(Root);

    public void Put(JobState job)
    {
        _jobs[job.Path] = job;
        AddInstance(job.Path);
    }

    public void Put(CallState call)
    {
        _calls[call.Path] = call;
        AddInstance(call.Path);
    }

    public void Remove(string path)
    {
        _jobs.Remove(path);
        _instances[JobPath.NodeOf(path)].RemoveAll(instance => instance.Equals(path, StringComparison.OrdinalIgnoreCase));
    }

    /// <summary>The jobs that a node has become, those of called workflows included.</summary>
    public IEnumerable<JobState> JobsOf(string node)
    {
        foreach (var instance in _instances.GetValueOrDefault(node, []))
        {
            if (_jobs.TryGetValue(instance, out var job))
                yield return job;
            if (!_calls.TryGetValue(instance, out var call))
                continue;
            var scope = Inside(call);
            foreach (var inner in scope.Workflow.Jobs.SelectMany(inner => JobsOf(scope.Node(inner.Key))))
                yield return inner;
        }
    }

    /// <summary>The parts of a node: its row, its legs, its calls, with what each has come to.</summary>
    public IEnumerable<(string Path, JobLeg? Leg, NodeResult Result)> InstancesOf(string node, Func<RunScope, JobOutputs> outputsOf)
    {
        foreach (var instance in _instances.GetValueOrDefault(node, []).ToList())
        {
            if (_jobs.TryGetValue(instance, out var job))
                yield return (instance, job.Leg, ResultOf(job));
            else if (_calls.TryGetValue(instance, out var call))
                yield return (instance, call.Leg, ResultOf(Inside(call), outputsOf));
        }
    }

    /// <param name="outputsOf">Evaluates the outputs of a called workflow that has ended.</param>
    public NodeResult ResultOf(RunScope scope, string key, Func<RunScope, JobOutputs> outputsOf)
    {
        var parts = InstancesOf(scope.Node(key), outputsOf).ToList();
        if (parts.Count == 0 || parts.Exists(part => part.Result.Result is null))
            return NodeResult.Open;
        var result = Combine(parts.Select(part => part.Result.Result!));
        if (parts is [var single])
            return single.Result;

        // As on GitHub: each leg may set the same output, and the last that set it to something wins.
        var values = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        var tainted = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        foreach (var part in parts.OrderBy(part => _jobs.GetValueOrDefault(part.Path)?.CompletedAt))
        {
            foreach (var (name, value) in part.Result.Outputs.Values.Where(output => output.Value.Length > 0))
            {
                values[name] = value;
                _ = part.Result.Outputs.Tainted.Contains(name) ? tainted.Add(name) : tainted.Remove(name);
            }
        }

        return new NodeResult(result, new JobOutputs(values, [.. tainted]));
    }

    private NodeResult ResultOf(RunScope scope, Func<RunScope, JobOutputs> outputsOf)
    {
        var results = scope.Workflow.Jobs.Select(job => ResultOf(scope, job.Key, outputsOf).Result).ToList();
        return results.Contains(null) ? NodeResult.Open : new NodeResult(Combine(results!), outputsOf(scope));
    }

    private static NodeResult ResultOf(JobState job) => job.Conclusion switch
    {
        null => NodeResult.Open,
        Conclusion.Success or Conclusion.Neutral => new NodeResult(Conclusion.Success, job.Outputs),
        Conclusion.Skipped => new NodeResult(Conclusion.Skipped, job.Outputs),
        Conclusion.Cancelled => new NodeResult(Conclusion.Cancelled, job.Outputs),
        _ => new NodeResult(job.ContinueOnError ? Conclusion.Success : Conclusion.Failure, job.Outputs),
    };

    private static string Combine(IEnumerable<string> results)
    {
        var all = results.ToHashSet(StringComparer.Ordinal);
        return all.Contains(Conclusion.Failure) ? Conclusion.Failure
            : all.Contains(Conclusion.Cancelled) ? Conclusion.Cancelled
            : all.Count == 1 && all.Contains(Conclusion.Skipped) ? Conclusion.Skipped
            : Conclusion.Success;
    }

    private void AddInstance(string path)
    {
        var node = JobPath.NodeOf(path);
        if (!_instances.TryGetValue(node, out var instances))
            _instances[node] = instances = [];
        if (!instances.Contains(path, StringComparer.OrdinalIgnoreCase))
            instances.Add(path);
    }
}
