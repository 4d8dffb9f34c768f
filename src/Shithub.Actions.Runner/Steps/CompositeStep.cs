using Shithub.Actions.Runner.Checkout;
using Shithub.Actions.Runner.WorkflowCommands;
using Shithub.Actions.Workflows;

namespace Shithub.Actions.Runner.Steps;

/// <summary>Runs a composite action: its steps one after the other, into the log of the step that uses it.</summary>
internal sealed class CompositeStep(JobSession session, StepSequence outer, StepVoice voice, StepLimit limit)
{
    /// <exception cref="CheckoutException">The action can't be had; the message is for the author.</exception>
    public async Task<StepResult> RunAsync(PreparedStep step)
    {
        if (outer.Depth >= WorkflowLimits.MaxActionDepth)
            throw new CheckoutException($"'{step.Uses}' is not run: actions may use each other {WorkflowLimits.MaxActionDepth} deep.");
        var (action, place) = await session.Actions.FindAsync(step, voice.Log, limit.Reached);
        var remarks = new List<string>();
        StepSequence inner;
        try
        {
            inner = outer.EnterAction(step, action, place, remarks);
        }
        catch (TemplateException e)
        {
            throw new CheckoutException($"the default of an input of '{step.Uses}' can't be evaluated: {e.Message}");
        }

        foreach (var remark in remarks) await voice.Log.WriteLineAsync($"##[warning]{remark}", session.Lifetime.Lost);
        for (var index = 0; index < inner.Count && await RunAsync(inner, index); index++)
        {
        }

        if (limit.JobStops) session.Execution.Cancel();
        remarks.Clear();
        var result = inner.LeaveAction(remarks);
        foreach (var remark in remarks) await voice.Log.WriteLineAsync($"##[warning]{remark}", session.Lifetime.Lost);
        return limit.TimedOut ? result with { Outcome = StepOutcome.Failure } : result;
    }

    /// <returns>False if no step runs any more.</returns>
    private async Task<bool> RunAsync(StepSequence inner, int index)
    {
        if (!JobSteps.MayGoOn(session, inner, index) || limit.TimedOut) return false;
        var files = new StepFiles();
        var decision = inner.Begin(index, files.Paths);
        if (decision.Step is { } step)
        {
            await ShowAsync(step);
            var own = voice.Of(step.Name);
            var result = await new StepRunner(session, inner).RunAsync(step, files, own, limit);
            var ending = inner.End(step, result);
            foreach (var remark in ending.Remarks) await session.SayAsync($"'{own.Name}': {remark}");
            if (ending.Outcome != ending.Conclusion) await own.SayAsync("may fail: the action goes on because of continue-on-error.");
        }
        else if (decision.Problem is { } problem)
        {
            await voice.Of($"step {index + 1}").FailAsync($"could not begin: {problem}.");
        }

        return true;
    }

    /// <summary>What is about to run, as GitHub's logs have it.</summary>
    private async ValueTask ShowAsync(PreparedStep step)
    {
        var name = step.Name.StartsWith("Run ", StringComparison.Ordinal) ? step.Name : $"Run {step.Name}";
        var lines = step.Script is { } script ? script.TrimEnd().Split('\n') : [$"uses: {step.Uses}"];
        await voice.Log.WriteLineAsync(
            string.Join('\n', [$"##[group]{name}", .. lines.Select(line => line.TrimEnd('\r')), "##[endgroup]"]), session.Lifetime.Lost);
    }
}
