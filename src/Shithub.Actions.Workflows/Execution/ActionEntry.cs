using Shithub.Actions.Workflows.Expressions;

namespace Shithub.Actions.Workflows;

// How the steps of a composite action are entered from the step that uses it, and left again.
public sealed partial class StepSequence
{
    /// <summary>The steps of a composite action that <paramref name="step"/>, which has begun, uses.</summary>
    /// <param name="remarks">Gets what the author should know; whole sentences.</param>
    /// <exception cref="TemplateException">The default of an input can't be evaluated.</exception>
    public StepSequence EnterAction(PreparedStep step, CompositeAction action, ActionPlace place, ICollection<string> remarks)
    {
        ArgumentNullException.ThrowIfNull(step);
        ArgumentNullException.ThrowIfNull(action);
        ArgumentNullException.ThrowIfNull(remarks);
        var inputs = JobExecution.NewMembers();
        foreach (var input in action.Inputs)
        {
            inputs[input.Name] = step.Background.Inputs.GetValueOrDefault(input.Name)
                ?? input.Default?.EvaluateText(step.Background.Evaluator)
                ?? new StringValue("");
            if (input.Required && input.Default is null && !step.With.ContainsKey(input.Name))
                remarks.Add($"{step.Uses} wants the input '{input.Name}', which is not given.");
        }

        foreach (var name in step.With.Keys.Where(name => !inputs.ContainsKey(name)))
            remarks.Add($"{step.Uses} has no input '{name}'.");
        var templates = action.Steps.Select((inner, index) => StepTemplates.Of(inner, index)).ToList();
        return new StepSequence(_job, templates, new ActionFrame(this, step, action, place, ObjectValue.Of(inputs), _job.Version));
    }

    /// <summary>What the step that uses the action gets, after the action's last step.</summary>
    /// <param name="remarks">Gets what the author should know; whole sentences.</param>
    public StepResult LeaveAction(ICollection<string> remarks)
    {
        ArgumentNullException.ThrowIfNull(remarks);
        if (_action is null)
            throw new InvalidOperationException("These are the job's own steps.");
        var evaluator = OutputEvaluator();
        var outputs = new List<StepOutput>();
        foreach (var output in _action.Action.Outputs)
        {
            try
            {
                var value = output.Value.EvaluateText(evaluator);
                outputs.Add(new StepOutput(output.Name, value.Value, value.Tainted));
            }
            catch (TemplateException exception)
            {
                remarks.Add($"The output '{output.Name}' is left out: {ExecutionProblem.Of(exception)}.");
            }
        }

        return StepResult.Of(NameOfStatus()) with { Outputs = outputs };
    }
}
