using Shithub.Actions.Workflows.Expressions;
using Shithub.Actions.Workflows.Planning;

namespace Shithub.Actions.Workflows;

/// <summary>Turns a workflow and an event into a plan: every expression evaluated, every script safe to run.</summary>
public static class WorkflowPlanner
{
    /// <summary>Plans a run. What cannot be planned is reported for all jobs together; then there is no plan.</summary>
    public static PlanResult Plan(Workflow workflow, PlanContext context)
    {
        ArgumentNullException.ThrowIfNull(workflow);
        ArgumentNullException.ThrowIfNull(context);
        var diagnostics = new DiagnosticBag(workflow.Path);
        if (CreateEvaluator(workflow, context, diagnostics) is not { } evaluator)
            return new PlanResult(null, diagnostics.ToList());

        var environment = PlannedEnvironment.Empty.With(workflow.Env, evaluator, diagnostics);
        var jobs = new List<PlannedJob>();
        foreach (var job in workflow.Jobs)
        {
            jobs.Add(new OldJobPlanner(evaluator, diagnostics).Plan(job, environment));
            // A spent budget fails every expression that follows: one message is enough.
            if (evaluator.Budget.IsSpent)
                break;
        }

        return new PlanResult(diagnostics.HasErrors ? null : new RunPlan(workflow.DisplayName, jobs), diagnostics.ToList());
    }

    private static ExpressionEvaluator? CreateEvaluator(Workflow workflow, PlanContext context, DiagnosticBag diagnostics)
    {
        try
        {
            var contexts = new Dictionary<string, ExpressionValue>
            {
                ["github"] = ContextValues.GitHub(context, workflow.DisplayName),
                ["vars"] = ContextValues.Vars(context),
                ["inputs"] = ContextValues.Inputs(context),
            };
            return new ExpressionEvaluator(contexts, new EvaluationBudget());
        }
        catch (FormatException exception)
        {
            diagnostics.Error(DiagnosticCodes.Evaluation, SourcePosition.Start, DocumentPath.Root, exception.Message);
            return null;
        }
    }
}
