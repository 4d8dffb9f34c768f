using Shithub.Actions.Workflows.Expressions;

namespace Shithub.Actions.Workflows.Planning;

/// <summary>The contexts that the expressions of a run's jobs see while the server decides on them.</summary>
internal sealed class RunContexts(RunSituation situation, RunTree tree)
{
    private readonly ObjectValue _github = ContextValues.GitHub(situation.Context, situation.Set.RootSource.Workflow.DisplayName);
    private readonly ObjectValue _vars = ContextValues.Vars(situation.Context);
    private readonly ObjectValue _inputs = ContextValues.Inputs(situation.Context);
    private readonly EvaluationBudget _budget = new();
    private readonly Dictionary<string, JobOutputs> _callOutputs = new(StringComparer.OrdinalIgnoreCase);

    public NodeResult ResultOf(RunScope scope, string key) => tree.ResultOf(scope, key, OutputsOf);

    public IEnumerable<(string Path, JobLeg? Leg, NodeResult Result)> InstancesOf(string node) => tree.InstancesOf(node, OutputsOf);

    /// <summary>What the condition and the other expressions of a job see before its matrix is known.</summary>
    public ExpressionEvaluator ForJob(RunScope scope, WorkflowJob job) =>
        new ExpressionEvaluator(
            new Dictionary<string, ExpressionValue>
            {
                ["github"] = _github,
                ["vars"] = _vars,
                ["inputs"] = InputsOf(scope),
                ["needs"] = NeedsOf(scope, job),
            },
            _budget,
            StatusOf(scope, job)).WithJob(job.Key);

    /// <summary>What the keys of a workflow as a whole see.</summary>
    public ExpressionEvaluator ForWorkflow(RunScope scope) =>
        new(
            new Dictionary<string, ExpressionValue> { ["github"] = _github, ["vars"] = _vars, ["inputs"] = InputsOf(scope) },
            _budget);

    public static ExpressionEvaluator ForLeg(ExpressionEvaluator evaluator, JobLeg leg) =>
        evaluator.With("matrix", ContextJson.Read(leg.Matrix)).With("strategy", StrategyOf(leg));

    /// <summary>The context <c>needs</c>: results and outputs of the jobs that this one needs itself.</summary>
    public ObjectValue NeedsOf(RunScope scope, WorkflowJob job)
    {
        var needs = NewMembers();
        foreach (var need in job.Needs)
            needs[need] = Describe(ResultOf(scope, need));
        return ObjectValue.Of(needs);
    }

    /// <summary>A job as <c>needs</c> and <c>jobs</c> show it: its result and its outputs.</summary>
    private static ObjectValue Describe(NodeResult result)
    {
        var outputs = NewMembers();
        foreach (var (name, value) in result.Outputs.Values)
            outputs[name] = new StringValue(value, result.Outputs.Tainted.Contains(name));
        var members = NewMembers();
        members["result"] = new StringValue(result.Result ?? "");
        members["outputs"] = ObjectValue.Of(outputs);
        return ObjectValue.Of(members);
    }

    public static ObjectValue StrategyOf(JobLeg leg)
    {
        var members = NewMembers();
        members["fail-fast"] = new BooleanValue(leg.FailFast);
        members["job-index"] = new NumberValue(leg.Index);
        members["job-total"] = new NumberValue(leg.Total);
        members["max-parallel"] = new NumberValue(leg.MaxParallel == 0 ? leg.Total : leg.MaxParallel);
        return ObjectValue.Of(members);
    }

    public ObjectValue InputsOf(RunScope scope) =>
        scope.Call is null ? _inputs : (ObjectValue)ContextJson.Read(scope.Call.Inputs);

    /// <summary>The outputs of a called workflow, when all its jobs have ended.</summary>
    private JobOutputs OutputsOf(RunScope scope)
    {
        if (_callOutputs.TryGetValue(scope.Prefix, out var known))
            return known;
        var jobs = NewMembers();
        foreach (var job in scope.Workflow.Jobs)
            jobs[job.Key] = Describe(ResultOf(scope, job.Key));

        var evaluator = new ExpressionEvaluator(
            new Dictionary<string, ExpressionValue>
            {
                ["github"] = _github,
                ["vars"] = _vars,
                ["inputs"] = InputsOf(scope),
                ["jobs"] = ObjectValue.Of(jobs),
            },
            _budget);
        var values = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        var tainted = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        foreach (var output in scope.Workflow.On.WorkflowCall?.Outputs ?? [])
        {
            // An output that can't be evaluated is not there, as one that nobody set.
            if (new TemplateValues(evaluator, new DiagnosticBag(scope.Workflow.Path)).Value(output.Value) is not { } value)
                continue;
            values[output.Name] = Coercion.ToText(value);
            if (value.Tainted)
                tainted.Add(output.Name);
        }

        return _callOutputs[scope.Prefix] = new JobOutputs(values, [.. tainted]);
    }

    /// <summary>
    /// What <c>success()</c> and its like mean for a job: a failure or a skip counts for the whole chain of jobs that need each other
    /// ('jobs.&lt;job_id&gt;.needs' and 'Status check functions').
    /// </summary>
    private StatusCheck StatusOf(RunScope scope, WorkflowJob job)
    {
        var ancestors = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        var pending = new Queue<string>(job.Needs);
        while (pending.TryDequeue(out var key))
        {
            if (!ancestors.Add(key))
                continue;
            foreach (var need in scope.Find(key)?.Needs ?? [])
                pending.Enqueue(need);
        }

        var results = ancestors.Select(key => ResultOf(scope, key).Result).ToHashSet();
        return new StatusCheck(
            Success: !situation.Cancelled && results.All(result => result == Conclusion.Success),
            Failure: !situation.Cancelled && results.Contains(Conclusion.Failure),
            Cancelled: situation.Cancelled);
    }

    private static OrderedDictionary<string, ExpressionValue> NewMembers() => new(StringComparer.OrdinalIgnoreCase);
}
