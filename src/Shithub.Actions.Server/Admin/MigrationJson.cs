using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Shithub.Actions.Workflows.Migration;

namespace Shithub.Actions.Server.Admin;

/// <summary>The report of a migration for programs.</summary>
internal static class MigrationJson
{
    private static readonly JsonSerializerOptions Options = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static string Write(MigrationReport report) => new JsonObject
    {
        ["files"] = new JsonArray([
            .. report.Migration.Workflows.Select(file => File(file, "workflow", report)),
            .. report.Migration.Actions.Select(file => File(file, "action", report)),
        ]),
        ["needed"] = new JsonArray([
            .. report.Needed.Select(needed => new JsonObject
            {
                ["code"] = needed.Finding.Code,
                ["subject"] = needed.Finding.Subject,
                ["message"] = needed.Finding.Message,
                ["advice"] = needed.Finding.Advice,
                ["files"] = Strings(needed.Files),
            }),
        ]),
        ["links"] = Strings(report.Links),
        ["written"] = Strings(report.Written),
    }.ToJsonString(Options);

    private static JsonObject File(FileMigration file, string kind, MigrationReport report)
    {
        var json = new JsonObject
        {
            ["path"] = file.Source.Path,
            ["target"] = file.Output is null ? null : file.Source.Target,
            ["kind"] = kind,
            ["status"] = file.Status switch
            {
                MigrationStatus.Ready => "ready",
                MigrationStatus.ByHand => "by_hand",
                _ => "unreadable",
            },
            ["changes_by_hand"] = file.ChangesByHand,
            ["written"] = report.Written.Contains(file.Source.Target),
            ["findings"] = new JsonArray([
                .. file.Findings.Select(finding => new JsonObject
                {
                    ["kind"] = KindName(finding.Kind),
                    ["code"] = finding.Code,
                    ["line"] = finding.Line,
                    ["source_line"] = finding.SourceLine,
                    ["message"] = finding.Message,
                    ["advice"] = finding.Advice,
                    ["subject"] = finding.Subject,
                }),
            ]),
        };
        if (report.IsDryRun)
            json["diff"] = file.Diff;
        return json;
    }

    private static string KindName(MigrationKind kind) => kind switch
    {
        MigrationKind.Changed => "changed",
        MigrationKind.ByHand => "by_hand",
        MigrationKind.Needed => "needed",
        _ => "note",
    };

    private static JsonArray Strings(IEnumerable<string> texts) => new([.. texts.Select(text => (JsonNode)text)]);
}
