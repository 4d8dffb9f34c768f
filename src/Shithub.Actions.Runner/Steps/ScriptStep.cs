using System.Globalization;
using Microsoft.Extensions.Logging;
using Shithub.Actions.Protocol;
using Shithub.Actions.Runner.Engine;
using Shithub.Actions.Runner.Jobs;
using Shithub.Actions.Runner.Leases;
using Shithub.Actions.Runner.Sandbox;
using Shithub.Actions.Runner.WorkflowCommands;
using Shithub.Actions.Workflows;

namespace Shithub.Actions.Runner.Steps;

/// <summary>Runs the script of a step in the job's container, and takes what it left in its files.</summary>
internal sealed partial class ScriptStep(JobSession session, StepSequence sequence, StepVoice voice, StepLimit limit)
{
    /// <summary>What a killed step may still have to say, and how long the engine has to kill it.</summary>
    private static readonly TimeSpan LastWords = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan KillTime = TimeSpan.FromSeconds(10);

    /// <summary>128 + SIGKILL; what a shell says of a program that is not there.</summary>
    private const int Killed = 137;
    private const int NotFound = 127;

    private readonly ILogger _logger = session.Runner.Loggers.CreateLogger<ScriptStep>();

    public async Task<StepResult> RunAsync(PreparedStep step, StepFiles files)
    {
        if (WorkspacePath.Relative(step.WorkingDirectory) is not { } folder)
        {
            await voice.FailAsync($"failed: working-directory '{step.WorkingDirectory}' leaves the workspace.");
            return StepResult.Of(StepOutcome.Failure);
        }

        session.ScriptsBegan = true;
        var ready = await session.Container;
        var shell = StepShell.Of(step.Shell, ready.Fence.HasBash);
        files.Create(session.Workspace);
        var script = await session.Workspace.WriteScriptAsync(shell.Wrap(step.Script!), shell.Extension, limit.Reached);
        var output = new OutputCommands(
            voice.Log, session.Masks, voice.Notes, remark => session.SayAsync($"'{voice.Name}': {remark}"));
        using var reading = CancellationTokenSource.CreateLinkedTokenSource(session.Lifetime.Lost);
        var exec = ready.Container.RunScriptAsync(
            shell.Command(script), Variables(step, ready.Fence), WorkspacePath.InContainer(folder), output.WriteAsync, reading.Token);
        int? exitCode = await EndsByItselfAsync(exec) ? await exec : null;
        if (exitCode is null)
        {
            await StopAsync(ready.Container, files, step);
            reading.CancelAfter(LastWords);
            await ListenAsync(exec);
        }

        await output.CompleteAsync(session.Lifetime.Lost);
        if (voice.IsInAction && !output.EndsWithLine) await voice.Log.WriteLineAsync("", session.Lifetime.Lost);
        var outcome = exitCode is null
            ? (limit.TimedOut || !limit.JobStops ? StepOutcome.Failure : StepOutcome.Cancelled)
            : exitCode == 0 ? StepOutcome.Success : StepOutcome.Failure;
        if (exitCode is not (null or 0)) await voice.FailAsync(await DescribeAsync(exitCode.Value, shell, ready.Container));
        return await TakeAsync(files.Read(), step, outcome);
    }

    private static List<KeyValuePair<string, string>> Variables(PreparedStep step, Fence fence)
    {
        var variables = step.Environment.ToList();
        if (step.SearchPath.Count > 0)
            variables.Add(new("PATH", string.Join(':', [.. step.SearchPath, step.Environment.GetValueOrDefault("PATH", fence.SearchPath)])));
        return variables;
    }

    private async Task<StepResult> TakeAsync(StepFileContents contents, PreparedStep step, StepOutcome outcome)
    {
        if (contents.Problem is not null)
        {
            await voice.FailAsync($"failed: {contents.Problem}.");
            if (outcome == StepOutcome.Success) outcome = StepOutcome.Failure;
        }

        var summaryProblem = contents.SummaryProblem
            ?? (voice.Notes.AddSummary(contents.Summary) ? null : $"its summaries have more than {ProtocolLimits.SummaryBytes / 1024} KiB together");
        if (summaryProblem is not null)
        {
            // As on GitHub: a summary that can't be had is told and fails nothing.
            voice.Notes.Add(new StepAnnotation(AnnotationLevels.Error, $"The summary is left out: {summaryProblem}."));
            await voice.SayAsync($"has no summary: {summaryProblem}.");
        }

        return new StepResult(
            outcome,
            [.. contents.Outputs.Select(output => new StepOutput(output.Key, output.Value, step.IsTainted))],
            contents.Env,
            contents.SearchPath);
    }

    private async Task<string> DescribeAsync(int exitCode, StepShell shell, JobContainer container)
    {
        if (exitCode == NotFound)
        {
            var (missing, _) = await container.ExecShortAsync(["sh", "-c", "command -v \"$1\"", "sh", shell.Program], limit.Reached);
            if (missing != 0) return $"failed: the image has no '{shell.Program}', which the step's shell needs.";
        }

        var hint = exitCode == Killed ? "; it was killed, perhaps because it needed more memory than a job may have" : "";
        return string.Create(CultureInfo.InvariantCulture, $"failed with exit code {exitCode}{hint}.");
    }

    /// <returns>False if the step has to stop first.</returns>
    private async Task<bool> EndsByItselfAsync(Task exec)
    {
        using var over = CancellationTokenSource.CreateLinkedTokenSource(limit.Reached);
        var first = await Task.WhenAny(exec, Task.Delay(Timeout.Infinite, over.Token));
        await over.CancelAsync();
        return first == exec;
    }

    /// <summary>The container as a whole dies, unless steps are left that are to run all the same.</summary>
    private async Task StopAsync(JobContainer container, StepFiles files, PreparedStep step)
    {
        using var bounded = new CancellationTokenSource(KillTime);
        try
        {
            var isOver = session.Lifetime.Ending.IsCancellationRequested
                || (limit.JobStops && !sequence.AnyRunsAfterCancel(step.Index + 1));
            if (!isOver && await StepProcesses.KillAsync(container, files.Mark, bounded.Token)) return;
            await container.KillAsync(bounded.Token);
        }
        catch (Exception e) when (e is EngineException or OperationCanceledException)
        {
            // Removing the container at the end of the job is the second try.
            KillFailed(_logger, session.Job.Id, step.Index, e.Message);
        }
    }

    /// <summary>The last words of a step that was stopped; how its command ended does not matter any more.</summary>
    private async Task ListenAsync(Task exec)
    {
        try
        {
            await exec;
        }
        catch (Exception e) when (e is EngineException or SandboxException or IOException or InvalidDataException
            || (e is OperationCanceledException && session.Lifetime.Reason != StopReason.Lost))
        {
        }
    }

    [LoggerMessage(1, LogLevel.Error, "Job {JobId}, step {Step}: the processes could not be ended: {Reason}")]
    private static partial void KillFailed(ILogger logger, long jobId, int step, string reason);
}
