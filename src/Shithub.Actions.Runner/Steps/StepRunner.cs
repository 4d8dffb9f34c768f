using Microsoft.Extensions.Logging;
using Shithub.Actions.Runner.Checkout;
using Shithub.Actions.Runner.Engine;
using Shithub.Actions.Runner.Leases;
using Shithub.Actions.Runner.Sandbox;
using Shithub.Actions.Runner.WorkflowCommands;
using Shithub.Actions.Workflows;

namespace Shithub.Actions.Runner.Steps;

/// <summary>Runs one step that has begun, whatever kind it is, and turns what may go wrong into its outcome.</summary>
internal sealed partial class StepRunner(JobSession session, StepSequence sequence)
{
    private readonly ILogger _logger = session.Runner.Loggers.CreateLogger<StepRunner>();

    /// <param name="outer">The limit of the step whose action this one is part of.</param>
    /// <exception cref="OperationCanceledException">The attempt is lost.</exception>
    public async Task<StepResult> RunAsync(PreparedStep step, StepFiles files, StepVoice voice, StepLimit? outer)
    {
        using var limit = new StepLimit(session.Lifetime, outer, step.TimeoutMinutes, session.Runner.Time);
        var result = await AttemptAsync(step, files, voice, limit);
        if (limit.TimedOut && outer?.TimedOut != true)
            await voice.FailAsync($"exceeded its limit of {step.TimeoutMinutes} minutes and was stopped.");
        LastTimedOut = limit.TimedOut;
        return result;
    }

    /// <summary>Whether the last step was stopped at its deadline.</summary>
    public bool LastTimedOut { get; private set; }

    private async Task<StepResult> AttemptAsync(PreparedStep step, StepFiles files, StepVoice voice, StepLimit limit)
    {
        try
        {
            if (step.Script is not null) return await new ScriptStep(session, sequence, voice, limit).RunAsync(step, files);
            return BuiltInActions.Find(step.Uses!) is { } action
                ? await new BuiltInStep(session, voice, limit).RunAsync(step, action)
                : await new CompositeStep(session, sequence, voice, limit).RunAsync(step);
        }
        catch (CheckoutException e)
        {
            if (!voice.IsInAction) await voice.Log.WriteLineAsync($"Error: {e.Message}", session.Lifetime.Lost);
            await voice.FailAsync($"failed: {e.Message}");
        }
        catch (Exception e) when (e is EngineException or SandboxException or IOException or InvalidDataException)
        {
            EngineFailed(_logger, session.Job.Id, step.Index, e.Message);
            await voice.FailAsync($"could not be run: {e.Message}");
        }
        catch (OperationCanceledException) when (limit.Reached.IsCancellationRequested && session.Lifetime.Reason != StopReason.Lost)
        {
            // Said by whoever concludes.
        }

        session.Lifetime.Lost.ThrowIfCancellationRequested();
        return StepResult.Of(limit.JobStops && !limit.TimedOut ? StepOutcome.Cancelled : StepOutcome.Failure);
    }

    [LoggerMessage(1, LogLevel.Error, "Job {JobId}, step {Step}: {Reason}")]
    private static partial void EngineFailed(ILogger logger, long jobId, int step, string reason);
}
