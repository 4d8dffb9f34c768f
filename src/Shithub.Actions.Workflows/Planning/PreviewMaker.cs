using Shithub.Actions.Workflows.Expressions;

namespace Shithub.Actions.Workflows.Planning;

/// <summary>Makes a <see cref="PlanPreview"/>: walks the files as a run would, with what is not known yet as unknown values.</summary>
internal sealed class PreviewMaker(WorkflowSet set, PlanContext context)
{
    private static readonly UnknownValue Later = new(Tainted: false);

    private readonly ObjectValue _github = ContextValues.GitHub(context, set.RootSource.Workflow.DisplayName);
    private readonly ObjectValue _vars = ContextValues.Vars(context);
    private readonly EvaluationBudget _budget = new();
    private readonly DiagnosticBag _diagnostics = new(set.RootSource.Workflow.Path);
    private readonly List<JobPreview> _jobs = [];

    private sealed record Place(string Prefix, string NamePrefix, WorkflowSource Source, ObjectValue Inputs, PreviewStatus Status)
    {
        public Dictionary<string, PreviewStatus> Decided { get; } = new(StringComparer.OrdinalIgnoreCase);
    }

    public PlanPreview Make()
    {
        var root = set.RootSource;
        var problems = new WorkflowSetChecker(set, context).Check();
        var evaluator = Evaluator(ContextValues.Inputs(context));
        var values = new TemplateValues(evaluator, _diagnostics);
        var title = DisplayNames.OneLine(values.Text(root.Workflow.RunName));
        var group = root.Workflow.Concurrency is { } concurrency ? Concurrency.Plan(concurrency, evaluator, _diagnostics)?.Group : null;
        Walk(new Place("", "", root, ContextValues.Inputs(context), PreviewStatus.Run));
        return new PlanPreview(
            root.Workflow.DisplayName, string.IsNullOrEmpty(title) ? null : title, group, [.. problems, .. _diagnostics.ToList()], _jobs);
    }

    private ExpressionEvaluator Evaluator(ObjectValue inputs) => new(
        new Dictionary<string, ExpressionValue> { ["github"] = _github, ["vars"] = _vars, ["inputs"] = inputs }, _budget,
        new StatusCheck(Success: true, Failure: false, Cancelled: false));

    private void Walk(Place place)
    {
        foreach (var job in place.Source.Workflow.Jobs)
        {
            if (_jobs.Count > WorkflowLimits.MaxJobs)
                return;
            Preview(place, job);
        }
    }

    private void Preview(Place place, WorkflowJob job)
    {
        var needs = job.Needs.Select(need => (Key: need, Status: StatusOf(place, need))).ToList();
        var status = new StatusCheck(needs.All(need => need.Status != PreviewStatus.Skip), Failure: false, Cancelled: false);
        var isOpen = needs.Any(need => need.Status == PreviewStatus.Open);
        var evaluator = Evaluator(place.Inputs).WithJob(job.Key).With("needs", NeedsOf(place, job)).With(isOpen ? null : status);
        var (decision, reasons) = Decide(job.If, evaluator);
        reasons = [.. needs.Where(need => need.Status == PreviewStatus.Skip).Select(need => $"{need.Key} would be skipped"), .. reasons];
        if (decision == PreviewStatus.Run && place.Status == PreviewStatus.Open)
            decision = PreviewStatus.Open;
        place.Decided[job.Key] = decision;

        var path = place.Prefix + job.Key;
        if (decision == PreviewStatus.Skip)
        {
            Add(place, job, path, Name(place, job, null, evaluator), decision, reasons, evaluator, null, false);
            return;
        }

        var (legs, isMatrixOpen) = LegsOf(job, evaluator);
        foreach (var leg in legs)
        {
            var legPath = leg is null ? path : JobPath.Leg(path, leg.Index);
            var scoped = leg is not null ? RunContexts.ForLeg(evaluator, leg)
                : evaluator.With("matrix", isMatrixOpen ? Later : ExpressionValue.Null).With("strategy", Later);
            var name = Name(place, job, leg, scoped);
            Add(place, job, legPath, name, decision, reasons, scoped, leg, isMatrixOpen);
            if (job.Call is { } call && place.Source.Calls.TryGetValue(call.Uses.Source, out var id))
                Walk(new Place(JobPath.Inside(legPath), name + " / ", set.Sources[id], InputsOf(call, set.Sources[id], scoped), decision));
        }
    }

    // A need that stands later in the file has not been looked at: it is, with what it needs itself, before its own turn comes.
    private PreviewStatus StatusOf(Place place, string key)
    {
        if (place.Decided.TryGetValue(key, out var known))
            return known;
        if (place.Source.Workflow.Jobs.FirstOrDefault(job => job.Key.Equals(key, StringComparison.OrdinalIgnoreCase)) is not { } job)
            return PreviewStatus.Skip;
        var needs = job.Needs.Select(need => StatusOf(place, need)).ToList();
        var status = new StatusCheck(!needs.Contains(PreviewStatus.Skip), Failure: false, Cancelled: false);
        var evaluator = Evaluator(place.Inputs).WithJob(job.Key).With("needs", NeedsOf(place, job))
            .With(needs.Contains(PreviewStatus.Open) ? null : status);
        return place.Decided[key] = Decide(job.If, evaluator).Status;
    }

