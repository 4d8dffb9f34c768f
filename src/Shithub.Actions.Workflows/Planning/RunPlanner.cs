using Shithub.Actions.Workflows.Expressions;
using Shithub.Actions.Workflows.Planning;

namespace Shithub.Actions.Workflows;

/// <summary>How a run begins.</summary>
/// <param name="Diagnostics">Errors: then there is no run. Else warnings.</param>
/// <param name="Title">What <c>run-name</c> gives; null: the event names the run.</param>
/// <param name="Concurrency">The group of the run as a whole.</param>
/// <param name="Decision">Null where there are errors.</param>
public sealed record RunPlanResult(
    IReadOnlyList<Diagnostic> Diagnostics, string? Title, ReadyConcurrency? Concurrency, RunDecision? Decision);

/// <summary>Begins runs: checks everything that can be checked before the first job is queued, and decides what can start.</summary>
public static class RunPlanner
{
    /// <param name="held">Nothing of it may start yet, whatever it says itself.</param>
    public static RunPlanResult Plan(WorkflowSet set, PlanContext context, bool held = false)
    {
        ArgumentNullException.ThrowIfNull(set);
        ArgumentNullException.ThrowIfNull(context);
        try
        {
            return Begin(set, context, held);
        }
        catch (FormatException exception)
        {
            // An event that nobody can read, because it is nested too deep, makes no run.
            var diagnostics = new DiagnosticBag(set.RootSource.Workflow.Path);
            diagnostics.Error(DiagnosticCodes.Evaluation, SourcePosition.Start, DocumentPath.Root, exception.Message);
            return new RunPlanResult(diagnostics.ToList(), null, null, null);
        }
    }

    private static RunPlanResult Begin(WorkflowSet set, PlanContext context, bool held)
    {
        var problems = new WorkflowSetChecker(set, context).Check();
        if (problems.Any(problem => problem.Severity == DiagnosticSeverity.Error))
            return new RunPlanResult(problems, null, null, null);

        var root = set.RootSource.Workflow;
        var diagnostics = new DiagnosticBag(root.Path);
        var evaluator = new ExpressionEvaluator(
            new Dictionary<string, ExpressionValue>
            {
                ["github"] = ContextValues.GitHub(context, root.DisplayName),
                ["vars"] = ContextValues.Vars(context),
                ["inputs"] = ContextValues.Inputs(context),
            },
            new EvaluationBudget());
        var title = DisplayNames.OneLine(new TemplateValues(evaluator, diagnostics).Text(root.RunName));
        var concurrency = root.Concurrency is null ? null : Concurrency.Plan(root.Concurrency, evaluator, diagnostics);
        if (diagnostics.HasErrors)
            return new RunPlanResult([.. problems, .. diagnostics.ToList()], null, null, null);
        var decision = RunMachine.Advance(new RunSituation(set, context, RunMachine.Begin(set), [], Held: held || concurrency is not null));
        return new RunPlanResult(problems, string.IsNullOrEmpty(title) ? null : title, concurrency, decision);
    }
}
