using Shithub.Actions.Workflows.Expressions;

namespace Shithub.Actions.Workflows.Tests;

/// <summary>A workflow as its author meets it: jobs when they are ready, steps as their runner evaluates them, each on the way of the product.</summary>
internal sealed record PlannedView(string WorkflowName, IReadOnlyList<JobView> Jobs)
{
    private static readonly RunnerFacts Runner = new("r", "X64", "/tmp", "/opt", "/w", "/home", "/w/event.json", IsDebug: false);

    /// <summary>The view, or what the author is told instead.</summary>
    public static (PlannedView? View, IReadOnlyList<string> Errors) Of(Workflow workflow, PlanContext context)
    {
        var set = WorkflowSet.Of(workflow);
        var planned = RunPlanner.Plan(set, context);
        if (planned.Decision is not { } decision)
            return (null, [.. planned.Diagnostics.Select(diagnostic => diagnostic.ToString())]);
        var ready = new List<ReadyJob>();
        var failures = new List<string>();
        while (true)
        {
            ready.AddRange(decision.Ready);
            failures.AddRange(decision.Failures.Values.SelectMany(problems => problems).Select(problem => problem.ToString()));
            // What waits for a concurrency group waits here for ever.
            if (!decision.Jobs.Any(job => job.Status == JobStatus.Queued))
                break;
            var ended = decision.Jobs.Select(job => job.Conclusion is null && job.Status == JobStatus.Queued
                ? job with { Status = JobStatus.Completed, Conclusion = Conclusion.Success }
                : job).ToList();
            decision = RunMachine.Advance(new RunSituation(set, context, ended, decision.Calls));
        }

        var jobs = new List<JobView>();
        foreach (var job in ready.OrderBy(job => workflow.Jobs.ToList().FindIndex(other => other.Key == job.Key)))
        {
            var (view, problem) = Execute(workflow, job, context);
            if (problem is null)
                jobs.Add(view!);
            else
                failures.Add(problem);
        }

        return failures.Count == 0 ? (new PlannedView(workflow.DisplayName, jobs), []) : (null, failures);
    }

    private static (JobView? View, string? Problem) Execute(Workflow workflow, ReadyJob job, PlanContext context)
    {
        var contexts = new OrderedDictionary<string, ExpressionValue>(StringComparer.OrdinalIgnoreCase)
        {
            ["github"] = Planning.ContextValues.GitHub(context, workflow.DisplayName),
            ["vars"] = Planning.ContextValues.Vars(context),
            ["inputs"] = Planning.ContextValues.Inputs(context),
        };
        foreach (var (name, value) in ((ObjectValue)ContextJson.Read(job.Contexts)).Members)
            contexts[name] = value;
        if (contexts["github"] is ObjectValue github && !github.Members.ContainsKey("job"))
            contexts["github"] = ObjectValue.Of(new OrderedDictionary<string, ExpressionValue>(github.Members, StringComparer.OrdinalIgnoreCase) { ["job"] = new StringValue(job.Key) });
        var execution = new JobExecution(
            new JobText(job.Key, workflow.Path, job.Env, job.Outputs, job.Defaults.Shell, job.Defaults.WorkingDirectory, [.. job.Steps.Select(Text)]),
            ObjectValue.Of(contexts), new Dictionary<string, string>(), Runner, _ => "");
        if (execution.Begin() is { } problem)
            return (null, problem);
        var steps = new List<StepView>();
        foreach (var step in job.Steps)
        {
            var decision = execution.Steps.Begin(step.Index, new Dictionary<string, string>());
            if (decision.Problem is { } refusal)
                return (null, refusal);
            if (decision.Step is not { } prepared)
                continue;
            var own = prepared.Environment.Where(variable => step.Env.ContainsKey(variable.Key) || variable.Key.StartsWith("SHITHUB_EXPR_", StringComparison.Ordinal));
            var env = new OrderedDictionary<string, string>();
            foreach (var name in step.Env.Keys.Concat(own.Select(variable => variable.Key).Order(StringComparer.Ordinal)).Distinct())
                env[name] = prepared.Environment[name];
            steps.Add(new StepView(prepared.Index, prepared.Name, prepared.Script, prepared.Shell, prepared.Uses, prepared.WorkingDirectory, env, prepared.Environment));
            execution.Steps.End(prepared, StepResult.Of(StepOutcome.Success));
        }

        return (new JobView(job.Key, job.Name, job.RunsOn, job.Needs, job.TimeoutMinutes, steps), null);
    }

    private static StepText Text(ReadyStep step) => new(
        step.Id, step.Name, step.If, step.Run, step.Shell, step.Uses, step.WorkingDirectory, step.Env, step.With,
        step.ContinueOnErrorIf ?? (step.ContinueOnError ? "true" : "false"), step.TimeoutMinutes, step.Line);
}

internal sealed record JobView(
    string Key, string Name, IReadOnlyList<string> RunsOn, IReadOnlyList<string> Needs, int TimeoutMinutes, IReadOnlyList<StepView> Steps);

/// <param name="Env">The step's own variables and those that its script was bound to.</param>
/// <param name="All">Everything the step sees.</param>
internal sealed record StepView(
    int Index, string Name, string? Run, string? Shell, string? Uses, string? WorkingDirectory, IReadOnlyDictionary<string, string> Env,
    IReadOnlyDictionary<string, string> All);
