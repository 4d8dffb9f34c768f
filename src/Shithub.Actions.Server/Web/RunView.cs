using System.Globalization;
using Shithub.Actions.Server.Repositories;
using Shithub.Actions.Server.Runs;
using Shithub.Actions.Server.Web.LogView;

namespace Shithub.Actions.Server.Web;

/// <summary>A run as its page shows it: all of its jobs, and one of them with its steps and logs.</summary>
/// <param name="ParentIndex">The number of the run that this one repeats.</param>
/// <param name="Job">Null where the run has no jobs.</param>
public sealed record RunView(
    PageFrame Frame, Repository Repository, bool MayWrite, RunRow Run, int? ParentIndex, IReadOnlyList<JobRow> Jobs, JobRow? Job)
{
    /// <summary>The summaries of the selected job's steps; null: none.</summary>
    public RenderedSummary? Summary { get; init; }

    public string Address => string.Create(CultureInfo.InvariantCulture, $"/{Repository.FullName}/actions/runs/{Run.RunIndex}");

    public string JobAddress(JobRow job) => string.Create(CultureInfo.InvariantCulture, $"{Address}/jobs/{job.Id}");

    /// <summary>Whether the viewer is one of those whose word the job waits for.</summary>
    public bool MayReview(JobRow job) =>
        job.WaitsForReview && Frame.Viewer is { } viewer && viewer.Cap >= Access.Permission.Write
        && job.Reviewers?.Split(", ").Contains(viewer.Name, StringComparer.Ordinal) == true;

    public bool HasEnded => Run.Conclusion is not null;

    /// <summary>The one to look at first: that went wrong, that runs, that has logs; else the first.</summary>
    public static JobRow? MostInteresting(IReadOnlyList<JobRow> jobs) =>
        jobs.FirstOrDefault(job => StatusLook.Of(job.Status, job.Conclusion).Kind == "bad")
        ?? jobs.FirstOrDefault(job => job.Status == "running")
        ?? (jobs.Count > 0 ? jobs[0] : null);
}

/// <param name="Logs">The selected job's: its own first, then those of its steps. Null where the page has no room for one.</param>
/// <param name="Cursor">Where the live log goes on from what is shown.</param>
public sealed record RunLogs(IReadOnlyList<LogExcerpt?> Logs, string Cursor)
{
    public static RunLogs None { get; } = new([], "");
}

