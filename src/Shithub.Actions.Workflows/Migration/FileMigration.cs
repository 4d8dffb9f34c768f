namespace Shithub.Actions.Workflows.Migration;

/// <param name="Path">Where it is, as the report names it; for an action of a repository also what <c>uses</c> calls it.</param>
/// <param name="Target">Where its migrated form belongs, from the repository's root, with <c>/</c>.</param>
/// <param name="Content">The bytes of the file.</param>
public sealed record MigrationSource(string Path, string Target, byte[] Content);

/// <summary>How far a file is.</summary>
public enum MigrationStatus
{
    /// <summary>It would be accepted and run, given what its findings say is needed.</summary>
    Ready,

    /// <summary>Somebody must change something in it.</summary>
    ByHand,

    /// <summary>It is no YAML, no text, or too large: there is nothing to write.</summary>
    Unreadable,
}

/// <summary>What became of one file.</summary>
/// <param name="Output">The bytes to write to <see cref="MigrationSource.Target"/>; null where the file stays where it is, or is unreadable.</param>
/// <param name="Diff">The changes as a unified diff; empty where nothing changed.</param>
/// <param name="Findings">In the order of their lines.</param>
public sealed record FileMigration(
    MigrationSource Source, byte[]? Output, string Diff, MigrationStatus Status, IReadOnlyList<MigrationFinding> Findings)
{
    /// <summary>Changes that somebody must make.</summary>
    public int ChangesByHand => Findings.Count(finding => finding.Kind == MigrationKind.ByHand);

    internal bool IsChanged => Diff.Length > 0;
}

/// <summary>What became of a repository's files.</summary>
public sealed record RepositoryMigration(IReadOnlyList<FileMigration> Workflows, IReadOnlyList<FileMigration> Actions)
{
    public IEnumerable<FileMigration> Files => [.. Workflows, .. Actions];

    /// <summary>
    /// Turns GitHub's files into files for this system. An action that needs no change stays where it is; the others, and the calls of
    /// them, move to their targets.
    /// </summary>
    public static RepositoryMigration Of(IReadOnlyList<MigrationSource> workflows, IReadOnlyList<MigrationSource> actions)
    {
        ArgumentNullException.ThrowIfNull(workflows);
        ArgumentNullException.ThrowIfNull(actions);
        var moved = new Dictionary<string, string>(StringComparer.Ordinal);
        var context = new MigrationContext(workflows.Select(file => file.Target).ToHashSet(StringComparer.Ordinal), moved);

        // An action moves when its own text changes, which it does when one that it uses moves.
        var open = actions.Where(action => action.Path != action.Target).ToList();
        while (open.FirstOrDefault(action => FileMigrator.Action(action, context).IsChanged) is { } changed)
        {
            open.Remove(changed);
            moved[FolderOf(changed.Path)] = FolderOf(changed.Target);
        }

        return new RepositoryMigration(
            [.. workflows.Select(file => FileMigrator.Workflow(file, context))],
            [.. actions.Select(file => FileMigrator.Action(file, context)).Select(file => file.IsChanged ? file : file with { Output = null })]);
    }

    private static string FolderOf(string path) => path[..path.LastIndexOf('/')];
}

/// <param name="Workflows">Where the repository's migrated workflows are.</param>
/// <param name="MovedActions">From an action's folder to where it moves.</param>
internal sealed record MigrationContext(IReadOnlySet<string> Workflows, IReadOnlyDictionary<string, string> MovedActions);
