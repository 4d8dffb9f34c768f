using Shithub.Actions.Workflows.Expressions;

namespace Shithub.Actions.Workflows;

/// <summary>What the steps of a composite action see of where it is used.</summary>
/// <param name="Outer">The steps among which <paramref name="Step"/> is.</param>
/// <param name="Step">The step that uses the action.</param>
/// <param name="Action">Its description.</param>
/// <param name="Place">Where the action is.</param>
/// <param name="Version">Of what steps had set when the action began.</param>
internal sealed record ActionFrame(
    StepSequence Outer, PreparedStep Step, CompositeAction Action, ActionPlace Place, ObjectValue Inputs, int Version)
{
    /// <summary>Adds to the context <c>github</c>.</summary>
    public void Describe(OrderedDictionary<string, ExpressionValue> github, StepOutcome status)
    {
        github["action_path"] = new StringValue(Place.Path);
        github["action_status"] = JobExecution.NameOf(status);
        github["action_repository"] = new StringValue(Place.Repository ?? "");
        github["action_ref"] = new StringValue(Place.Ref ?? "");
    }

    /// <summary>Variables for its scripts, as GitHub's other kinds of actions have them.</summary>
    public IEnumerable<KeyValuePair<string, StringValue>> InputVariables() => Inputs.Members.Select(input => new KeyValuePair<string, StringValue>(
        "INPUT_" + input.Key.Replace(' ', '_').ToUpperInvariant(), new StringValue(Coercion.ToText(input.Value), input.Value.Tainted)));
}

/// <summary>Where a composite action is.</summary>
/// <param name="Path">Its folder in the container.</param>
/// <param name="Repository"><c>owner/name</c>; null: in the workspace.</param>
/// <param name="Ref">As the step has it; null: in the workspace.</param>
public sealed record ActionPlace(string Path, string? Repository, string? Ref);
