using System.Text.Json;
using System.Text.Json.Nodes;
using Shithub.Actions.Protocol;
using Shithub.Actions.Runner.Jobs;
using Shithub.Actions.Workflows;
using Shithub.Actions.Workflows.Expressions;

namespace Shithub.Actions.Runner.Steps;

/// <summary>What a claim says, as the language has it.</summary>
internal static class ClaimedTexts
{
    public static JobText Job(ClaimedJob job) => new(
        job.JobKey,
        job.WorkflowFile,
        job.Env,
        job.Outputs ?? new Dictionary<string, string>(),
        job.Defaults?.Shell,
        job.Defaults?.WorkingDirectory,
        [.. job.Steps.Select(Step)]);

    /// <summary>
    /// The contexts that the server sent. What of <c>github</c> is not among them is made from the claim's other members, so that a claim
    /// without contexts runs, too.
    /// </summary>
    public static ExpressionValue Contexts(ClaimedJob job)
    {
        var sent = job.Contexts?.Values is { ValueKind: JsonValueKind.Object } values ? JsonObject.Create(values)! : [];
        var tainted = new List<string>(job.Contexts?.Tainted ?? []);
        // What a caller made of the event's payload and gave as a secret is as tainted as the payload.
        if (job.Secrets.Count > 0)
            sent["secrets"] = new JsonObject(job.Secrets.Select(secret => KeyValuePair.Create(secret.Key, (JsonNode?)secret.Value)));
        if (sent["github"] is not JsonObject github) sent["github"] = github = [];
        foreach (var (name, value) in GitHub(job))
        {
            if (github.ContainsKey(name)) continue;
            github[name] = value;
            if (ContextTaint.IsTainted(name)) tainted.Add($"/github/{name}");
        }

        return ContextJson.Read(sent, tainted);
    }

    private static StepText Step(ClaimedStep step) => new(
        step.StepId,
        step.Name,
        step.If,
        step.Run,
        step.Shell,
        step.Uses,
        step.WorkingDirectory,
        step.Env,
        step.With,
        step.ContinueOnErrorIf is { } expression ? Expression(expression) : step.ContinueOnError ? "true" : "false",
        step.TimeoutMinutes is { } minutes && !minutes.All(char.IsAsciiDigit) ? Expression(minutes) : step.TimeoutMinutes,
        step.Line);

    private static string Expression(string text) => text.Contains("${{", StringComparison.Ordinal) ? text : $"${{{{ {text} }}}}";

    private static IEnumerable<(string Name, JsonNode? Value)> GitHub(ClaimedJob job)
    {
        yield return ("actor", job.Actor);
        yield return ("api_url", job.ServerUrl.TrimEnd('/') + "/api/v1");
        yield return ("event", job.EventPayload.ValueKind == JsonValueKind.Undefined ? new JsonObject() : JsonNode.Parse(job.EventPayload.GetRawText()));
        yield return ("event_name", job.Event);
        yield return ("job", job.JobKey);
        yield return ("ref", job.HeadRef);
        yield return ("ref_name", GitRef.ShortName(job.HeadRef));
        yield return ("ref_type", GitRef.Type(job.HeadRef));
        yield return ("repository", job.Repository);
        yield return ("repository_id", job.RepoId.ToString(System.Globalization.CultureInfo.InvariantCulture));
        yield return ("repository_owner", job.Repository.Split('/')[0]);
        yield return ("run_attempt", job.Attempt.ToString(System.Globalization.CultureInfo.InvariantCulture));
        yield return ("run_id", job.RunId.ToString(System.Globalization.CultureInfo.InvariantCulture));
        yield return ("run_number", job.RunIndex.ToString(System.Globalization.CultureInfo.InvariantCulture));
        yield return ("server_url", job.ServerUrl.TrimEnd('/'));
        yield return ("sha", job.HeadSha);
        yield return ("triggering_actor", job.Actor);
        yield return ("workflow", job.WorkflowName);
        yield return ("workflow_ref", $"{job.Repository}/{job.WorkflowFile}@{job.HeadRef}");
        yield return ("workflow_sha", job.HeadSha);
    }
}
