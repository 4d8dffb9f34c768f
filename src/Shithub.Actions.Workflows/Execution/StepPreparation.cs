using System.Globalization;
using Shithub.Actions.Workflows.Expressions;
using Shithub.Actions.Workflows.Planning;
using Shithub.Actions.Workflows.Scripts;

namespace Shithub.Actions.Workflows;

/// <summary>Evaluates a step that runs.</summary>
/// <param name="github">The context as this step sees it.</param>
/// <param name="evaluator">With all contexts, the step's own <c>env</c> included.</param>
/// <param name="variables">Of that <c>env</c>.</param>
internal sealed class StepPreparation(
    StepTemplates step, ObjectValue github, ExpressionEvaluator evaluator, ExecutionEnvironment variables, JobExecution job,
    ActionFrame? action)
{
    /// <exception cref="TemplateException">Something of it can't be had.</exception>
    public PreparedStep Prepare()
    {
        var shell = Shell();
        var script = step.Run is null ? null : Script(step.Run, shell);
        var inputs = new OrderedDictionary<string, StringValue>();
        foreach (var (name, value) in WholeMapping.Ordered(step.With, input => input.Name)
            .SelectMany(input => VariableValues.Known(input.Name, input.Value, evaluator)))
        {
            inputs[name.ToLowerInvariant()] = value;
        }

        var ownVariables = action is null ? variables : ExecutionEnvironment.Empty.With(action.InputVariables()).With(variables.Variables);
        return new PreparedStep(
            step.Index,
            step.Id,
            Name(script),
            script?.Text,
            shell,
            step.Uses,
            inputs.ToDictionary(input => input.Key, input => input.Value.Value),
            step.WorkingDirectory?.EvaluateText(evaluator).Value,
            Environment(ownVariables, script),
            job.SearchPath,
            Timeout(),
            ownVariables.IsTainted || inputs.Values.Any(value => value.Tainted)
                || script is not null && (script.Bound.Count > 0 || StepTaint.IsInScript(script.Text)))
        {
            Background = new StepBackground(step, evaluator, variables, inputs),
        };
    }

    private string? Shell()
    {
        if (step.Shell?.EvaluateText(evaluator) is not { } shell)
            return null;
        if (shell.Tainted)
        {
            throw new TemplateException(
                DiagnosticCodes.UnsafeScript, "people outside choose this value, and here it would be run", step.Shell, 0, "name the shell outright");
        }

        return shell.Value.Trim() is { Length: > 0 } name ? name : null;
    }

    private BoundScript Script(Template run, string? shell)
    {
        if (!ShellFamily.TryGet(shell, out var family))
            return new BoundScript(Plain(run, shell!), new Dictionary<string, string>());
        var diagnostics = new DiagnosticBag("");
        if (new ScriptBinder(evaluator, diagnostics).BindOrThrow(run, family, [.. variables.Variables.Keys]) is { } bound)
            return bound;
        var error = diagnostics.ToList().First(diagnostic => diagnostic.Severity == DiagnosticSeverity.Error);
        throw new TemplateException(error.Code, error.Message, run, 0, error.Suggestion);
    }

    /// <summary>In another language than sh's there is no form that is safe wherever it stands.</summary>
    private string Plain(Template run, string shell)
    {
        foreach (var part in run.Parts)
        {
            if (part.Expression is null || !run.EvaluateKnown(part, evaluator).Tainted)
                continue;
            var expression = Yaml.YamlReader.Show(part.Text.Trim());
            throw new TemplateException(
                DiagnosticCodes.UnsafeScript,
                $"people outside choose the value of '{expression}', and here it would become part of a script for '{shell}'", run, part.Offset,
                $"bind it under 'env:' (VALUE: ${{{{ {expression} }}}}) and read the variable in the script");
        }

        return run.EvaluateText(evaluator).Value;
    }

    private string Name(BoundScript? script)
    {
        string? name;
        try
        {
            name = step.Name?.EvaluateText(evaluator).Value;
        }
        catch (TemplateException)
        {
            // A name is no reason to fail.
            name = step.Name!.Source;
        }

        name = DisplayNames.OneLine(name);
        return !string.IsNullOrEmpty(name) ? name : DisplayNames.OneLine($"Run {step.Uses ?? script?.Text.TrimStart()}")!;
    }

    private Dictionary<string, string> Environment(ExecutionEnvironment own, BoundScript? script)
    {
        var all = new Dictionary<string, string>();
        Lay(DefaultVariables.Weak(job.Runner));
        Lay(own.Variables.Select(variable => new KeyValuePair<string, string>(variable.Key, variable.Value.Value)));
        Lay(DefaultVariables.Strong(github, job.Runner));
        if (script is not null)
            Lay(script.Bound);
        return all;

        void Lay(IEnumerable<KeyValuePair<string, string>> over)
        {
            foreach (var (name, value) in over)
                all[name] = value;
        }
    }

    private int? Timeout()
    {
        if (step.TimeoutMinutes is not { } template)
            return null;
        var minutes = Coercion.ToNumber(template.Evaluate(evaluator));
        if (minutes is >= 1 and <= WorkflowLimits.MaxTimeoutMinutes && minutes == Math.Floor(minutes))
            return (int)minutes;
        throw new TemplateException(
            DiagnosticCodes.InvalidValue,
            string.Create(CultureInfo.InvariantCulture, $"'timeout-minutes' must be a whole number from 1 to {WorkflowLimits.MaxTimeoutMinutes}"),
            template, 0);
    }
}
