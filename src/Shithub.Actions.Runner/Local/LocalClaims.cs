using System.Text.Json;
using System.Text.Json.Nodes;
using Shithub.Actions.Protocol;
using Shithub.Actions.Workflows;
using Shithub.Actions.Workflows.Expressions;

namespace Shithub.Actions.Runner.Local;

/// <summary>Makes of a job that is ready what a server would hand to a runner.</summary>
/// <param name="context">The run's; <c>github.event</c> included.</param>
internal sealed class LocalClaims(WorkflowSet set, PlanContext context, LocalEvent happened, IReadOnlyDictionary<string, string> secrets)
{
    /// <summary>As many steps as a job may have, and one.</summary>
    private const long IdsOfAJob = WorkflowLimits.MaxSteps + 1;

    private readonly JsonElement _payload = Element(happened.Payload);

    /// <param name="id">From 1, unique in the run.</param>
    public ClaimedJob Create(ReadyJob job, long id)
    {
        var own = SecretsOf(job.Path);
        return new ClaimedJob(
            id,
            RunId: 1,
            RepoId: 1,
            RunIndex: 1,
            set.RootSource.Workflow.Path,
            set.RootSource.Workflow.DisplayName,
            happened.Tree.Sha,
            happened.Ref,
            happened.Name,
            _payload,
            job.Key,
            job.Name,
            job.RunsOn,
            job.Needs,
            job.If,
            job.TimeoutMinutes,
            Element(job.Permissions),
            own,
            [.. secrets.Values.Where(value => value.Length > 0)],
            job.Env,
            CheckoutUrl: $"{LocalEvent.ServerUrl}/{happened.Tree.Repository}.git",
            CheckoutToken: "",
            [.. job.Steps.Select(step => Step(step, (id * IdsOfAJob) + step.Index))],
            Attempt: 1,
            LeaseExpiresAt: DateTimeOffset.MaxValue,
            LeaseSeconds: int.MaxValue,
            happened.Tree.Repository,
            happened.Actor,
            LocalEvent.ServerUrl,
            Contexts(job),
            job.Outputs,
            new ClaimedDefaults(job.Defaults.Shell, job.Defaults.WorkingDirectory),
            job.Container is { } container ? Element(container) : null,
            job.Services is { } services ? Element(services) : null,
            []);
    }

    private static JsonElement Element(JsonNode node) => JsonElement.Parse(node.ToJsonString());

    private static ClaimedStep Step(ReadyStep step, long id) => new(
        id, step.Index, step.Id, step.Name, step.If, step.Run, step.Uses, step.WorkingDirectory, step.Env, step.With, step.ContinueOnError,
        step.Shell, step.ContinueOnErrorIf, step.TimeoutMinutes, step.Line);

    private ClaimedContexts Contexts(ReadyJob job)
    {
        var github = (JsonObject)context.GitHub.DeepClone();
        github["job"] = job.Key;
        var values = new JsonObject
        {
            ["github"] = github,
            ["vars"] = new JsonObject(context.Vars.Select(variable => KeyValuePair.Create(variable.Key, (JsonNode?)variable.Value))),
            ["inputs"] = new JsonObject(context.Inputs.Select(input => KeyValuePair.Create(input.Key, input.Value?.DeepClone()))),
        };
        var tainted = ContextTaint.Pointers(github).ToList();
        var own = (JsonObject)job.Contexts.Value!;
        if (!own.ContainsKey("inputs")) tainted.Add("/inputs");
        foreach (var (name, value) in own) values[name] = value?.DeepClone();
        tainted.AddRange(job.Contexts.Tainted);
        return new ClaimedContexts(Element(values), tainted);
    }

    /// <summary>The secrets that a job sees: of one in a called workflow, those that each call on the way hands on.</summary>
    private IReadOnlyDictionary<string, string> SecretsOf(string path)
    {
        var (seen, source) = (secrets, set.RootSource);
        foreach (var part in path.Split('/')[..^1])
        {
            var key = RunMachine.KeyOf(part);
            var call = source.Workflow.Jobs.First(job => job.Key.Equals(key, StringComparison.OrdinalIgnoreCase)).Call!;
            if (!call.InheritSecrets)
            {
                var evaluator = Evaluator(seen);
                seen = call.Secrets.ToDictionary(
                    secret => secret.Name, secret => Evaluate(secret.Value, evaluator), StringComparer.OrdinalIgnoreCase);
            }

            source = set.Sources[source.Calls[call.Uses.Source]];
        }

        return seen;
    }

    private ExpressionEvaluator Evaluator(IReadOnlyDictionary<string, string> seen)
    {
        var values = new JsonObject
        {
            ["github"] = context.GitHub.DeepClone(),
            ["secrets"] = new JsonObject(seen.Select(secret => KeyValuePair.Create(secret.Key, (JsonNode?)secret.Value))),
            ["vars"] = new JsonObject(context.Vars.Select(variable => KeyValuePair.Create(variable.Key, (JsonNode?)variable.Value))),
            ["inputs"] = new JsonObject(context.Inputs.Select(input => KeyValuePair.Create(input.Key, input.Value?.DeepClone()))),
        };
        return new ExpressionEvaluator(((ObjectValue)ContextJson.Read(values, [])).Members, new EvaluationBudget());
    }

    /// <summary>A secret that hangs on something not known here (<c>matrix</c>, <c>needs</c>) is empty, as one that nobody set.</summary>
    private static string Evaluate(Template template, ExpressionEvaluator evaluator)
    {
        try
        {
            return template.EvaluateText(evaluator).Value;
        }
        catch (TemplateException)
        {
            return "";
        }
    }
}
