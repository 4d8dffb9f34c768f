using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Shithub.Actions.Workflows;

namespace Shithub.Actions.Server.Admin;

/// <summary>A plan for programs.</summary>
internal static class PlanJson
{
    private static readonly JsonSerializerOptions Options = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static string Write(PlanPreview preview, PlanEvent source, bool isTriggered) => new JsonObject
    {
        ["workflow"] = preview.WorkflowName,
        ["run_name"] = preview.Title,
        ["event"] = source.Name,
        ["ref"] = source.Ref,
        ["triggered"] = isTriggered,
        ["concurrency"] = preview.ConcurrencyGroup,
        ["errors"] = Strings(preview.Diagnostics.Where(diagnostic => diagnostic.Severity == DiagnosticSeverity.Error).Select(diagnostic => diagnostic.ToString())),
        ["jobs"] = new JsonArray([.. (isTriggered ? preview.Jobs : []).Select(Job)]),
    }.ToJsonString(Options);

    public static string StatusName(PreviewStatus status) => status switch
    {
        PreviewStatus.Run => "run",
        PreviewStatus.Skip => "skip",
        _ => "open",
    };

    private static JsonObject Job(JobPreview job) => new()
    {
        ["id"] = job.Path,
        ["name"] = job.Name,
        ["needs"] = Strings(job.Needs),
        ["status"] = StatusName(job.Status),
        ["if"] = job.If,
        ["reasons"] = Strings(job.Reasons),
        ["runs_on"] = Strings(job.RunsOn),
        ["matrix"] = job.Matrix?.Value?.DeepClone(),
        ["matrix_known"] = !job.IsMatrixOpen,
        ["uses"] = job.Calls,
        ["environment"] = job.Environment,
        ["concurrency"] = job.ConcurrencyGroup,
        ["timeout_minutes"] = job.TimeoutMinutes,
        ["secrets"] = Names(job.Secrets),
        ["vars"] = Names(job.Variables),
        ["steps"] = new JsonArray([.. job.Steps.Select(step => new JsonObject
        {
            ["name"] = step.Name,
            ["id"] = step.Id,
            ["uses"] = step.Uses,
            ["status"] = StatusName(step.Status),
            ["if"] = step.If,
            ["reasons"] = Strings(step.Reasons),
        })]),
    };

    private static JsonArray Names(ContextNames names) => Strings(names.All ? [.. names.Names, "*"] : names.Names);

    private static JsonArray Strings(IEnumerable<string> texts) => new([.. texts.Select(text => (JsonNode)text)]);
}
