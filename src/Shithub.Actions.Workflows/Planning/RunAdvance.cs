using Shithub.Actions.Workflows.Expressions;

namespace Shithub.Actions.Workflows.Planning;

/// <summary>One run of <see cref="RunMachine.Advance"/>.</summary>
internal sealed class RunAdvance
{
    private readonly RunSituation _situation;
    private readonly RunTree _tree;
    private readonly RunContexts _contexts;
    private readonly SecretPlanner _secrets;
    private readonly CallGroups _groups;
    private readonly List<ReadyJob> _ready = [];
    private readonly Dictionary<string, IReadOnlyList<Diagnostic>> _failures = new(StringComparer.OrdinalIgnoreCase);
    private readonly HashSet<string> _cancel = new(StringComparer.OrdinalIgnoreCase);

    public RunAdvance(RunSituation situation)
    {
        _situation = situation;
        _tree = new RunTree(situation.Set, situation.Jobs, situation.Calls);
        _contexts = new RunContexts(situation, _tree);
        _secrets = new SecretPlanner(_tree, _contexts);
        _groups = new CallGroups(situation, _tree, _contexts);
    }

    public RunDecision Decide()
    {
        if (!_situation.Held || _situation.Cancelled)
        {
            // Each turn decides at least one more job, or is the last.
            do
            {
                while (DecideWaiting())
                {
                }

                foreach (var scope in _tree.Scopes.ToList())
                {
                    foreach (var job in scope.Workflow.Jobs.Where(job => job.Strategy is not null))
                        KeepToStrategy(scope, job);
                }
            }
            while (DecideWaiting());
        }

        var jobs = _tree.InOrder.ToList();
        return new RunDecision(
            jobs, [.. _tree.Calls], [.. _ready.Where(job => _tree.FindJob(job.Path) is { Conclusion: null })], _failures, [.. _cancel],
            RunRollup.RollUp(jobs));
    }

    private bool DecideWaiting()
    {
        var moved = false;
        foreach (var job in _tree.Jobs.Where(job => job is { Status: JobStatus.Waiting, IsReady: false }).ToList())
            moved |= DecideOn(job);
        return moved;
    }

    private bool DecideOn(JobState state)
    {
        var scope = _tree.ScopeOf(state.Path);
        if (scope.Find(JobPath.KeyOf(state.Path)) is not { } job)
            return End(state, Conclusion.Skipped);
        // Nothing of a call runs beside what holds its group, not even what runs after a cancel.
        if (scope.Call is { IsHeld: true })
            return _situation.Cancelled && End(state, Conclusion.Cancelled);
        if (_situation.Cancelled && job.If is not { UsesStatusFunction: true })
            return End(state, Conclusion.Cancelled);
        if (job.Needs.Any(need => _contexts.ResultOf(scope, need).Result is null))
            return false;

        var diagnostics = new DiagnosticBag(scope.Workflow.Path);
        var evaluator = _contexts.ForJob(scope, job);
        try
        {
            if ((job.If ?? Condition.Default).Evaluate(evaluator) is not true)
                return End(state, _situation.Cancelled ? Conclusion.Cancelled : Conclusion.Skipped);
            Expand(state, scope, job, evaluator, diagnostics);
        }
        catch (TemplateException exception)
        {
            exception.Report(diagnostics);
        }
        catch (MatrixException exception)
        {
            diagnostics.Error(DiagnosticCodes.Matrix, job.Strategy!.Matrix!.Position, DocumentPath.Root, exception.Message);
        }

        return !diagnostics.HasErrors || Fail(state, diagnostics);
    }

    private void Expand(
        JobState state, RunScope scope, WorkflowJob job, ExpressionEvaluator evaluator, DiagnosticBag diagnostics)
    {
        var legs = LegPlanner.Plan(job, evaluator, diagnostics);
        if (diagnostics.HasErrors)
            return;
        var made = new List<(string Path, JobLeg? Leg, ReadyJob? Job, CallState? Call)>();
        foreach (var leg in legs)
        {
            var path = leg is null ? state.Path : JobPath.Leg(state.Path, leg.Index);
            var scoped = leg is null ? evaluator : RunContexts.ForLeg(evaluator, leg);
            if (job.Call is { } call)
                made.Add((path, leg, null, PrepareCall(path, scope, job, leg, call, scoped, diagnostics)));
            else
                made.Add((path, leg, Prepare(path, scope, job, leg, scoped, diagnostics), null));
            if (diagnostics.HasErrors)
                return;
        }

        var rows = made.Sum(part => part.Call is null ? 1 : _situation.Set.Sources[part.Call.Source].Workflow.Jobs.Count);
        if (_tree.Jobs.Count() - 1 + rows > WorkflowLimits.MaxJobs)
        {
            diagnostics.Error(
                DiagnosticCodes.Limit, job.Position, DocumentPath.Root,
                $"with this job the run would have more than {WorkflowLimits.MaxJobs} jobs");
            return;
        }

        _tree.Remove(state.Path);
        foreach (var (path, leg, ready, call) in made)
        {
            if (call is not null)
                Enter(call);
            else
                Take(path, leg, ready!);
        }
    }

