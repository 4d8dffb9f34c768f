using Shithub.Actions.Workflows.Migration;

namespace Shithub.Actions.Server.Admin;

/// <summary>The report of a migration for people.</summary>
internal static class MigrationText
{
    public static void Write(TextWriter writer, MigrationReport report)
    {
        var files = report.Migration.Files.ToList();
        foreach (var diff in files.Where(_ => report.IsDryRun).Select(file => file.Diff).Where(diff => diff.Length > 0))
            writer.WriteLine(diff);
        foreach (var file in files)
            WriteFile(writer, file);
        foreach (var link in report.Links)
            writer.WriteLine($"{link}: a link, not followed\n");
        var needed = report.Needed.ToList();
        if (needed.Count > 0)
            writer.WriteLine("Needed beside the files:");
        foreach (var (finding, users) in needed)
        {
            writer.WriteLine($"  {finding.Code,-10}  {finding.Subject}  ({Users(users)})");
            if (finding.Advice is { } advice)
                writer.WriteLine($"              {advice}");
        }

        if (needed.Count > 0)
            writer.WriteLine();
        writer.WriteLine(
            $"{Count(files.Count, "file")}: {files.Count(file => file.Status == MigrationStatus.Ready)} ready, "
            + $"{files.Count(file => file.Status == MigrationStatus.ByHand)} to be changed by hand, "
            + $"{files.Count(file => file.Status == MigrationStatus.Unreadable)} unreadable; "
            + (report.IsDryRun ? "nothing written (--dry-run)." : $"{report.Written.Count} written."));
    }

    private static void WriteFile(TextWriter writer, FileMigration file)
    {
        var status = file.Status switch
        {
            MigrationStatus.Ready => "ready",
            MigrationStatus.ByHand => Count(file.ChangesByHand, "change") + " by hand",
            _ => "unreadable",
        };
        var to = file.Output is null || file.Source.Target == file.Source.Path ? "" : $" → {file.Source.Target}";
        writer.WriteLine($"{file.Source.Path}{to}: {status}");
        foreach (var finding in file.Findings.Where(finding => finding.Kind != MigrationKind.Needed))
        {
            writer.WriteLine($"  {finding.Line,4}  {KindName(finding.Kind),-7}  {finding.Message}");
            if (finding.Advice is { } advice)
                writer.WriteLine($"                 {advice}");
        }

        writer.WriteLine();
    }

    private static string Users(IReadOnlyList<string> files) =>
        files.Count > 3 ? $"{string.Join(", ", files.Take(2))} and {files.Count - 2} more" : string.Join(", ", files);

    private static string KindName(MigrationKind kind) => kind switch
    {
        MigrationKind.Changed => "changed",
        MigrationKind.ByHand => "by hand",
        MigrationKind.Needed => "needed",
        _ => "note",
    };

    private static string Count(int count, string what) => count == 1 ? $"1 {what}" : $"{CommandText.Of(count)} {what}s";
}
