using Shithub.Actions.Protocol;
using Shithub.Actions.Runner.Jobs;
using Shithub.Actions.Runner.Leases;
using Shithub.Actions.Workflows;

namespace Shithub.Actions.Runner.Local;

/// <summary>One job of a local run.</summary>
internal sealed class LocalJob(RunnerContext runner, ClaimedJob job, TreeCopy tree, TextWriter output) : IDisposable
{
    private readonly TerminalReport _report = new(job, output);
    private readonly AttemptLifetime _lifetime = new(
        job.Id, job.Attempt, Timeout.InfiniteTimeSpan, TimeSpan.FromMinutes(job.TimeoutMinutes), runner.Time.GetTimestamp(), runner.Time);

    private readonly long _startedAt = runner.Time.GetTimestamp();

    /// <summary>Ends when nothing of the job is left.</summary>
    public Task Ended { get; private set; } = Task.CompletedTask;

    /// <summary>The run has taken note of its end.</summary>
    public bool IsOver { get; set; }

    public double Seconds { get; private set; }

    /// <summary>A job that was given up has failed, unless somebody wanted it to end.</summary>
    public string Conclusion => _report.Conclusion
        ?? (_lifetime.Reason is StopReason.None ? ConclusionNames.Failure : ConclusionNames.Cancelled);

    public JobOutputs Outputs => _report.Outputs;

    /// <summary>Those that have ended or were skipped.</summary>
    public IReadOnlyList<StepResult> Steps() =>
    [
        .. job.Steps.Select(step => (step.Name, Conclusion: _report.ConclusionOf(step.Id))).Where(step => step.Conclusion is not null)
            .Select(step => new StepResult(step.Name, step.Conclusion!)),
    ];

    public void Start() => Ended = Task.Run(RunAsync);

    public void Stop(StopReason reason) => _lifetime.Stop(reason);

    public void Dispose() => _lifetime.Dispose();

    private async Task RunAsync()
    {
        try
        {
            await using var attempt = new JobRunner(runner, job, tree.WriteAsync, _report, _lifetime);
            await attempt.RunAsync();
        }
        finally
        {
            Seconds = runner.Time.GetElapsedTime(_startedAt).TotalSeconds;
        }
    }
}
