using Shithub.Actions.Runner.Checkout;
using Shithub.Actions.Workflows;

namespace Shithub.Actions.Runner.Steps;

/// <summary>The actions that the runner has built in, as far as they need no container of their own.</summary>
internal sealed class BuiltInStep(JobSession session, StepVoice voice, StepLimit limit)
{
    /// <exception cref="CheckoutException">It can't be done; the message is for the author.</exception>
    public async Task<StepResult> RunAsync(PreparedStep step, BuiltInAction action)
    {
        switch (action.Kind)
        {
            case BuiltInActionKind.Checkout:
                return await CheckOutAsync(step);
            case BuiltInActionKind.Cache or BuiltInActionKind.CacheRestore:
                return await MissCacheAsync(step, action);
            case BuiltInActionKind.CacheSave:
                await voice.Log.WriteLineAsync("Nothing is saved: this version does not keep caches yet.", session.Lifetime.Lost);
                return StepResult.Of(StepOutcome.Success);
            default:
                throw new CheckoutException($"{step.Uses} needs artifact storage, which this version does not have yet.");
        }
    }

    private async Task<StepResult> CheckOutAsync(PreparedStep step)
    {
        var inputs = CheckoutInputs.Read(step.With, session.Job);
        var checkedOut = await new CheckoutStep(session.Source, session.Workspace, voice.Log)
            .RunAsync(inputs, session.ScriptsBegan, async () => (await session.Container).Container, limit.Reached);

        // A branch's name was chosen by whoever pushed it.
        return StepResult.Of(StepOutcome.Success) with
        {
            Outputs = [new StepOutput("ref", checkedOut.Ref, true), new StepOutput("commit", checkedOut.Commit, false)],
        };
    }

    /// <summary>A workflow must work without its cache; so there is a miss, which is the truth.</summary>
    private async Task<StepResult> MissCacheAsync(PreparedStep step, BuiltInAction action)
    {
        if (step.With.GetValueOrDefault("fail-on-cache-miss", "").Trim().Equals("true", StringComparison.OrdinalIgnoreCase))
            throw new CheckoutException("there is no cache, and fail-on-cache-miss is true: this version does not keep caches yet.");
        var key = step.With.GetValueOrDefault("key", "");
        await voice.Log.WriteLineAsync(
            $"Cache not found for input keys: {key}. This version does not keep caches yet, so each is a miss and nothing is saved.",
            session.Lifetime.Lost);
        var outputs = new List<StepOutput> { new("cache-hit", action.Kind == BuiltInActionKind.Cache ? "" : "false", false) };
        if (action.Kind == BuiltInActionKind.CacheRestore)
        {
            outputs.Add(new StepOutput("cache-primary-key", key, step.IsTainted));
            outputs.Add(new StepOutput("cache-matched-key", "", false));
        }

        return StepResult.Of(StepOutcome.Success) with { Outputs = outputs };
    }
}
