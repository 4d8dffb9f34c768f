using Shithub.Actions.Workflows.Expressions;

namespace Shithub.Actions.Workflows.Planning;

/// <summary>
/// Checks a workflow for whatever event may start it: nothing of the event is known, and what people outside choose of one is taken to be
/// chosen by them.
/// </summary>
internal static class AnyEvent
{
    private static readonly string[] Properties =
    [
        "action", "action_path", "action_ref", "action_repository", "action_status", "actor", "actor_id", "api_url", "base_ref", "env", "event",
        "event_name", "event_path", "graphql_url", "head_ref", "job", "job_workflow_sha", "path", "ref", "ref_name", "ref_protected", "ref_type",
        "repository", "repository_id", "repository_owner", "repository_owner_id", "repositoryUrl", "retention_days", "run_attempt", "run_id",
        "run_number", "secret_source", "server_url", "sha", "token", "triggering_actor", "workflow", "workflow_ref", "workflow_sha", "workspace",
    ];

    /// <summary>What is wrong with the workflow's expressions and scripts whatever starts it.</summary>
    public static IReadOnlyList<Diagnostic> Check(Workflow workflow)
    {
        var github = new OrderedDictionary<string, ExpressionValue>(StringComparer.OrdinalIgnoreCase);
        foreach (var property in Properties)
            github[property] = new UnknownValue(ContextTaint.IsTainted(property));
        var contexts = new Dictionary<string, ExpressionValue>
        {
            ["github"] = ObjectValue.Of(github),
            ["vars"] = new UnknownValue(Tainted: false),
            ["inputs"] = new UnknownValue(Tainted: workflow.On.WorkflowDispatch is not null),
        };
        var diagnostics = new DiagnosticBag(workflow.Path);
        new WorkflowChecker(workflow, new ExpressionEvaluator(contexts, new EvaluationBudget()), diagnostics).Check();
        return diagnostics.ToList();
    }
}
