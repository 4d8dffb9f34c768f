using System.Text;
using Shithub.Actions.Workflows.Planning;
using Shithub.Actions.Workflows.Yaml;

namespace Shithub.Actions.Workflows.Migration;

/// <summary>Migrates one file: changes its text, then reads the result as the server would.</summary>
internal static class FileMigrator
{
    public static FileMigration Workflow(MigrationSource file, MigrationContext context) => Migrate(
        file, (root, draft) => new WorkflowMigration(draft, context).Visit(root), utf8 => Check(WorkflowReader.Parse(file.Target, utf8)));

    public static FileMigration Action(MigrationSource file, MigrationContext context) => Migrate(
        file, (root, draft) => new WorkflowMigration(draft, context).VisitAction(root),
        utf8 => CompositeActionReader.Parse(file.Target, utf8).Diagnostics);

    private static FileMigration Migrate(
        MigrationSource file, Action<YamlNode, MigrationDraft> visit, Func<byte[], IEnumerable<Diagnostic>> check)
    {
        var diagnostics = new DiagnosticBag(file.Path);
        if (SourceText.Decode(file.Content, diagnostics) is not { } text || YamlReader.Read(text, diagnostics) is not { } root)
            return Unreadable(file, diagnostics.ToList());

        var (draft, output) = Change(file, text, root, visit);
        var findings = draft.Findings();
        findings.AddRange(check(output).Select(diagnostic => ToFinding(diagnostic, draft.Edits)));
        return new FileMigration(
            file, output, UnifiedDiff.Write(file.Path, file.Target, draft.Edits),
            findings.Any(finding => finding.Kind == MigrationKind.ByHand) ? MigrationStatus.ByHand : MigrationStatus.Ready,
            [.. findings.OrderBy(finding => finding.Line)]);
    }

    /// <summary>
    /// An edit may come out otherwise than was meant: an anchor in what became a comment, for example. Then steps stay as they are, and if
    /// that does not help the file does.
    /// </summary>
    private static (MigrationDraft Draft, byte[] Output) Change(
        MigrationSource file, string text, YamlNode root, Action<YamlNode, MigrationDraft> visit)
    {
        foreach (var keepSteps in new[] { false, true })
        {
            var draft = new MigrationDraft(new SourceEdits(text), keepSteps);
            visit(root, draft);
            var output = Encode(file, draft.Edits.Apply());
            if (IsYaml(output))
                return (draft, output);
        }

        var unchanged = new MigrationDraft(new SourceEdits(text), keepSteps: true);
        unchanged.ByHand(MigrationCodes.NotEdited, 0, "this file could not be changed without breaking its YAML, so it is as it was");
        return (unchanged, file.Content);
    }

    /// <summary>What the server says when it reads the file, and, where it reads it, when a run of it starts.</summary>
    private static IEnumerable<Diagnostic> Check(WorkflowParseResult parsed) =>
        parsed.Workflow is { } workflow ? [.. parsed.Diagnostics, .. AnyEvent.Check(workflow).Except(parsed.Diagnostics)] : parsed.Diagnostics;

    private static MigrationFinding ToFinding(Diagnostic diagnostic, SourceEdits edits) => new(
        diagnostic.Severity == DiagnosticSeverity.Error ? MigrationKind.ByHand : MigrationKind.Note,
        diagnostic.Code, diagnostic.Line, edits.SourceLine(diagnostic.Line), diagnostic.Message, diagnostic.Suggestion, null);

    private static FileMigration Unreadable(MigrationSource file, IReadOnlyList<Diagnostic> diagnostics) => new(
        file, null, "", MigrationStatus.Unreadable,
        [
            .. diagnostics.Select(diagnostic => new MigrationFinding(
                MigrationKind.ByHand, diagnostic.Code, diagnostic.Line, diagnostic.Line, diagnostic.Message, diagnostic.Suggestion, null)),
        ]);

    private static bool IsYaml(byte[] utf8)
    {
        var diagnostics = new DiagnosticBag("");
        // A file that grew too large is YAML all the same; the check says how large it may be.
        return utf8.Length > WorkflowLimits.MaxFileBytes
            || (SourceText.Decode(utf8, diagnostics) is { } text && YamlReader.Read(text, diagnostics) is not null);
    }

    // With the byte order mark that it had.
    private static byte[] Encode(MigrationSource file, string text)
    {
        var utf8 = Encoding.UTF8.GetBytes(text);
        return file.Content.AsSpan().StartsWith(Encoding.UTF8.Preamble) ? [.. Encoding.UTF8.Preamble, .. utf8] : utf8;
    }
}
