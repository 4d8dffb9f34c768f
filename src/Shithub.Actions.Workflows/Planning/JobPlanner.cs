using System.Globalization;
using Shithub.Actions.Workflows.Expressions;

namespace Shithub.Actions.Workflows.Planning;

/// <summary>Makes a job ready: evaluates what the queue must know, and packs the rest for the runner.</summary>
/// <param name="evaluator">Sees the job's needs and, where it has one, its leg of the matrix.</param>
internal sealed class JobPlanner(ExpressionEvaluator evaluator, DiagnosticBag diagnostics)
{
    private readonly TemplateValues _values = new(evaluator, diagnostics);

    public ReadyJob Plan(string path, RunScope scope, WorkflowJob job, JobLeg? leg, ObjectValue needs)
    {
        var workflow = scope.Workflow;
        return new ReadyJob(
            path,
            job.Key,
            JobNames.Within(scope.Call, JobNames.Of(job, leg, evaluator, diagnostics)),
            Labels.Plan(job.RunsOn, evaluator, diagnostics),
            job.Needs,
            job.If?.Source,
            Timeout(job),
            ContinueOnError(job),
            Sources(workflow.Env.Concat(job.Env.Select(Over))),
            PermissionJson.Write(job.Permissions ?? workflow.Permissions),
            Sources(job.Outputs),
            new JobDefaults(
                (job.Defaults.Shell ?? workflow.Defaults.Shell)?.Source,
                (job.Defaults.WorkingDirectory ?? workflow.Defaults.WorkingDirectory)?.Source),
            TemplateJson.Write(job.Container),
            TemplateJson.Write(job.Services),
            job.Concurrency is null ? null : Concurrency.Plan(job.Concurrency, evaluator, diagnostics),
            EnvironmentName.Of(job.Environment, _values),
            ContextJson.Write(Contexts(scope, leg, needs)),
            [.. job.Steps.Select(Step)]);
    }

    private static ObjectValue Contexts(RunScope scope, JobLeg? leg, ObjectValue needs)
    {
        var contexts = new OrderedDictionary<string, ExpressionValue>(StringComparer.OrdinalIgnoreCase)
        {
            ["needs"] = needs,
        };
        // The inputs of the run itself are the server's to add: they are the same for all its jobs.
        if (scope.Call is { } call)
            contexts["inputs"] = ContextJson.Read(call.Inputs);
        if (leg is not null)
        {
            contexts["strategy"] = RunContexts.StrategyOf(leg);
            contexts["matrix"] = ContextJson.Read(leg.Matrix);
        }

        return ObjectValue.Of(contexts);
    }

    private ReadyStep Step(WorkflowStep step) => new(
        step.Index,
        step.Id,
        StepNames.BeforeRun(step, evaluator),
        step.If?.Source,
        step.Run?.Source,
        step.Shell?.Source,
        step.Uses,
        step.WorkingDirectory?.Source,
        Sources(step.Env),
        Sources(step.With.Select(input => new EnvVariable(input.Name, input.Value))),
        step.ContinueOnError.Value,
        step.ContinueOnError.Expression?.Source,
        step.TimeoutMinutes?.Expression?.Source ?? step.TimeoutMinutes?.Value.ToString(CultureInfo.InvariantCulture),
        step.Position.Line);

    private int Timeout(WorkflowJob job)
    {
        if (job.TimeoutMinutes.Expression is not { } template || _values.Value(template) is not { } value)
            return job.TimeoutMinutes.Value;
        var minutes = Coercion.ToNumber(value);
        if (minutes is > 0 and <= WorkflowLimits.MaxTimeoutMinutes)
            return (int)Math.Ceiling(minutes);
        Invalid(template, string.Create(
            CultureInfo.InvariantCulture, $"'timeout-minutes' must be a number from 1 to {WorkflowLimits.MaxTimeoutMinutes}"));
        return job.TimeoutMinutes.Value;
    }

    private bool ContinueOnError(WorkflowJob job)
    {
        if (job.ContinueOnError.Expression is not { } template || _values.Value(template) is not { } value)
            return job.ContinueOnError.Value;
        if (value is BooleanValue boolean)
            return boolean.Value;
        // A matrix leg that doesn't have the property: GitHub takes nothing as false.
        if (value is NullValue or StringValue { Value: "" })
            return false;
        Invalid(template, "'continue-on-error' must be true or false");
        return false;
    }

    // Where the workflow has a whole mapping too, the job's is laid over what both write out.
    private static EnvVariable Over(EnvVariable variable) =>
        WholeMapping.Is(variable.Name) ? variable with { Name = WholeMapping.Over } : variable;

    private static OrderedDictionary<string, string> Sources(IEnumerable<EnvVariable> variables)
    {
        var sources = new OrderedDictionary<string, string>();
        foreach (var variable in variables)
            sources[variable.Name] = variable.Value.Source;
        return sources;
    }

    private void Invalid(Template template, string message) =>
        diagnostics.Error(DiagnosticCodes.InvalidValue, template.Position, template.Path, message);
}
