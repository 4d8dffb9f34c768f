using System.Globalization;
using Shithub.Actions.Workflows.Expressions;
using Shithub.Actions.Workflows.Syntax;

namespace Shithub.Actions.Workflows;

/// <summary>A step with its expressions parsed.</summary>
/// <param name="Action">What <paramref name="Uses"/> points to where it is neither built in nor nonsense.</param>
/// <param name="Problem">The first expression that can't be parsed, told when the step begins; null: all can.</param>
internal sealed record StepTemplates(
    int Index,
    string? Id,
    Condition If,
    Template? Name,
    Template? Run,
    Template? Shell,
    string? Uses,
    WorkflowReference? Action,
    Template? WorkingDirectory,
    IReadOnlyList<EnvVariable> Env,
    IReadOnlyList<ActionInput> With,
    Template ContinueOnError,
    Template? TimeoutMinutes,
    string? Problem)
{
    public static StepTemplates Parse(StepText step, int index, JobText job)
    {
        var diagnostics = new DiagnosticBag(job.File);
        var place = string.Create(CultureInfo.InvariantCulture, $"jobs.{job.Key}.steps[{index}]");
        var position = new SourcePosition(Math.Max(step.Line, 1), 1);
        return new StepTemplates(
            index,
            step.Id,
            step.If is null ? Condition.Default : Condition.FromText(step.If, $"{place}.if", position, ExpressionScope.StepIf, diagnostics),
            // What a name can't say it says as it is written.
            Template.FromText(step.Name, $"{place}.name", position, ExpressionScope.StepName, new DiagnosticBag(job.File)),
            Text(step.Run, "run", ExpressionScope.StepRun),
            Text(step.Shell, "shell", ExpressionScope.StepRun)
                ?? Parse(job.DefaultShell, $"jobs.{job.Key}.defaults.run.shell", ExpressionScope.JobDefaultsRun),
            step.Uses,
            step.Uses is null || BuiltInActions.Find(step.Uses) is not null ? null : References.Parse(step.Uses).Reference,
            Text(step.WorkingDirectory, "working-directory", ExpressionScope.StepWorkingDirectory)
                ?? Parse(job.DefaultWorkingDirectory, $"jobs.{job.Key}.defaults.run.working-directory", ExpressionScope.JobDefaultsRun),
            [.. step.Env.Select(variable => new EnvVariable(variable.Key, Text(variable.Value, $"env.{variable.Key}", ExpressionScope.StepEnv)!))],
            [.. step.With.Select(input => new ActionInput(
                input.Key.ToLowerInvariant(), Text(input.Value, $"with.{input.Key}", ExpressionScope.StepWith)!))],
            Text(step.ContinueOnError, "continue-on-error", ExpressionScope.StepContinueOnError)!,
            Text(step.TimeoutMinutes, "timeout-minutes", ExpressionScope.StepTimeout),
            ExecutionProblem.First(diagnostics));

        Template? Text(string? text, string key, ExpressionScope scope) => Parse(text, $"{place}.{key}", scope);

        Template? Parse(string? text, string path, ExpressionScope scope) =>
            text is null ? null : Template.FromText(text, path, position, scope, diagnostics);
    }

    /// <summary>A step of an action, whose file has no errors.</summary>
    public static StepTemplates Of(WorkflowStep step, int index) => new(
        index,
        step.Id,
        step.If ?? Condition.Default,
        step.Name,
        step.Run,
        step.Shell,
        step.Uses,
        step.Action,
        step.WorkingDirectory,
        step.Env,
        step.With,
        step.ContinueOnError.Expression ?? Literal(step.ContinueOnError.Value ? "true" : "false", step),
        step.TimeoutMinutes is not { } minutes ? null
            : minutes.Expression ?? Literal(minutes.Value.ToString(CultureInfo.InvariantCulture), step),
        null);

    private static Template Literal(string text, WorkflowStep step) =>
        Template.FromText(text, "", step.Position, ExpressionScope.CompositeStep, new DiagnosticBag(""));
}
