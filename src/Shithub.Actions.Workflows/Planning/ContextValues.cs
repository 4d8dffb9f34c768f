using System.Text.Json.Nodes;
using Shithub.Actions.Workflows.Expressions;

namespace Shithub.Actions.Workflows.Planning;

/// <summary>Turns what the server knows into contexts, and marks what people outside have chosen.</summary>
internal static class ContextValues
{
    /// <exception cref="FormatException">A value is nested too deep, or is no Unicode text.</exception>
    public static ObjectValue GitHub(PlanContext context, string workflowName)
    {
        var members = NewMembers();
        foreach (var (name, node) in context.GitHub)
            members[name] = ToValue(node, ContextTaint.IsTainted(name));
        members.TryAdd("workflow", new StringValue(workflowName));
        return ObjectValue.Of(members);
    }

    public static ObjectValue Vars(PlanContext context)
    {
        var members = NewMembers();
        foreach (var (name, value) in context.Vars)
            members[name] = new StringValue(value);
        return ObjectValue.Of(members);
    }

    /// <exception cref="FormatException">A value is nested too deep, or is no Unicode text.</exception>
    public static ObjectValue Inputs(PlanContext context)
    {
        var members = NewMembers();
        foreach (var (name, node) in context.Inputs)
            members[name] = ToValue(node, tainted: true);
        return ObjectValue.Of(members);
    }

    private static OrderedDictionary<string, ExpressionValue> NewMembers() => new(StringComparer.OrdinalIgnoreCase);

    private static ExpressionValue ToValue(JsonNode? node, bool tainted) => ContextJson.Read(node, tainted ? [""] : []);
}