    private ReadyJob Prepare(
        string path, RunScope scope, WorkflowJob job, JobLeg? leg, ExpressionEvaluator evaluator, DiagnosticBag diagnostics)
    {
        var ready = new JobPlanner(evaluator, diagnostics).Plan(path, scope, job, leg, _contexts.NeedsOf(scope, job));
        if (job.Concurrency is { } setting)
            _groups.Check(scope, setting, ready.Concurrency, diagnostics);
        return ready with { Secrets = _secrets.Plan(scope, job, ready.Environment) };
    }

    private CallState PrepareCall(
        string path, RunScope scope, WorkflowJob job, JobLeg? leg, WorkflowCall call, ExpressionEvaluator evaluator, DiagnosticBag diagnostics)
    {
        var state = new CallPlanner(evaluator, diagnostics).Plan(path, scope, job, call, _situation.Set, leg);
        var groups = _groups.Of(scope, job, state, evaluator, diagnostics);
        return state with { Groups = groups, IsHeld = groups.Count > 0 };
    }

    private void Enter(CallState call)
    {
        _tree.Put(call);
        var inside = _tree.Inside(call);
        foreach (var inner in inside.Workflow.Jobs)
            _tree.Put(new JobState(inside.Node(inner.Key), JobStatus.Waiting));
    }

    private void Take(string path, JobLeg? leg, ReadyJob ready)
    {
        var isHeld = ready.Concurrency is not null;
        _ready.Add(ready);
        _tree.Put(new JobState(path, isHeld ? JobStatus.Waiting : JobStatus.Queued)
        {
            IsReady = true,
            Leg = leg,
            ContinueOnError = ready.ContinueOnError,
            Hold = isHeld ? HoldReason.Concurrency : null,
        });
    }

    /// <summary>Stops the other legs of a matrix when one failed, and lets no more of them run at once than they may.</summary>
    private void KeepToStrategy(RunScope scope, WorkflowJob job)
    {
        var node = scope.Node(job.Key);
        var legs = _contexts.InstancesOf(node).ToList();
        if (legs.Exists(leg => leg is { Leg.FailFast: true, Result.Result: Conclusion.Failure }))
        {
            foreach (var other in _tree.JobsOf(node).Where(other => other.Conclusion is null).ToList())
            {
                if (other.Status == JobStatus.Running)
                    _ = other.CancelRequested || _cancel.Add(other.Path);
                else
                    End(other, Conclusion.Cancelled);
            }

            return;
        }

        var max = legs.Select(leg => leg.Leg?.MaxParallel ?? 0).FirstOrDefault();
        if (max == 0)
            return;
        var free = max;
        foreach (var leg in _tree.JobsOf(node).Where(leg => leg is { Conclusion: null, IsReady: true }).ToList())
        {
            if (leg.Status == JobStatus.Running || leg.Hold == HoldReason.Environment || (leg.Status == JobStatus.Queued && !_ready.Exists(ready => ready.Path == leg.Path)))
                free--;
        }

        foreach (var leg in _tree.JobsOf(node).Where(leg => leg is { Conclusion: null, IsReady: true }).ToList())
        {
            var isNew = leg.Status == JobStatus.Queued && _ready.Exists(ready => ready.Path == leg.Path);
            if (!isNew && leg.Hold != HoldReason.MaxParallel)
                continue;
            var mayRun = free-- > 0;
            _tree.Put(leg with { Status = mayRun ? JobStatus.Queued : JobStatus.Waiting, Hold = mayRun ? null : HoldReason.MaxParallel });
        }
    }

    private bool End(JobState state, string conclusion)
    {
        var status = conclusion == Conclusion.Cancelled ? JobStatus.Cancelled : JobStatus.Skipped;
        _tree.Put(state with { Status = status, Conclusion = conclusion, Hold = null });
        return true;
    }

    private bool Fail(JobState state, DiagnosticBag diagnostics)
    {
        _failures[state.Path] = diagnostics.ToList();
        _tree.Put(state with { Status = JobStatus.Completed, Conclusion = Conclusion.Failure, Hold = null });
        return true;
    }
}
