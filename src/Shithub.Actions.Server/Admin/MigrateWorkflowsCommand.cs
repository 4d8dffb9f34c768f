using System.CommandLine;
using Shithub.Actions.Workflows.Migration;

namespace Shithub.Actions.Server.Admin;

/// <summary><c>shithubd admin actions migrate</c>: GitHub's workflow files become this system's. It needs no server and no settings.</summary>
internal static class MigrateWorkflowsCommand
{
    /// <summary>Exit codes: 0 all are ready, 1 something can't be read or written, 2 something must be changed by hand.</summary>
    public static Command Build()
    {
        var folder = new Argument<string>("dir") { Description = "A repository's folder, or a folder of workflow files." };
        var outputFolder = new Option<string?>("--output-dir") { Description = "Where .shithub/ is written (default: in the repository's folder)." };
        var dryRun = new Option<bool>("--dry-run") { Description = "Write nothing; show the changes as a unified diff." };
        var force = new Option<bool>("--force") { Description = "Overwrite files that are there already." };
        var command = new Command(
            "migrate", "Turn .github/workflows/*.yml and .github/actions/ into files below .shithub/, and report what was changed, what is needed "
            + "and what must be changed by hand. GitHub's files stay as they are. Exit code 1: something can't be read or written, 2: something must "
            + "be changed by hand.")
        {
            folder, outputFolder, dryRun, force,
        };
        command.SetAction(async (parse, cancellation) =>
        {
            var path = parse.GetValue(folder)!;
            try
            {
                var files = await MigrationFolder.ReadAsync(path, cancellation);
                if (files.Workflows.Count + files.Actions.Count + files.Links.Count == 0)
                    return CommandContext.Fail(parse, CommandContext.WrongUsage, $"{path} has no workflow files: neither .github/workflows/ nor *.yml or *.yaml in it.");
                var migration = RepositoryMigration.Of(files.Workflows, files.Actions);
                IReadOnlyList<string> written = [];
                if (!parse.GetValue(dryRun))
                {
                    var writer = MigrationWriter.Of(files, migration, parse.GetValue(outputFolder) ?? files.Root, parse.GetValue(force));
                    if (writer.Problems.Count > 0)
                        return CommandContext.Fail(parse, CommandContext.WrongUsage, [.. writer.Problems, "Nothing was written."]);
                    written = await writer.WriteAsync(cancellation);
                }

                var report = new MigrationReport(migration, [.. files.Links.Distinct()], written, parse.GetValue(dryRun));
                if (parse.GetValue(CommandContext.Output) == OutputFormat.Json)
                    parse.InvocationConfiguration.Output.WriteLine(MigrationJson.Write(report));
                else
                    MigrationText.Write(parse.InvocationConfiguration.Output, report);
                return report.ExitCode;
            }
            catch (Exception error) when (CommandFile.IsUnreadable(error))
            {
                return CommandContext.Fail(parse, CommandContext.WrongUsage, $"{path} can't be migrated: {error.Message}");
            }
        });
        return command;
    }
}

/// <param name="Links">What was not read since it is a link.</param>
/// <param name="Written">Paths below the output folder.</param>
internal sealed record MigrationReport(RepositoryMigration Migration, IReadOnlyList<string> Links, IReadOnlyList<string> Written, bool IsDryRun)
{
    public int ExitCode =>
        Migration.Files.Any(file => file.Status == MigrationStatus.Unreadable) ? CommandContext.WrongUsage
        : Links.Count > 0 || Migration.Files.Any(file => file.Status == MigrationStatus.ByHand) ? CommandContext.Refused
        : CommandContext.Done;

    /// <summary>What must be there outside of the files, and which of them need it.</summary>
    public IEnumerable<(MigrationFinding Finding, IReadOnlyList<string> Files)> Needed =>
        from file in Migration.Files
        from finding in file.Findings
        where finding.Kind == MigrationKind.Needed
        group (finding, file.Source.Path) by (finding.Code, finding.Subject) into same
        orderby same.Key.Code, same.Key.Subject
        select (same.First().finding, (IReadOnlyList<string>)[.. same.Select(one => one.Path)]);
}
