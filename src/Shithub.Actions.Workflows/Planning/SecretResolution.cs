using Shithub.Actions.Workflows.Expressions;

namespace Shithub.Actions.Workflows;

/// <summary>What a job gets of the context <c>secrets</c>.</summary>
/// <param name="Values">Names found without case.</param>
/// <param name="Tainted">Those whose values derive from what people outside chose: a caller gave something of the event as a secret.</param>
/// <param name="Failures">What of the callers' <c>secrets</c> could not be evaluated and is missing therefore; no message has a value in it.</param>
public sealed record ResolvedSecrets(
    IReadOnlyDictionary<string, string> Values, IReadOnlyList<string> Tainted, IReadOnlyList<Diagnostic> Failures);

/// <summary>Puts values into a <see cref="SecretPlan"/>.</summary>
public static class SecretResolution
{
    /// <param name="stored">Of the run's repository, its owner and the site, by name; what the plan does not need is ignored.</param>
    /// <param name="ofEnvironment">Those of the plan's environment: they come before what callers give, as on GitHub.</param>
    /// <param name="token">The value of <c>GITHUB_TOKEN</c>, which callers need not give on.</param>
    /// <param name="run">An object with <c>github</c>, <c>vars</c> and the run's <c>inputs</c>; only mappings use it.</param>
    /// <param name="file">The workflow file, for <see cref="ResolvedSecrets.Failures"/>.</param>
    public static ResolvedSecrets Resolve(
        SecretPlan plan, IReadOnlyDictionary<string, string> stored, IReadOnlyDictionary<string, string> ofEnvironment, string token,
        Func<ExpressionValue> run, string file)
    {
        ArgumentNullException.ThrowIfNull(plan);
        ArgumentNullException.ThrowIfNull(stored);
        ArgumentNullException.ThrowIfNull(ofEnvironment);
        ArgumentNullException.ThrowIfNull(run);
        var diagnostics = new DiagnosticBag(file);
        var values = NewMembers(token);
        foreach (var (name, value) in stored.Where(secret => plan.NeedsStored(secret.Key)))
            values[name] = new StringValue(value);
        if (plan.Mappings.Count > 0)
        {
            var contexts = (ObjectValue)run();
            var budget = new EvaluationBudget();
            foreach (var mapping in plan.Mappings)
                values = Map(mapping, contexts, values, token, budget, diagnostics);
        }

        foreach (var (name, value) in ofEnvironment)
            values[name] = new StringValue(value);
        var given = values.Where(secret => plan.Reads(secret.Key)).ToList();
        return new ResolvedSecrets(
            given.ToDictionary(secret => secret.Key, secret => ((StringValue)secret.Value).Value, StringComparer.OrdinalIgnoreCase),
            [.. given.Where(secret => secret.Value.Tainted).Select(secret => secret.Key)],
            diagnostics.ToList());
    }

    private static OrderedDictionary<string, ExpressionValue> Map(
        SecretMapping mapping, ObjectValue run, OrderedDictionary<string, ExpressionValue> outside, string token, EvaluationBudget budget,
        DiagnosticBag diagnostics)
    {
        var contexts = new Dictionary<string, ExpressionValue>(run.Members, StringComparer.Ordinal);
        foreach (var name in new[] { "needs", "strategy", "matrix" })
            contexts[name] = ExpressionValue.Null;
        foreach (var (name, value) in ((ObjectValue)ContextJson.Read(mapping.Contexts)).Members)
            contexts[name] = value;
        contexts["secrets"] = ObjectValue.Of(outside);
        var evaluator = new ExpressionEvaluator(contexts, budget);
        var values = NewMembers(token);
        foreach (var (name, text) in mapping.Values)
        {
            try
            {
                var template = Template.FromText(text, $"secrets.{name}", SourcePosition.Start, ExpressionScope.JobSecrets, diagnostics);
                var value = template.EvaluateText(evaluator);
                // What is empty was not given: so a caller passes on a secret that is not there.
                if (value.Value.Length > 0)
                    values[name] = value;
            }
            catch (TemplateException)
            {
                // Its message may quote what it was about.
                diagnostics.Error(
                    DiagnosticCodes.Evaluation, SourcePosition.Start, DocumentPath.Of($"secrets.{name}"),
                    $"the secret '{name}' could not be evaluated and is not given to the called workflow");
            }
        }

        return values;
    }

    private static OrderedDictionary<string, ExpressionValue> NewMembers(string token)
    {
        var members = new OrderedDictionary<string, ExpressionValue>(StringComparer.OrdinalIgnoreCase);
        foreach (var name in SecretPlan.TokenNames)
            members[name] = new StringValue(token);
        return members;
    }
}
