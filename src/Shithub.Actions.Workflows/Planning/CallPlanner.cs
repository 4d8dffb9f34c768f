using Shithub.Actions.Workflows.Expressions;

namespace Shithub.Actions.Workflows.Planning;

/// <summary>Evaluates what a job gives to the workflow that it calls.</summary>
internal sealed class CallPlanner(ExpressionEvaluator evaluator, DiagnosticBag diagnostics)
{
    public CallState Plan(string path, RunScope scope, WorkflowJob job, WorkflowCall call, WorkflowSet set, JobLeg? leg)
    {
        var source = scope.Source.Calls[call.Uses.Source];
        var inputs = Inputs(call, set.Sources[source].Workflow.On.WorkflowCall!);
        var name = JobNames.Within(scope.Call, JobNames.Of(job, leg, evaluator, diagnostics));
        return new CallState(path, source, name, ContextJson.Write(inputs), leg);
    }

    private ObjectValue Inputs(WorkflowCall call, CallTrigger trigger)
    {
        var inputs = new OrderedDictionary<string, ExpressionValue>(StringComparer.OrdinalIgnoreCase);
        foreach (var input in trigger.Inputs)
        {
            var argument = call.With.FirstOrDefault(argument => argument.Name.Equals(input.Name, StringComparison.OrdinalIgnoreCase));
            try
            {
                if (argument is not null)
                    inputs[input.Name] = Typed(input, argument.Value.Evaluate(evaluator), argument.Value);
                else if (input.Default is { } byDefault)
                    inputs[input.Name] = ToType(input.Type, byDefault.Evaluate(evaluator)) ?? Empty(input.Type);
                else
                    inputs[input.Name] = Empty(input.Type);
            }
            catch (TemplateException exception)
            {
                exception.Report(diagnostics);
            }
        }

        return ObjectValue.Of(inputs);
    }

    private ExpressionValue Typed(CallInput input, ExpressionValue value, TemplateNode argument)
    {
        if (ToType(input.Type, value) is { } typed)
            return typed;
        diagnostics.Error(
            DiagnosticCodes.InvalidValue, argument.Position, argument.Path,
            $"the input '{input.Name}' is a {input.Type.ToString().ToLowerInvariant()}, but gets {value.Kind.ToLowerInvariant()} '{Yaml.YamlReader.Show(Coercion.ToText(value))}'");
        return Empty(input.Type);
    }

    /// <summary>The value as the input's type; null where it is no such thing.</summary>
    public static ExpressionValue? ToType(DispatchInputType type, ExpressionValue value) => (type, value) switch
    {
        (_, UnknownValue) => value,
        (DispatchInputType.Boolean, BooleanValue) => value,
        (DispatchInputType.Boolean, StringValue { Value: "true" or "false" } text) => new BooleanValue(text.Value == "true", value.Tainted),
        (DispatchInputType.Boolean, NullValue) => new BooleanValue(false, value.Tainted),
        (DispatchInputType.Number, NumberValue) => value,
        (DispatchInputType.Number, StringValue or NullValue) when !double.IsNaN(Coercion.ToNumber(value)) =>
            new NumberValue(Coercion.ToNumber(value), value.Tainted),
        (DispatchInputType.Boolean or DispatchInputType.Number, _) => null,
        (_, ArrayValue or ObjectValue) => null,
        _ => new StringValue(Coercion.ToText(value), value.Tainted),
    };

    private static ExpressionValue Empty(DispatchInputType type) => type switch
    {
        DispatchInputType.Boolean => new BooleanValue(false),
        DispatchInputType.Number => new NumberValue(0),
        _ => new StringValue(""),
    };
}
