using Shithub.Actions.Protocol;
using Shithub.Actions.Runner.Leases;
using Shithub.Actions.Runner.Logs;
using Shithub.Actions.Runner.WorkflowCommands;
using Shithub.Actions.Workflows;

namespace Shithub.Actions.Runner.Steps;

/// <summary>Runs the steps of a job one after the other and reports each.</summary>
internal sealed class JobSteps(JobSession session)
{
    private readonly StepSequence _steps = session.Execution.Steps;

    /// <summary>Before each step: tells the execution that the job was cancelled, or that its time is over.</summary>
    /// <returns>False if no step runs any more.</returns>
    public static bool MayGoOn(JobSession session, StepSequence steps, int next)
    {
        if (session.Lifetime.Ending.IsCancellationRequested) return false;
        if (session.Lifetime.Reason == StopReason.None) return true;
        session.Execution.Cancel();
        return steps.AnyRunsAfterCancel(next);
    }

    /// <exception cref="OperationCanceledException">The attempt is lost.</exception>
    public async Task RunAsync()
    {
        var claimed = session.Job.Steps;
        for (var index = 0; index < claimed.Count && MayGoOn(session, _steps, index); index++)
        {
            var files = new StepFiles();
            var decision = _steps.Begin(index, files.Paths);
            if (decision.Step is { } step) await RunAsync(claimed[index], step, files);
            else if (decision.Problem is { } problem) await FailAsync(claimed[index], decision, problem);
            else await session.Report.ReportStepAsync(claimed[index].Id, StatusNames.Skipped, ConclusionNames.Skipped);
        }

        if (session.Lifetime.Reason != StopReason.None) session.Execution.Cancel();
    }

    private async Task RunAsync(ClaimedStep claimed, PreparedStep step, StepFiles files)
    {
        // A checkout needs no container and runs while it starts; all else would say that a step began that could not.
        var isCheckout = step.Uses is not null && BuiltInActions.IsCheckout(step.Uses);
        if (!isCheckout || session.Container.IsFaulted) await session.Container;
        await session.Report.ReportStepAsync(claimed.Id, StatusNames.Running, null);
        var runner = new StepRunner(session, _steps);
        StepEnding ending;
        var notes = new StepNotes();
        await using (var log = new LogStream(session.Report, claimed.Id, session.Masks, session.Runner.Time))
        {
            var voice = new StepVoice(session, step.Name, log, notes, IsInAction: false);
            var result = await runner.RunAsync(step, files, voice, outer: null);
            await log.CompleteAsync();
            ending = _steps.End(step, result);
            foreach (var remark in ending.Remarks) await session.SayAsync($"'{step.Name}': {remark}");
        }

        if (ending.Outcome != ending.Conclusion) await session.SayAsync("The job goes on because of continue-on-error.");
        await ReportAsync(claimed, ending.Conclusion, runner.LastTimedOut, notes);
    }

    private async Task FailAsync(ClaimedStep claimed, StepDecision decision, string problem)
    {
        await session.Report.ReportStepAsync(claimed.Id, StatusNames.Running, null);
        await session.SayAsync($"'{claimed.Name}' failed: {problem}.");
        if (decision.Conclusion == StepOutcome.Success) await session.SayAsync("The job goes on because of continue-on-error.");
        await ReportAsync(claimed, decision.Conclusion, timedOut: false, new StepNotes());
    }

    private Task ReportAsync(ClaimedStep claimed, StepOutcome outcome, bool timedOut, StepNotes notes)
    {
        var conclusion = outcome switch
        {
            StepOutcome.Success => ConclusionNames.Success,
            StepOutcome.Failure => timedOut ? ConclusionNames.TimedOut : ConclusionNames.Failure,
            _ => session.Lifetime.Reason switch
            {
                StopReason.TimedOut => ConclusionNames.TimedOut,
                StopReason.RunnerStopped or StopReason.FenceLost or StopReason.WorkspaceFull => ConclusionNames.Failure,
                _ => ConclusionNames.Cancelled,
            },
        };
        var status = conclusion == ConclusionNames.Cancelled ? StatusNames.Cancelled : StatusNames.Completed;
        var (annotations, summary) = notes.Shown(session.Masks);
        return session.Report.ReportStepAsync(claimed.Id, status, conclusion, annotations, summary);
    }
}
