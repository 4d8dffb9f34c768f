using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Shithub.Actions.Protocol;
using Shithub.Actions.Protocol.LogScrubbing;
using Shithub.Actions.Runner.Checkout;
using Shithub.Actions.Runner.Engine;
using Shithub.Actions.Runner.Leases;
using Shithub.Actions.Runner.Logs;
using Shithub.Actions.Runner.Network;
using Shithub.Actions.Runner.Pods;
using Shithub.Actions.Runner.Sandbox;
using Shithub.Actions.Runner.Steps;
using Shithub.Actions.Runner.Warm;
using Shithub.Actions.Workflows;

namespace Shithub.Actions.Runner.Jobs;

/// <summary>Runs one attempt of a job from its claim to its last report.</summary>
internal sealed partial class JobRunner : IAsyncDisposable
{
    private static readonly TimeSpan CleanupTime = TimeSpan.FromSeconds(60);
    private readonly RunnerContext _runner;
    private readonly ClaimedJob _job;
    private readonly AttemptLifetime _lifetime;
    private readonly TreeSource _source;
    private readonly IJobReport _report;
    private readonly JobMasks _masks;
    private readonly LogStream _log;
    private readonly ILogger _logger;
    private readonly CancellationTokenSource _starting;
    private JobWorkspace? _workspace;
    private WarmSlot? _warm;
    private Task<Pod>? _pod;
    private JobSession? _session;
    private string? _fenceLoss;
    private string? _excess;
    private WorkspaceWatch? _watch;

    /// <param name="source">Where <c>actions/checkout</c> gets the run's files.</param>
    public JobRunner(RunnerContext runner, ClaimedJob job, TreeSource source, IJobReport report, AttemptLifetime lifetime)
    {
        (_runner, _source, _report, _lifetime) = (runner, source, report, lifetime);
        _job = job with { Steps = [.. job.Steps.OrderBy(step => step.Index)] };
        _logger = runner.Loggers.CreateLogger<JobRunner>();
        _starting = CancellationTokenSource.CreateLinkedTokenSource(lifetime.Stopping);
        // A caller may give a called workflow 'yes' as a secret: a log without it would be no log.
        var secrets = job.Secrets.Values.Where(value => value.Trim().Length >= MaskAutomaton.ShortestLine);
        _masks = new JobMasks(
            [.. job.MaskValues, .. secrets, job.CheckoutToken, .. job.Actions?.Select(action => action.Token) ?? []]);
        _log = new LogStream(report, null, _masks, runner.Time);
    }

    /// <summary>A script has begun: from here on the job's commands may have had effects.</summary>
    private bool ScriptsBegan => _session?.ScriptsBegan == true;

    /// <summary>Never throws for what a job may do; what it can't help is logged.</summary>
    public async Task RunAsync()
    {
        Started(_logger, _job.Id, _job.Attempt, _job.Repository, _job.JobName);
        try
        {
            var conclusion = await RunStepsAsync();
            var notes = await ReportBlockedAsync();
            var outputs = conclusion is null ? JobOutputs.None : await OutputsAsync();
            await _log.CompleteAsync();
            if (conclusion is null)
            {
                Abandoned(_logger, _job.Id, _job.Attempt);
                return;
            }

            var status = conclusion == ConclusionNames.Cancelled ? StatusNames.Cancelled : StatusNames.Completed;
            var images = _pod is { IsCompletedSuccessfully: true } ? (await _pod).Images : [];
            await _report.ReportJobAsync(
                status, conclusion, outputs, [.. images.Take(ProtocolLimits.ImagesPerJob).Select(image => image with { Image = _masks.Hide(image.Image!) })], notes);
            Ended(_logger, _job.Id, _job.Attempt, conclusion);
        }
        catch (OperationCanceledException) when (_lifetime.Reason == StopReason.Lost)
        {
            WasLost(_logger, _job.Id, _job.Attempt);
        }
    }

