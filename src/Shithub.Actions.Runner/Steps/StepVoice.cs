using Shithub.Actions.Runner.Logs;
using Shithub.Actions.Runner.WorkflowCommands;

namespace Shithub.Actions.Runner.Steps;

/// <summary>
/// Where a step's output goes, and what the runner has to say about the step. The log of a script's step holds what the script wrote
/// and nothing else; what the runner says goes to the job's log. The steps of an action share the log of the step that uses it, and there
/// the runner says things, too.
/// </summary>
/// <param name="Name">The step's, behind those of the steps it is part of.</param>
/// <param name="Log">The step's.</param>
/// <param name="Notes">The step's, shared as the log is.</param>
/// <param name="IsInAction">The step is part of an action.</param>
internal sealed record StepVoice(JobSession Session, string Name, LogStream Log, StepNotes Notes, bool IsInAction)
{
    public StepVoice Of(string inner) => this with { Name = $"{Name} / {inner}", IsInAction = true };

    /// <param name="what">Follows the step's name: <c>failed with exit code 1.</c></param>
    public ValueTask SayAsync(string what) => Session.SayAsync($"'{Name}' {what}");

    /// <summary>As <see cref="SayAsync"/>, and shown where the step's output is if others share that.</summary>
    public async ValueTask FailAsync(string what)
    {
        if (IsInAction) await Log.WriteLineAsync($"##[error]'{Name}' {what}", Session.Lifetime.Lost);
        await SayAsync(what);
    }
}
