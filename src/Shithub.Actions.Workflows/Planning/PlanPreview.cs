using Shithub.Actions.Workflows.Expressions;
using Shithub.Actions.Workflows.Planning;

namespace Shithub.Actions.Workflows;

/// <summary>What would become of a job if everything before it succeeded.</summary>
public enum PreviewStatus
{
    /// <summary>It would run.</summary>
    Run,

    /// <summary>It would be skipped.</summary>
    Skip,

    /// <summary>What other jobs give decides it.</summary>
    Open,
}

/// <summary>A job, or one leg of its matrix, of a run that has not begun.</summary>
/// <param name="Path">As <see cref="JobState.Path"/>; a matrix that is not known yet is one entry.</param>
/// <param name="If">The condition as written; null: none.</param>
/// <param name="Reasons">The parts of its condition, and of those of jobs it needs, that decided.</param>
/// <param name="RunsOn">Empty where it is not known yet, and for a call.</param>
/// <param name="Matrix">The context <c>matrix</c>; null: none.</param>
/// <param name="IsMatrixOpen">The matrix is known only when other jobs have run.</param>
/// <param name="Calls">The workflow that it calls, as written.</param>
/// <param name="Secrets">The secrets that it reads.</param>
/// <param name="Variables">The members of <c>vars</c> that it reads.</param>
public sealed record JobPreview(
    string Path,
    string Name,
    IReadOnlyList<string> Needs,
    PreviewStatus Status,
    string? If,
    IReadOnlyList<string> Reasons,
    IReadOnlyList<string> RunsOn,
    MarkedJson? Matrix,
    bool IsMatrixOpen,
    string? Calls,
    string? Environment,
    string? ConcurrencyGroup,
    int? TimeoutMinutes,
    ContextNames Secrets,
    ContextNames Variables,
    IReadOnlyList<StepPreview> Steps);

/// <param name="Status">What its condition says if every step before it succeeded.</param>
public sealed record StepPreview(string Name, string? Id, string? Uses, PreviewStatus Status, string? If, IReadOnlyList<string> Reasons);

/// <summary>A run that has not begun.</summary>
/// <param name="Diagnostics">Errors: it would be refused.</param>
/// <param name="Jobs">In the order of the files; the jobs of a called workflow stand in place of the job that calls.</param>
public sealed record PlanPreview(
    string WorkflowName, string? Title, string? ConcurrencyGroup, IReadOnlyList<Diagnostic> Diagnostics, IReadOnlyList<JobPreview> Jobs)
{
    /// <summary>
    /// Says what a run would do, on the assumption that every job and step succeeds: nothing is known of what they give each other.
    /// </summary>
    /// <param name="set">A call that leads nowhere in it is shown as such.</param>
    public static PlanPreview Of(WorkflowSet set, PlanContext context)
    {
        ArgumentNullException.ThrowIfNull(set);
        ArgumentNullException.ThrowIfNull(context);
        return new PreviewMaker(set, context).Make();
    }
}