    /// <summary>
    /// Kills every process that the job has left; containers that are still starting are given up. Takes as long as the engine needs, at most
    /// about a minute, and never throws: disposing is the second try.
    /// </summary>
    public async Task KillAsync()
    {
        await _starting.CancelAsync();
        try
        {
            if (_pod is not null) await (await _pod).KillAsync();
            else if (_warm is not null) await _warm.Container.Ready.Container.EndAsync();
        }
        catch (Exception e) when (e is EngineException or OperationCanceledException or SandboxException or NetworkFenceException or IOException)
        {
            // Never started.
        }
    }

    public async ValueTask DisposeAsync()
    {
        await KillAsync();
        _starting.Dispose();
        if (_watch is not null) await _watch.DisposeAsync();
        try
        {
            if (_pod is not null) await (await _pod).DisposeAsync();
            else if (_warm is not null) await _warm.Container.DisposeAsync();
        }
        catch (Exception e) when (e is EngineException or OperationCanceledException or SandboxException or NetworkFenceException or IOException)
        {
            // A container that never started, or that the engine does not let go of; the latter is removed at the next start.
            // Whatever it was, the workspace goes too.
            if (_pod is { IsCompletedSuccessfully: true }) CleanupFailed(_logger, _job.Id, e.Message);
        }

        try
        {
            using var bounded = new CancellationTokenSource(CleanupTime);
            if (_workspace is not null) await _workspace.RemoveAsync(bounded.Token);
        }
        catch (Exception e) when (e is IOException or OperationCanceledException)
        {
            CleanupFailed(_logger, _job.Id, e.Message);
        }

        await _log.DisposeAsync();
    }

    /// <returns>The job's conclusion; null when it is left to the server, which queues it again.</returns>
    private async Task<string?> RunStepsAsync()
    {
        var conclusion = ConclusionNames.Success;
        await _log.WriteLineAsync(
            $"Runner {_runner.Name} (shithubd-runner {RunnerVersion.Number}), {_runner.EngineVersion}", _lifetime.Lost);
        try
        {
            var holds = _runner.Network?.RequireAsync(_starting.Token) ?? Task.CompletedTask;
            _workspace = await WorkspaceAsync();
            _workspace.WriteEvent(_job.EventPayload);
            await LimitAsync(_workspace);
            var execution = Execution(_workspace);
            if (execution.Begin() is { } problem)
            {
                await _log.WriteLineAsync($"The job can't begin: {problem}.", _lifetime.Lost);
                return ConclusionNames.Failure;
            }

            var (requested, reason) = ContainerRequests.Evaluate(execution, _job.WorkflowFile, _job.JobKey, _job.Container, _job.Services);
            if (requested is null)
            {
                await _log.WriteLineAsync($"The job can't begin: {reason}.", _lifetime.Lost);
                return ConclusionNames.Failure;
            }

            // The containers start while a checkout, which needs none, is under way.
            var plan = PodPlan.Create(requested, new ImagePolicy(_runner.Spec.Settings.Images, _runner.Spec.Settings.DefaultImage));
            _pod = StartPodAsync(plan, execution, _workspace, holds);
            var container = ContainerOfAsync(_pod);
            if (_job.Steps.All(step => step.Uses is not null && BuiltInActions.IsCheckout(step.Uses))) await container;
            var actions = new ActionFolders(_job, _workspace, _runner.Spec.User, _runner.Checkout);
            _session = new JobSession(
                _runner, _job, execution, _source, actions, _workspace, _report, _masks, _lifetime, _log, container);
            await new JobSteps(_session).RunAsync();
            if (execution.Status == StepOutcome.Failure)
            {
                conclusion = ConclusionNames.Failure;
                await (await _pod).WriteServiceLogsAsync(_lifetime.Lost);
            }
        }
        catch (OperationCanceledException) when (_lifetime.Reason is not (StopReason.None or StopReason.Lost))
        {
            // Stopped while the container was starting.
        }
        catch (EngineException e) when (e.Status is null && !ScriptsBegan)
        {
            // Not the job's fault, and nothing of it has happened: another runner may do better.
            ContainerFailed(_logger, _job.Id, e.Message);
            await _log.WriteLineAsync("This runner's container engine does not answer; the job is queued again.", _lifetime.Lost);
            return null;
        }
        catch (Exception e) when (!ScriptsBegan && (e is NetworkFenceException || (IsBroken(e) && _runner.Network?.Problem is not null)))
        {
            // As above; the engine has rules of its own in the firewall that somebody flushed.
            ContainerFailed(_logger, _job.Id, e.Message);
            await _log.WriteLineAsync($"This runner's network fence does not hold ({e.Message}); the job is queued again.", _lifetime.Lost);
            return null;
        }
        catch (Exception e) when (IsBroken(e))
        {
            ContainerFailed(_logger, _job.Id, e.Message);
            await _log.WriteLineAsync($"The job can't run here: {e.Message}", _lifetime.Lost);
            conclusion = ConclusionNames.Failure;
        }

        _lifetime.Lost.ThrowIfCancellationRequested();
        return await ConcludeAsync(conclusion);
    }

