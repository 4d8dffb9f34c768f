using System.Text;
using Shithub.Actions.Workflows.Expressions;

namespace Shithub.Actions.Workflows.Planning;

/// <summary>Environment variables of a level and those outside it, with their taint.</summary>
internal sealed class PlannedEnvironment
{
    private PlannedEnvironment(OrderedDictionary<string, StringValue> variables) => Variables = variables;

    public static PlannedEnvironment Empty { get; } = new([]);

    public OrderedDictionary<string, StringValue> Variables { get; }

    public IReadOnlyDictionary<string, string> ToDictionary()
    {
        var result = new OrderedDictionary<string, string>();
        foreach (var (name, value) in Variables)
            result[name] = value.Value;
        return result;
    }

    /// <summary>This environment with another level laid over it. Expressions of that level see the levels outside it.</summary>
    public PlannedEnvironment With(IReadOnlyList<EnvVariable> level, ExpressionEvaluator evaluator, DiagnosticBag diagnostics)
    {
        if (level.Count == 0)
            return this;
        var variables = new OrderedDictionary<string, StringValue>(Variables);
        foreach (var variable in level)
        {
            try
            {
                var value = variable.Value.EvaluateText(evaluator);
                variables[variable.Name] = value;
                if (DescribeProblem(variable.Name, value.Value) is { } problem)
                    diagnostics.Error(
                        DiagnosticCodes.InvalidValue, variable.Value.Position, variable.Value.Path,
                        $"the environment variable '{variable.Name}' {problem}");
            }
            catch (TemplateException exception)
            {
                exception.Report(diagnostics);
            }
        }

        return new PlannedEnvironment(variables);
    }

    /// <summary>Why Linux would not take the variable, as the end of a sentence; null if it would.</summary>
    public static string? DescribeProblem(string name, string value)
    {
        if (value.Contains('\0'))
            return "would have a NUL character, which no environment can hold";
        var size = (long)Encoding.UTF8.GetByteCount(name) + 1 + Encoding.UTF8.GetByteCount(value);
        return size > WorkflowLimits.MaxEnvironmentBytes
            ? $"would have {size} bytes; Linux takes {WorkflowLimits.MaxEnvironmentBytes}"
            : null;
    }
}
