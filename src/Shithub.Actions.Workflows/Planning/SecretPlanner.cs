using Shithub.Actions.Workflows.Expressions;

namespace Shithub.Actions.Workflows.Planning;

/// <summary>Finds out which secrets a job reads, and follows them through the workflows that call each other to the run's own.</summary>
internal sealed class SecretPlanner(RunTree tree, RunContexts contexts)
{
    /// <summary>What a mapping may use beside secrets, <c>github</c> and <c>vars</c>, which are the same in the whole run.</summary>
    private static readonly string[] OfTheCaller = ["needs", "strategy", "matrix", "inputs"];

    /// <returns>Null for a job that reads no secret.</returns>
    public SecretPlan? Plan(RunScope scope, WorkflowJob job, string? environment)
    {
        var own = NamesIn(ContextNames.TemplatesOf(scope.Workflow, job));
        if (own is { Count: 0 })
            return null;
        var wanted = own;
        var mappings = new List<SecretMapping>();
        for (var at = scope; at.Call is { } call;)
        {
            var outside = tree.ScopeOf(call.Path);
            var caller = outside.Find(JobPath.KeyOf(call.Path))!;
            if (!caller.Call!.InheritSecrets)
            {
                var (mapping, needed) = Map(outside, caller, call, wanted);
                mappings.Insert(0, mapping);
                wanted = needed;
            }

            at = outside;
        }

        return new SecretPlan(
            wanted is null ? null : [.. wanted.Except(SecretPlan.TokenNames)], own, mappings, environment?.ToLowerInvariant());
    }

    private (SecretMapping Mapping, IReadOnlyList<string>? Needed) Map(
        RunScope outside, WorkflowJob caller, CallState call, IReadOnlyList<string>? wanted)
    {
        var given = caller.Call!.Secrets.Where(secret => wanted?.Contains(secret.Name.ToUpperInvariant()) != false).ToList();
        var templates = given.ConvertAll(secret => secret.Value);
        var members = new OrderedDictionary<string, ExpressionValue>(StringComparer.OrdinalIgnoreCase);
        foreach (var name in OfTheCaller.Where(name => ContextNames.Of(name, templates) is { All: true } or { Names.Count: > 0 }))
        {
            if (ValueOf(name, outside, caller, call) is { } value)
                members[name] = value;
        }

        var values = given.ToDictionary(secret => secret.Name, secret => secret.Value.Source);
        return (new SecretMapping(values, ContextJson.Write(ObjectValue.Of(members))), NamesIn(templates));
    }

    private static IReadOnlyList<string>? NamesIn(IEnumerable<Template?> templates) =>
        ContextNames.Of("secrets", templates) is { All: false } names ? names.Names : null;

    private ExpressionValue? ValueOf(string context, RunScope outside, WorkflowJob caller, CallState call) => context switch
    {
        "needs" => contexts.NeedsOf(outside, caller),
        "strategy" => call.Leg is { } leg ? RunContexts.StrategyOf(leg) : null,
        "matrix" => call.Leg is { } leg ? ContextJson.Read(leg.Matrix) : null,
        _ => outside.Call is null ? null : contexts.InputsOf(outside),
    };
}
