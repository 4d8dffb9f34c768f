using Shithub.Actions.Protocol;
using Shithub.Actions.Runner.Checkout;
using Shithub.Actions.Runner.Jobs;
using Shithub.Actions.Runner.Leases;
using Shithub.Actions.Runner.Logs;
using Shithub.Actions.Runner.Sandbox;
using Shithub.Actions.Workflows;

namespace Shithub.Actions.Runner.Steps;

/// <summary>What the steps of one attempt share.</summary>
/// <param name="Source">Where the run's files come from.</param>
/// <param name="Log">The job's own: what the runner has to say about steps goes there.</param>
internal sealed record JobSession(
    RunnerContext Runner,
    ClaimedJob Job,
    JobExecution Execution,
    TreeSource Source,
    ActionFolders Actions,
    JobWorkspace Workspace,
    IJobReport Report,
    JobMasks Masks,
    AttemptLifetime Lifetime,
    LogStream Log,
    Task<ReadyContainer> Container)
{
    /// <summary>A step that can touch the workspace has begun: from here on the job's commands may have had effects.</summary>
    public bool ScriptsBegan { get; set; }

    public ValueTask SayAsync(string line) => Log.WriteLineAsync(line, Lifetime.Lost);
}
