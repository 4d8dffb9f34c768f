using System.Globalization;
using Microsoft.Extensions.Logging;
using Shithub.Actions.Protocol;
using Shithub.Actions.Protocol.LogScrubbing;
using Shithub.Actions.Runner.Checkout;
using Shithub.Actions.Runner.Engine;
using Shithub.Actions.Runner.Leases;
using Shithub.Actions.Runner.Logs;
using Shithub.Actions.Runner.Sandbox;

namespace Shithub.Actions.Runner.Jobs;

/// <summary>
/// Runs one step and reports it. A <c>run:</c> step's log holds what the step wrote and nothing else; what the runner has to say
/// about it goes to the job's log.
/// </summary>
internal sealed partial class StepRun(
    RunnerContext runner,
    ClaimedJob job,
    ClaimedStep step,
    TreeSource source,
    JobWorkspace workspace,
    IJobReport report,
    MaskAutomaton masks,
    AttemptLifetime lifetime,
    LogStream jobLog,
    Func<Task<ReadyContainer>> container)
{
    /// <summary>What a killed step may still have to say, and how long the engine has to kill it.</summary>
    private static readonly TimeSpan LastWords = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan KillTime = TimeSpan.FromSeconds(10);

    /// <summary>128 + SIGKILL.</summary>
    private const int Killed = 137;

    private readonly ILogger _logger = runner.Loggers.CreateLogger<StepRun>();

    /// <param name="stepsBegan">A <c>run:</c> step began before this one.</param>
    /// <returns>The conclusion that counts for the job: a failed step that may fail counts as success.</returns>
    public async Task<string> RunAsync(bool stepsBegan)
    {
        await report.ReportStepAsync(step.Id, StatusNames.Running, null);
        await using var log = new LogStream(report, step.Id, masks, runner.Time);
        var conclusion = await ConcludeAsync(log, stepsBegan);
        await log.CompleteAsync();
        if (conclusion == ConclusionNames.Failure && step.ContinueOnError)
        {
            await SayAsync("The job goes on because of continue-on-error.");
            conclusion = ConclusionNames.Success;
        }

        var status = conclusion == ConclusionNames.Cancelled ? StatusNames.Cancelled : StatusNames.Completed;
        await report.ReportStepAsync(step.Id, status, conclusion);
        return conclusion;
    }

    private async Task<string> ConcludeAsync(LogStream log, bool stepsBegan)
    {
        try
        {
            if (await SucceedsAsync(log, stepsBegan)) return ConclusionNames.Success;
        }
        catch (CheckoutException e)
        {
            await log.WriteLineAsync($"Error: {e.Message}", lifetime.Lost);
            await SayAsync($"'{step.Name}' failed: {e.Message}");
        }
        catch (Exception e) when (e is EngineException or SandboxException or IOException or InvalidDataException)
        {
            EngineFailed(_logger, job.Id, step.Index, e.Message);
            await SayAsync($"'{step.Name}' could not be run: {e.Message}");
        }
        catch (OperationCanceledException) when (lifetime.Reason is not (StopReason.None or StopReason.Lost))
        {
            // Said below.
        }

        return lifetime.Reason switch
        {
            StopReason.Lost => throw new OperationCanceledException(lifetime.Lost),
            StopReason.Cancelled => ConclusionNames.Cancelled,
            StopReason.TimedOut => ConclusionNames.TimedOut,
            _ => ConclusionNames.Failure,
        };
    }

    private async Task<bool> SucceedsAsync(LogStream log, bool stepsBegan)
    {
        if (step.Run is not null) return await RunScriptAsync(step.Run, log);
        if (!CheckoutStep.Is(step.Uses ?? ""))
            throw new CheckoutException($"'{step.Uses}' is not an action that this runner knows; actions/checkout is.");
        await new CheckoutStep(source, workspace, log)
            .RunAsync(CheckoutInputs.Read(step.With, job), stepsBegan, async () => (await container()).Container, lifetime.Stopping);
        return true;
    }

    private async Task<bool> RunScriptAsync(string script, LogStream log)
    {
        if (WorkspacePath.Relative(step.WorkingDirectory) is not { } folder)
        {
            await SayAsync($"'{step.Name}' failed: working-directory '{step.WorkingDirectory}' leaves the workspace.");
            return false;
        }

        var ready = await container();
        var path = await workspace.WriteScriptAsync(step.Index, script, lifetime.Stopping);
        var environment = StepEnvironment.Build(job, step, runner.Name);
        using var reading = CancellationTokenSource.CreateLinkedTokenSource(lifetime.Lost);
        var exec = ready.Container.ExecAsync(
            StepShell.Command(step.Shell, ready.Fence.HasBash, path),
            [.. environment.Select(variable => $"{variable.Key}={variable.Value}")],
            WorkspacePath.InContainer(folder),
            log.WriteAsync,
            reading.Token);
        if (!await EndsByItselfAsync(exec))
        {
            await KillAsync(ready.Container);
            reading.CancelAfter(LastWords);
            await exec;
            return false;
        }

        var exitCode = await exec;
        if (exitCode == 0) return true;
        var hint = exitCode == Killed ? "; it was killed, perhaps because it needed more memory than a job may have" : "";
        await SayAsync(string.Create(CultureInfo.InvariantCulture, $"'{step.Name}' failed with exit code {exitCode}{hint}."));
        return false;
    }

    /// <returns>False if the attempt has to stop first.</returns>
    private async Task<bool> EndsByItselfAsync(Task exec)
    {
        using var over = CancellationTokenSource.CreateLinkedTokenSource(lifetime.Stopping);
        var first = await Task.WhenAny(exec, Task.Delay(Timeout.Infinite, over.Token));
        await over.CancelAsync();
        return first == exec;
    }

    private async Task KillAsync(JobContainer target)
    {
        using var bounded = new CancellationTokenSource(KillTime);
        try
        {
            await target.KillAsync(bounded.Token);
        }
        catch (Exception e) when (e is EngineException or OperationCanceledException)
        {
            // Removing the container at the end of the job is the second try.
            EngineFailed(_logger, job.Id, step.Index, e.Message);
        }
    }

    private ValueTask SayAsync(string line) => jobLog.WriteLineAsync(line, lifetime.Lost);

    [LoggerMessage(1, LogLevel.Error, "Job {JobId}, step {Step}: {Reason}")]
    private static partial void EngineFailed(ILogger logger, long jobId, int step, string reason);
}
