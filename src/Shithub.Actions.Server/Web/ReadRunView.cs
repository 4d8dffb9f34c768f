using System.Text.Json;
using Shithub.Actions.Server.Access;
using Shithub.Actions.Server.Runs;
using Shithub.Actions.Server.Web.LogView;
using Shithub.Actions.Workflows;

namespace Shithub.Actions.Server.Web;

/// <summary>Reads what a run's page shows, for a viewer who may see it.</summary>
public sealed class ReadRunView(RepositoryAccess access, ReadRuns runs, LogTail tails, TimeProvider time)
{
    /// <summary>Lines that a page shows of one log, and of all logs together; the rest is in the raw logs.</summary>
    private const int LinesPerLog = 2000;
    private const int LinesPerPage = 10_000;

    /// <summary>A longer cursor would not fit into the address of the live log, which then begins at the start.</summary>
    private const int CursorLengthMax = 4000;

    /// <summary>All viewers of a run look again at the same moment, when something has happened.</summary>
    private readonly SharedReads<long, (RunRow? Run, IReadOnlyList<JobRow> Jobs)> _again = new();

    /// <param name="jobId">The job to show, or null for the most interesting one.</param>
    /// <returns>Null where there is no such run or job, or the viewer may not know of it.</returns>
    public async Task<RunView?> FindAsync(
        PageFrame frame, string owner, string repo, int runIndex, long? jobId, CancellationToken cancellation)
    {
        if (await access.FindAsync(frame.Viewer, owner, repo, cancellation) is not { } visible
            || await runs.FindAsync(visible.Repository.Id, runIndex, cancellation) is not { } run)
        {
            return null;
        }

        var parent = run.ParentRunId is { } parentId ? await runs.FindAsync(parentId, cancellation) : null;
        var jobs = await runs.JobsAsync(run.Id, cancellation);
        var job = jobId is { } id ? jobs.FirstOrDefault(job => job.Id == id) : RunView.MostInteresting(jobs);
        return job is null && jobId is not null
            ? null
            : new RunView(frame, visible.Repository, visible.Permission >= Permission.Write, run, parent?.RunIndex, jobs, job)
            {
                Summary = await SummaryAsync(job, null, cancellation),
            };
    }

    /// <summary>The same a moment later, or null where the run is gone or may no longer be seen.</summary>
    public async Task<RunView?> AgainAsync(RunView view, CancellationToken cancellation)
    {
        var (run, jobs) = await _again.ReadAsync(view.Run.Id, () => ReadAsync(view.Run.Id), cancellation);
        if (run is null)
            return null;
        var job = jobs.FirstOrDefault(job => job.Id == view.Job?.Id);
        return view with
        {
            Frame = view.Frame with { Now = time.GetUtcNow().UtcDateTime },
            Run = run,
            Jobs = jobs,
            Job = job,
            Summary = await SummaryAsync(job, view.Summary, cancellation),
        };
    }

    /// <param name="known">What was rendered before: summaries only become more.</param>
    private async Task<RenderedSummary?> SummaryAsync(JobRow? job, RenderedSummary? known, CancellationToken cancellation)
    {
        var bytes = job?.Steps.Sum(step => (long)step.SummaryBytes) ?? 0;
        if (bytes == 0 || bytes == known?.Bytes)
            return bytes == 0 ? null : known;
        return RenderedSummary.Of(await runs.SummariesAsync(job!.Id, cancellation), bytes);
    }

    private async Task<(RunRow? Run, IReadOnlyList<JobRow> Jobs)> ReadAsync(long runId)
    {
        // The run first: once it has ended, nothing that is read after it is older than its end.
        var run = await runs.FindAsync(runId, CancellationToken.None);
        return (run, run is null ? [] : await runs.JobsAsync(runId, CancellationToken.None));
    }

    public async Task<bool> MayStillSeeAsync(RunView view, CancellationToken cancellation) =>
        await access.FindAsync(view.Frame.Viewer, view.Repository.Id, cancellation) is not null;

    /// <summary>The ends of the selected job's logs: those that went wrong or run first, as far as the page has room.</summary>
    public async Task<RunLogs> LogsAsync(RunView view, CancellationToken cancellation)
    {
        if (view.Job is not { } job)
            return RunLogs.None;
        var logs = new LogExcerpt?[job.Steps.Count + 1];
        var room = LinesPerPage;
        foreach (var index in Enumerable.Range(0, logs.Length).OrderBy(index => Rank(job, index)))
        {
            if (room == 0)
                break;
            // Nobody wrote to the log of what did not begin.
            var isEmpty = job.Attempt == 0 || (index > 0 && job.Steps[index - 1] is { Status: "skipped", StartedAt: null });
            logs[index] = isEmpty
                ? LogExcerpt.Empty
                : await tails.ReadAsync(
                    job.Id, job.Attempt, index == 0 ? null : job.Steps[index - 1].Id, Math.Min(LinesPerLog, room), cancellation);
            room -= Math.Min(room, logs[index]!.Lines.Count);
        }

        var cursor = new LogCursor(job.Attempt, [.. logs.Select(log => log?.Next ?? LogPosition.Start)]).ToString();
        return new RunLogs(logs, cursor.Length <= CursorLengthMax ? cursor : "");
    }

    /// <summary>What is wrong with the run's workflow file.</summary>
    public static IReadOnlyList<Diagnostic> Diagnostics(RunRow run) =>
        run.Diagnostics is null ? [] : JsonSerializer.Deserialize(run.Diagnostics, RunJson.Default.IReadOnlyListDiagnostic) ?? [];

    /// <summary>Why the job failed before it could run.</summary>
    public static IReadOnlyList<Diagnostic> Diagnostics(JobRow job) =>
        job.Diagnostics is null ? [] : JsonSerializer.Deserialize(job.Diagnostics, RunJson.Default.IReadOnlyListDiagnostic) ?? [];

    private static int Rank(JobRow job, int index) =>
        index == 0 ? 1
        : StatusLook.Of(job.Steps[index - 1].Status, job.Steps[index - 1].Conclusion).Kind is "bad" or "live" ? 0
        : 1 + index;
}
