using System.Text;
using Shithub.Actions.Workflows.Expressions;

namespace Shithub.Actions.Workflows;

/// <summary>The variables that the context <c>env</c> shows at some moment. Nobody changes one once it is made.</summary>
internal sealed class ExecutionEnvironment
{
    private readonly OrderedDictionary<string, StringValue> _variables;

    private ExecutionEnvironment(OrderedDictionary<string, StringValue> variables) => _variables = variables;

    public static ExecutionEnvironment Empty { get; } = new([]);

    public IReadOnlyDictionary<string, StringValue> Variables => _variables;

    public bool IsTainted => _variables.Values.Any(value => value.Tainted);

    /// <summary>This environment with another laid over it.</summary>
    public ExecutionEnvironment With(IEnumerable<KeyValuePair<string, StringValue>> over)
    {
        var variables = new OrderedDictionary<string, StringValue>(_variables);
        foreach (var (name, value) in over)
            variables[name] = value;
        return new ExecutionEnvironment(variables);
    }

    /// <summary>Case counts in it, as in Linux's environment.</summary>
    public ObjectValue ToContext()
    {
        var members = new OrderedDictionary<string, ExpressionValue>();
        foreach (var (name, value) in _variables)
            members[name] = value;
        return ObjectValue.Of(members);
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
