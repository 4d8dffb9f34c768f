namespace Shithub.Actions.Server.Runs;
public sealed class RerunRun
{
    public Task<EnqueuedRun> ExecuteAsync(RunRow run, long? actorId, string? key, CancellationToken cancellation) => throw new NotSupportedException();
}