    private static bool IsBroken(Exception e) => e is SandboxException or EngineException or IOException;

    /// <summary>With a container that waits for it, or an empty one without.</summary>
    private async Task<JobWorkspace> WorkspaceAsync()
    {
        if (_runner.Warm is not null && WarmSlot.Fits(_job)) _warm = await _runner.Warm.TakeAsync(_lifetime.Stopping);
        if (_warm is null)
        {
            return await JobWorkspace.CreateAsync(
                _runner.WorkspaceRoot, string.Create(CultureInfo.InvariantCulture, $"{_job.Id}-{_job.Attempt}"), _runner.Spec.User,
                _runner.Workspaces?.Disk);
        }

        TookWarm(_logger, _job.Id, _job.Attempt, _warm.Name);
        return _warm.Workspace;
    }

    private async Task<JobOutputs> OutputsAsync()
    {
        if (_session is null) return JobOutputs.None;
        var remarks = new List<string>();
        var outputs = _session.Execution.EvaluateOutputs(_masks.AreIn, remarks);
        foreach (var remark in remarks) await _log.WriteLineAsync(remark, _lifetime.Lost);
        return outputs;
    }

    private JobExecution Execution(JobWorkspace workspace)
    {
        var facts = new RunnerFacts(
            _runner.Name,
            RuntimeInformation.OSArchitecture.ToString().ToUpperInvariant(),
            ContainerPaths.Temp,
            ContainerPaths.Tools,
            ContainerPaths.Workspace,
            ContainerPaths.Home,
            ContainerPaths.EventFile,
            IsDebug());
        return new JobExecution(
            ClaimedTexts.Job(_job),
            ClaimedTexts.Contexts(_job),
            _job.Secrets,
            facts,
            patterns => WorkspaceHash.Compute(workspace.Workspace, patterns, _runner.Time, _lifetime.Ending));
    }

    /// <summary>GitHub's secret or variable for it.</summary>
    private bool IsDebug()
    {
        const string Name = "ACTIONS_STEP_DEBUG";
        return _job.Secrets.GetValueOrDefault(Name) == "true"
            || (_job.Contexts?.Values is { ValueKind: JsonValueKind.Object } values
                && values.TryGetProperty("vars", out var vars) && vars.ValueKind == JsonValueKind.Object
                && vars.TryGetProperty(Name, out var value) && value.ValueKind == JsonValueKind.String && value.GetString() == "true");
    }

    private async Task<string?> ConcludeAsync(string conclusion)
    {
        switch (_lifetime.Reason)
        {
            case StopReason.Cancelled:
                await _log.WriteLineAsync("The job was cancelled.", _lifetime.Lost);
                return ConclusionNames.Cancelled;
            case StopReason.TimedOut:
                await _log.WriteLineAsync($"The job exceeded its limit of {_job.TimeoutMinutes} minutes and was stopped.", _lifetime.Lost);
                return ConclusionNames.TimedOut;
            case StopReason.FenceLost:
                await _log.WriteLineAsync(
                    $"The job was stopped: the network's fence on this runner was lost while it was running ({_fenceLoss}). "
                    + (ScriptsBegan ? "Run it again." : "No step had begun; the job is queued again."),
                    _lifetime.Lost);
                return ScriptsBegan ? ConclusionNames.Failure : null;
            case StopReason.WorkspaceFull:
                await _log.WriteLineAsync($"The job was stopped: its workspace {_excess}.", _lifetime.Lost);
                return ConclusionNames.Failure;
            case StopReason.RunnerStopped when ScriptsBegan:
                await _log.WriteLineAsync("The runner was stopped while this job was running. Run it again.", _lifetime.Lost);
                return ConclusionNames.Failure;
            case StopReason.RunnerStopped:
                await _log.WriteLineAsync("The runner was stopped before a step had begun; the job is queued again.", _lifetime.Lost);
                return null;
            default:
                return conclusion;
        }
    }

