using Shithub.Actions.Workflows.Expressions;

namespace Shithub.Actions.Workflows.Planning;

/// <summary>
/// Checks a run's workflows before anything is queued: what callers give against what called workflows ask for, and every step's
/// expressions as far as they are known, so that a script in which a value from outside has no safe place is refused and not run into.
/// </summary>
internal sealed class WorkflowSetChecker(WorkflowSet set, PlanContext context)
{
    private readonly List<Diagnostic> _problems = [];
    private readonly HashSet<string> _entered = new(StringComparer.Ordinal);
    private readonly ObjectValue _github = ContextValues.GitHub(context, set.RootSource.Workflow.DisplayName);
    private readonly ObjectValue _vars = ContextValues.Vars(context);
    private readonly EvaluationBudget _budget = new();

    public IReadOnlyList<Diagnostic> Check()
    {
        Enter(set.RootSource, ContextValues.Inputs(context));
        return _problems;
    }

    // A workflow that is called twice is checked once, with the inputs of its first call: what they are is known only when it is called,
    // and the runner refuses what turns out unsafe then.
    private void Enter(WorkflowSource source, ExpressionValue inputs)
    {
        if (!_entered.Add(source.Id) || _problems.Count > WorkflowLimits.MaxDiagnostics)
            return;
        var diagnostics = new DiagnosticBag(source.Workflow.Path);
        new WorkflowChecker(source.Workflow, Evaluator(inputs), diagnostics).Check();
        _problems.AddRange(diagnostics.ToList());
        foreach (var job in source.Workflow.Jobs)
        {
            if (job.Call is not { } call || !source.Calls.TryGetValue(call.Uses.Source, out var id))
                continue;
            var called = set.Sources[id];
            var trigger = called.Workflow.On.WorkflowCall!;
            CheckArguments(source.Workflow, call, trigger);
            Enter(called, AssumedInputs(trigger));
        }
    }

    private ExpressionEvaluator Evaluator(ExpressionValue inputs) => new(
        new Dictionary<string, ExpressionValue> { ["github"] = _github, ["vars"] = _vars, ["inputs"] = inputs }, _budget);

    private static ObjectValue AssumedInputs(CallTrigger trigger)
    {
        var inputs = new OrderedDictionary<string, ExpressionValue>(StringComparer.OrdinalIgnoreCase);
        foreach (var input in trigger.Inputs)
            inputs[input.Name] = new UnknownValue(Tainted: false);
        return ObjectValue.Of(inputs);
    }

    private void CheckArguments(Workflow caller, WorkflowCall call, CallTrigger trigger)
    {
        var diagnostics = new DiagnosticBag(caller.Path);
        foreach (var argument in call.With)
        {
            if (!trigger.Inputs.Any(input => Same(input.Name, argument.Name)))
            {
                diagnostics.Error(
                    DiagnosticCodes.Call, argument.Value.Position, argument.Value.Path,
                    $"'{Yaml.YamlReader.Show(call.Uses.Source)}' has no input '{Yaml.YamlReader.Show(argument.Name)}'",
                    NearestName.Suggest(argument.Name, trigger.Inputs.Select(input => input.Name)));
            }
        }

        foreach (var input in trigger.Inputs.Where(input => input.Required && !call.With.Any(argument => Same(argument.Name, input.Name))))
        {
            diagnostics.Error(
                DiagnosticCodes.Call, call.Position, DocumentPath.Root,
                $"'{Yaml.YamlReader.Show(call.Uses.Source)}' requires the input '{input.Name}'", "give it under 'with'");
        }

        foreach (var secret in call.Secrets.Where(secret => !trigger.Secrets.Any(known => Same(known.Name, secret.Name))))
        {
            diagnostics.Error(
                DiagnosticCodes.Call, secret.Value.Position, secret.Value.Path,
                $"'{Yaml.YamlReader.Show(call.Uses.Source)}' has no secret '{Yaml.YamlReader.Show(secret.Name)}'",
                NearestName.Suggest(secret.Name, trigger.Secrets.Select(known => known.Name)));
        }

        foreach (var secret in trigger.Secrets.Where(secret =>
            secret.Required && !call.InheritSecrets && !call.Secrets.Any(given => Same(given.Name, secret.Name))))
        {
            diagnostics.Error(
                DiagnosticCodes.Call, call.Position, DocumentPath.Root,
                $"'{Yaml.YamlReader.Show(call.Uses.Source)}' requires the secret '{secret.Name}'", "give it under 'secrets', or write 'secrets: inherit'");
        }

        _problems.AddRange(diagnostics.ToList());
    }

    private static bool Same(string one, string other) => one.Equals(other, StringComparison.OrdinalIgnoreCase);
}
