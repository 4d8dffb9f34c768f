namespace Shithub.Actions.Workflows.Migration;

/// <summary>What a <see cref="MigrationFinding"/> asks of its reader.</summary>
public enum MigrationKind
{
    /// <summary>The file was changed here.</summary>
    Changed,

    /// <summary>Somebody must change the file: as it is it would be refused, never start, or wait for ever.</summary>
    ByHand,

    /// <summary>Something outside of the file must be there: a label, a program in an image, a mirrored repository.</summary>
    Needed,

    /// <summary>Something is otherwise than on GitHub, and may be right as it is.</summary>
    Note,
}

/// <summary>Something about one place of a workflow that came from GitHub.</summary>
/// <param name="Code">A stable name from <see cref="MigrationCodes"/> or <see cref="DiagnosticCodes"/>.</param>
/// <param name="Line">1-based, in the migrated file.</param>
/// <param name="SourceLine">1-based, in GitHub's file.</param>
/// <param name="Message">For a person; it never ends with a full stop.</param>
/// <param name="Advice">What to do, if there is something to do.</param>
/// <param name="Subject">What is needed, such as a label or <c>node 20</c>; null for other kinds.</param>
public sealed record MigrationFinding(
    MigrationKind Kind, string Code, int Line, int SourceLine, string Message, string? Advice, string? Subject);

/// <summary>The codes of <see cref="MigrationFinding"/> that are not those of a diagnostic. They are stable: tools may filter on them.</summary>
public static class MigrationCodes
{
    /// <summary>A workflow or an action of the same repository that is in another folder now.</summary>
    public const string MovedFile = "moved-file";

    /// <summary>A path filter.</summary>
    public const string PathFilter = "path-filter";

    /// <summary>A version of a built-in action.</summary>
    public const string ActionVersion = "action-version";

    /// <summary>An action that installs a tool.</summary>
    public const string SetupAction = "setup-action";

    /// <summary>A program that an image must have.</summary>
    public const string Tool = "tool";

    /// <summary>A label that a runner must offer.</summary>
    public const string Label = "label";

    /// <summary>An image that the operator's policy must allow.</summary>
    public const string Image = "image";

    /// <summary>A repository that must be on this server.</summary>
    public const string Repository = "repository";

    /// <summary>The token that GitHub makes for a run.</summary>
    public const string Token = "token";

    /// <summary>Events that only GitHub has.</summary>
    public const string Events = "events";

    /// <summary>A workflow command that a file has replaced.</summary>
    public const string WorkflowCommand = "workflow-command";

    /// <summary>A text that names GitHub's folder.</summary>
    public const string FolderName = "folder-name";

    /// <summary>A place that cannot be edited without a risk for the rest of the file.</summary>
    public const string NotEdited = "not-edited";
}