    private Task<Pod> StartPodAsync(PodPlan plan, JobExecution execution, JobWorkspace workspace, Task holds)
    {
        var name = _warm?.Name ?? ReadyContainer.NewName(_job.Id, _job.Attempt);
        var network = _runner.Spec.Settings.Network;
        execution.Describe(PodContexts.Container(name, network), PodContexts.Services(plan, name, network));
        return Pod.StartAsync(_runner, _job, plan, name, workspace, _warm, holds, LoseFence, _log, _starting.Token);
    }

    private async Task LimitAsync(JobWorkspace workspace)
    {
        if (_runner.Workspaces is not { } limits) return;
        await _log.WriteLineAsync($"Fence: {limits}", _lifetime.Lost);
        if (limits.Disk is not null) return;
        _watch = WorkspaceWatch.Start(
            workspace.Folder,
            limits,
            excess =>
            {
                _excess = excess;
                _lifetime.Stop(StopReason.WorkspaceFull);
            },
            _runner.Time);
    }

    private void LoseFence(string reason)
    {
        _fenceLoss ??= reason;
        _lifetime.Stop(StopReason.FenceLost);
    }

    /// <returns>The same for the job's page.</returns>
    private async Task<IReadOnlyList<StepAnnotation>> ReportBlockedAsync()
    {
        if (_pod is not { IsCompletedSuccessfully: true }) return [];
        try
        {
            return BlockedNotes.Of(await (await _pod).ReportBlockedAsync(_lifetime.Lost), _masks);
        }
        catch (Exception e) when (e is NetworkFenceException or IOException)
        {
            await _log.WriteLineAsync($"What the network's fence blocked can't be told: {e.Message}", _lifetime.Lost);
            return [];
        }
    }

    private static async Task<ReadyContainer> ContainerOfAsync(Task<Pod> pod) => (await pod).Job;

    [LoggerMessage(1, LogLevel.Information, "Job {JobId}, attempt {Attempt}: running {Repository} / {Name}.")]
    private static partial void Started(ILogger logger, long jobId, int attempt, string repository, string name);

    [LoggerMessage(2, LogLevel.Information, "Job {JobId}, attempt {Attempt}: {Conclusion}.")]
    private static partial void Ended(ILogger logger, long jobId, int attempt, string conclusion);

    [LoggerMessage(3, LogLevel.Warning, "Job {JobId}, attempt {Attempt}: no longer this runner's; its container is killed, nothing is reported.")]
    private static partial void WasLost(ILogger logger, long jobId, int attempt);

    [LoggerMessage(4, LogLevel.Information, "Job {JobId}, attempt {Attempt}: left to the server to queue again.")]
    private static partial void Abandoned(ILogger logger, long jobId, int attempt);

    [LoggerMessage(5, LogLevel.Error, "Job {JobId} can't run here: {Reason}")]
    private static partial void ContainerFailed(ILogger logger, long jobId, string reason);

    [LoggerMessage(7, LogLevel.Information, "Job {JobId}, attempt {Attempt}: has the warm container {Name}.")]
    private static partial void TookWarm(ILogger logger, long jobId, int attempt, string name);

    [LoggerMessage(6, LogLevel.Error, "Job {JobId}: something is left behind: {Reason}")]
    private static partial void CleanupFailed(ILogger logger, long jobId, string reason);
}
