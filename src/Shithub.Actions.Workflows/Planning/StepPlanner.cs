using System.Globalization;
using Shithub.Actions.Workflows.Expressions;
using Shithub.Actions.Workflows.Scripts;

namespace Shithub.Actions.Workflows.Planning;

/// <summary>Plans one step.</summary>
internal sealed class StepPlanner(ExpressionEvaluator evaluator, DiagnosticBag diagnostics)
{
    public PlannedStep Plan(WorkflowStep step, PlannedEnvironment jobEnvironment)
    {
        var outside = evaluator.With("env", ContextValues.Env(jobEnvironment.Variables));
        var all = jobEnvironment.With(step.Env, outside, diagnostics);
        var scoped = evaluator.With("env", ContextValues.Env(all.Variables));
        var values = new TemplateValues(scoped, diagnostics);

        var env = new OrderedDictionary<string, string>();
        foreach (var variable in step.Env)
        {
            if (all.Variables.TryGetValue(variable.Name, out var value))
                env[variable.Name] = value.Value;
        }

        var script = step.Run is null ? null : new ScriptBinder(scoped, diagnostics).Bind(step.Run, step.Shell?.Source, all.Variables.Keys);
        if (script is not null)
        {
            foreach (var (name, value) in script.Bound)
                env[name] = value;
        }

        return new PlannedStep(
            step.Index, step.Id, PlanName(step, values), If: null, script?.Text, step.Shell?.Source, step.Uses,
            PlanInputs(step, values), values.Text(step.WorkingDirectory), env, PlanContinueOnError(step, values));
    }

    // GitHub's default names show the values, not the expressions. They are shown, never run.
    private static string PlanName(WorkflowStep step, TemplateValues values)
    {
        var name = DisplayNames.OneLine(values.Text(step.Name));
        return !string.IsNullOrEmpty(name) ? name : DisplayNames.OneLine("Run " + (step.Uses ?? values.Text(step.Run)?.TrimStart()))!;
    }

    private OrderedDictionary<string, string> PlanInputs(WorkflowStep step, TemplateValues values)
    {
        var inputs = new OrderedDictionary<string, string>();
        foreach (var input in step.With)
        {
            if (values.Text(input.Value) is not { } value)
                continue;
            inputs[input.Name] = value;
            if (value.Length > 0 && DescribeProblem(input.Name, value) is { } problem)
                diagnostics.Error(
                    DiagnosticCodes.InvalidValue, input.Value.Position, input.Value.Path, $"the input '{input.Name}' {problem}");
        }

        return inputs;
    }

    private static string? DescribeProblem(string input, string value) => input switch
    {
        _ when value.Any(char.IsControl) => "has a control character",
        "fetch-depth" when !int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out _) =>
            "must be a whole number; 0 fetches all history",
        "path" when value.StartsWith('/') || value.Split('/').Contains("..") => "must be a path inside the workspace",
        "ref" when value.StartsWith('-') => "cannot start with '-'",
        _ => null,
    };

    private bool PlanContinueOnError(WorkflowStep step, TemplateValues values)
    {
        if (step.ContinueOnError.Expression is not { } template)
            return step.ContinueOnError.Value;
        if (values.Value(template) is BooleanValue boolean)
            return boolean.Value;
        diagnostics.Error(
            DiagnosticCodes.InvalidValue, template.Position, template.Path, "'continue-on-error' must be true or false");
        return false;
    }
}