    private ObjectValue NeedsOf(Place place, WorkflowJob job)
    {
        var needs = NewMembers();
        foreach (var need in job.Needs)
        {
            var members = NewMembers();
            members["result"] = StatusOf(place, need) switch
            {
                PreviewStatus.Run => new StringValue(Conclusion.Success),
                PreviewStatus.Skip => new StringValue(Conclusion.Skipped),
                _ => Later,
            };
            members["outputs"] = StatusOf(place, need) == PreviewStatus.Skip ? ObjectValue.Of(NewMembers()) : Later;
            needs[need] = ObjectValue.Of(members);
        }

        return ObjectValue.Of(needs);
    }

    private (PreviewStatus Status, IReadOnlyList<string> Reasons) Decide(Condition? condition, ExpressionEvaluator evaluator)
    {
        condition ??= Condition.Default;
        try
        {
            var status = condition.Evaluate(evaluator) switch
            {
                true => PreviewStatus.Run,
                false => PreviewStatus.Skip,
                null => PreviewStatus.Open,
            };
            return (status, [.. condition.Explain(evaluator).Select(part => part.ToString())]);
        }
        catch (TemplateException exception)
        {
            exception.Report(_diagnostics);
            return (PreviewStatus.Open, [exception.Message]);
        }
    }

    private (IReadOnlyList<JobLeg?> Legs, bool IsOpen) LegsOf(WorkflowJob job, ExpressionEvaluator evaluator)
    {
        if (job.Strategy?.Matrix is not { } matrix)
            return ([null], false);
        try
        {
            if (LegPlanner.LeavesMatrixOut(job.Strategy, evaluator))
                return ([null], false);
            if (MatrixExpansion.Expand(matrix, evaluator) is not { } combinations || combinations.Any(combination => combination.HasUnknown))
                return ([null], true);
            return ([.. combinations.Select((combination, index) => new JobLeg(
                index, combinations.Count, ContextJson.Write(combination), job.Strategy.FailFast.Value, job.Strategy.MaxParallel.Value))], false);
        }
        catch (MatrixException exception)
        {
            _diagnostics.Error(DiagnosticCodes.Matrix, matrix.Position, DocumentPath.Root, exception.Message);
        }
        catch (TemplateException exception)
        {
            exception.Report(_diagnostics);
        }

        return ([null], true);
    }

    private void Add(
        Place place, WorkflowJob job, string path, string name, PreviewStatus status, IReadOnlyList<string> reasons,
        ExpressionEvaluator evaluator, JobLeg? leg, bool isMatrixOpen)
    {
        var templates = ContextNames.TemplatesOf(place.Source.Workflow, job).ToList();
        _jobs.Add(new JobPreview(
            path,
            name,
            job.Needs,
            status,
            job.If?.Source,
            reasons,
            job.Call is null && status != PreviewStatus.Skip ? Labels.Plan(job.RunsOn, evaluator, _diagnostics) : [],
            leg?.Matrix,
            isMatrixOpen,
            job.Call?.Uses.Source,
            Text(job.Environment?.Name, evaluator, "name"),
            Text(job.Concurrency?.Group, evaluator, "group"),
            job.Call is null && job.TimeoutMinutes.Expression is null ? job.TimeoutMinutes.Value : null,
            ContextNames.Of("secrets", templates),
            ContextNames.Of("vars", templates),
            status == PreviewStatus.Skip ? [] : Steps(job, evaluator)));
    }

    private List<StepPreview> Steps(WorkflowJob job, ExpressionEvaluator evaluator)
    {
        var scoped = evaluator.With(new StatusCheck(Success: true, Failure: false, Cancelled: false));
        foreach (var name in new[] { "steps", "env", "job", "runner", "secrets" })
            scoped = scoped.With(name, Later);
        return [.. job.Steps.Select(step =>
        {
            var (status, reasons) = Decide(step.If, scoped);
            return new StepPreview(StepNames.BeforeRun(step, scoped), step.Id, step.Uses, status, step.If?.Source, reasons);
        })];
    }

    private static string Name(Place place, WorkflowJob job, JobLeg? leg, ExpressionEvaluator evaluator) =>
        DisplayNames.OneLine(place.NamePrefix + JobNames.BeforeRun(job, leg, evaluator))!;

    private static ObjectValue InputsOf(WorkflowCall call, WorkflowSource called, ExpressionEvaluator evaluator)
    {
        var inputs = NewMembers();
        foreach (var input in called.Workflow.On.WorkflowCall!.Inputs)
        {
            var argument = call.With.FirstOrDefault(argument => argument.Name.Equals(input.Name, StringComparison.OrdinalIgnoreCase));
            try
            {
                var value = argument?.Value.Evaluate(evaluator) ?? input.Default?.Evaluate(evaluator) ?? ExpressionValue.Null;
                inputs[input.Name] = CallPlanner.ToType(input.Type, value) ?? Later;
            }
            catch (TemplateException)
            {
                inputs[input.Name] = Later;
            }
        }

        return ObjectValue.Of(inputs);
    }

    /// <summary>A text as far as it is known; as written where it is not.</summary>
    /// <param name="member">What counts where the expression gives the whole mapping.</param>
    private static string? Text(Template? template, ExpressionEvaluator evaluator, string member)
    {
        if (template is null)
            return null;
        try
        {
            if (template.Evaluate(evaluator) is ObjectValue { Members: var parts })
                return parts.GetValueOrDefault(member) is { IsPrimitive: true } value ? DisplayNames.OneLine(Coercion.ToText(value)) : null;
        }
        catch (TemplateException)
        {
            // It is shown as it is written.
        }

        return DisplayNames.OneLine(StepNames.Known(template, evaluator));
    }

    private static OrderedDictionary<string, ExpressionValue> NewMembers() => new(StringComparer.OrdinalIgnoreCase);
}
