using Shithub.Actions.Workflows.Expressions;

namespace Shithub.Actions.Workflows;

/// <summary>
/// A job of a run as the rules see it: one that waits for its needs stands for whatever it becomes (legs of a matrix, the jobs of a called
/// workflow), and is replaced by that when its time comes.
/// </summary>
/// <param name="Path">Unique in the run: <c>build</c>, <c>test[2]</c>, <c>deploy/publish</c>.</param>
/// <param name="Status">One of <see cref="JobStatus"/>.</param>
/// <param name="Conclusion">One of <see cref="Workflows.Conclusion"/>, or null while the job has not ended.</param>
public sealed record JobState(string Path, string Status, string? Conclusion = null)
{
    /// <summary>Its needs are met, its condition held and its expressions are evaluated. It may still wait for <see cref="Hold"/>.</summary>
    public bool IsReady { get; init; }

    /// <summary>Null for a job without a matrix, and until it is ready.</summary>
    public JobLeg? Leg { get; init; }

    /// <summary>Its failure counts as success for the run and for jobs that need it.</summary>
    public bool ContinueOnError { get; init; }

    /// <summary>Why a ready job waits: one of <see cref="HoldReason"/>, or null.</summary>
    public string? Hold { get; init; }

    /// <summary>Of a job that has ended.</summary>
    public JobOutputs Outputs { get; init; } = JobOutputs.None;

    public DateTimeOffset? CompletedAt { get; init; }

    public bool CancelRequested { get; init; }
}

/// <summary>What a ready job may wait for.</summary>
public static class HoldReason
{
    /// <summary><c>strategy.max-parallel</c> of its matrix.</summary>
    public const string MaxParallel = "max-parallel";

    /// <summary>Its concurrency group.</summary>
    public const string Concurrency = "concurrency";

    /// <summary>The rules of its environment: a review, a time. The server's: no rule here sets it.</summary>
    public const string Environment = "environment";
}

/// <summary>One combination of a matrix.</summary>
/// <param name="Index">0-based.</param>
/// <param name="Matrix">The context <c>matrix</c>.</param>
/// <param name="MaxParallel">0: no limit.</param>
public sealed record JobLeg(int Index, int Total, MarkedJson Matrix, bool FailFast, int MaxParallel);

/// <summary>A workflow that a job has called: its jobs are those whose paths begin with its own and a slash.</summary>
/// <param name="Path">Of the job that calls.</param>
/// <param name="Source">Id of the called workflow in the <see cref="WorkflowSet"/>.</param>
/// <param name="Name">Of the job that calls: the first part of its jobs' names.</param>
/// <param name="Inputs">The context <c>inputs</c>.</param>
public sealed record CallState(string Path, string Source, string Name, MarkedJson Inputs, JobLeg? Leg)
{
    /// <summary>The concurrency groups that it has to hold before its jobs begin.</summary>
    public IReadOnlyList<ReadyConcurrency> Groups { get; init; } = [];

    /// <summary>It does not hold all of <see cref="Groups"/> yet: no job of it starts.</summary>
    public bool IsHeld { get; init; }
}
