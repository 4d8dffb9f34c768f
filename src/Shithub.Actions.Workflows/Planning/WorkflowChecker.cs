using Shithub.Actions.Workflows.Expressions;
using Shithub.Actions.Workflows.Scripts;

namespace Shithub.Actions.Workflows.Planning;

/// <summary>
/// Checks one workflow's jobs and steps with what is known before anything runs. Whatever exists only at run time is unknown; it counts as
/// chosen outside where it may come from something that is.
/// </summary>
internal sealed class WorkflowChecker(Workflow workflow, ExpressionEvaluator evaluator, DiagnosticBag diagnostics)
{
    private static readonly UnknownValue Later = new(Tainted: false);

    public void Check()
    {
        var environment = Environment(NewVariables(), workflow.Env, evaluator);
        foreach (var job in workflow.Jobs)
        {
            CheckJob(job, environment);
            // A spent budget fails every expression that follows: one message is enough.
            if (evaluator.Budget.IsSpent)
                return;
        }
    }

    private void CheckJob(WorkflowJob job, OrderedDictionary<string, ExpressionValue> workflowEnvironment)
    {
        var scoped = WithoutRunTime(evaluator.WithJob(job.Key), job);
        if (job.Call is null)
            Labels.Plan(job.RunsOn, scoped, diagnostics);
        var environment = Environment(workflowEnvironment, job.Env, scoped);
        var steps = NewVariables();
        var isEnvironmentTainted = environment.Values.Any(value => value.Tainted);
        foreach (var step in job.Steps)
        {
            var before = scoped.With("steps", ObjectValue.Of(steps)).With("env", Context(environment));
            var own = Environment(environment, step.Env, before);
            var tainted = CheckStep(job, step, before.With("env", Context(own))) || isEnvironmentTainted
                || own.Values.Any(value => value.Tainted);
            if (step.Id is not null)
                steps[step.Id] = Step(tainted);
        }
    }

    /// <returns>Whether what people outside choose comes into the step, so that it may come out of it.</returns>
    private bool CheckStep(WorkflowJob job, WorkflowStep step, ExpressionEvaluator scoped)
    {
        var tainted = false;
        if (step.Run is { } run)
        {
            var shell = Known(step.Shell ?? job.Defaults.Shell ?? workflow.Defaults.Shell, scoped);
            tainted |= new ScriptBinder(scoped, diagnostics).Check(run, shell);
        }

        foreach (var input in step.With)
            tainted |= Values(new EnvVariable(input.Name, input.Value), scoped).Any(value => value.Value.Tainted);
        if (step.WorkingDirectory is { } folder)
            tainted |= Evaluate(folder, scoped)?.Tainted ?? false;
        return tainted;
    }

    private static ExpressionEvaluator WithoutRunTime(ExpressionEvaluator evaluator, WorkflowJob job)
    {
        var scoped = evaluator;
        foreach (var name in new[] { "needs", "secrets", "runner", "job", "strategy" })
            scoped = scoped.With(name, Later);
        return scoped.With("matrix", Matrix(job, scoped));
    }

    /// <summary>Which combination a job gets is open; whether people outside choose its values is not.</summary>
    private static ExpressionValue Matrix(WorkflowJob job, ExpressionEvaluator evaluator)
    {
        if (job.Strategy?.Matrix is not { } matrix)
            return ExpressionValue.Null;
        try
        {
            var values = new List<ExpressionValue>();
            if (matrix.Whole is { } whole)
                values.Add(whole.Evaluate(evaluator));
            values.AddRange(matrix.Axes.Select(axis => axis.Values.Evaluate(evaluator)));
            if (matrix.Include is { } include)
                values.Add(include.Evaluate(evaluator));
            return new UnknownValue(values.Exists(value => value.Tainted));
        }
        catch (TemplateException)
        {
            // It is reported when the job's time has come: its condition may never let it.
            return Later;
        }
    }

    private static ObjectValue Step(bool tainted)
    {
        var members = NewMembers();
        members["outputs"] = new UnknownValue(tainted);
        members["outcome"] = Later;
        members["conclusion"] = Later;
        return ObjectValue.Of(members);
    }

    /// <summary>Where a whole mapping is not known yet, neither is whether a variable is there.</summary>
    private static ExpressionValue Context(OrderedDictionary<string, ExpressionValue> environment) =>
        environment.ContainsKey(WholeMapping.Under)
            ? new UnknownValue(environment.Values.Any(value => value.Tainted))
            : ObjectValue.Of(environment);

    private OrderedDictionary<string, ExpressionValue> Environment(
        OrderedDictionary<string, ExpressionValue> outside, IReadOnlyList<EnvVariable> level, ExpressionEvaluator scoped)
    {
        if (level.Count == 0)
            return outside;
        var variables = new OrderedDictionary<string, ExpressionValue>(outside);
        foreach (var variable in WholeMapping.Ordered(level, variable => variable.Name))
        {
            foreach (var (name, value) in Values(variable, scoped))
            {
                variables[name] = value;
                if (value is StringValue text && ExecutionEnvironment.DescribeProblem(name, text.Value) is { } problem)
                {
                    diagnostics.Error(
                        DiagnosticCodes.InvalidValue, variable.Value.Position, variable.Value.Path,
                        $"the environment variable '{name}' {problem}");
                }
            }
        }

        return variables;
    }

    private IEnumerable<KeyValuePair<string, ExpressionValue>> Values(EnvVariable variable, ExpressionEvaluator scoped)
    {
        try
        {
            // Of a mapping that is not known yet, no name is.
            return VariableValues.Of(variable.Name, variable.Value, scoped)
                ?? [new(variable.Name, variable.Value.Evaluate(scoped))];
        }
        catch (TemplateException exception)
        {
            exception.Report(diagnostics);
            return [];
        }
    }

    private string? Known(Template? template, ExpressionEvaluator scoped) =>
        template is null ? null : Evaluate(template, scoped) is StringValue text ? text.Value : template.Source;

    private ExpressionValue? Evaluate(Template template, ExpressionEvaluator scoped)
    {
        try
        {
            return template.EvaluateToText(scoped);
        }
        catch (TemplateException exception)
        {
            exception.Report(diagnostics);
            return null;
        }
    }

    private static OrderedDictionary<string, ExpressionValue> NewVariables() => [];

    private static OrderedDictionary<string, ExpressionValue> NewMembers() => new(StringComparer.OrdinalIgnoreCase);
}
