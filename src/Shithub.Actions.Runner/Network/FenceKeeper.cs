using System.Threading.Channels;
using Shithub.Actions.Configuration;
using Shithub.Actions.Runner.Engine;

namespace Shithub.Actions.Runner.Network;

/// <summary>
/// Keeps the fence for a service: what ceases to hold is made anew, at once when the kernel says so and else within seconds. Jobs that ran
/// meanwhile are their runner's to stop. Holds the lid, too, so that there is one while no runner runs.
/// </summary>
/// <param name="read">The settings as they are now: an operator may have changed them.</param>
internal sealed class FenceKeeper(EngineClient engine, Func<RunnerSettings> read, TextWriter log)
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(2);

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var changes = Channel.CreateBounded<string>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
        using var watch = new FenceWatch(FencePlan.From(read()), change => changes.Writer.TryWrite(change));
        string? told = null;
        while (true)
        {
            try
            {
                watch.Ensure();
                var fence = new NetworkFence(FencePlan.From(read()));
                if (await FenceState.ProblemAsync(fence, cancellationToken) is { } problem)
                {
                    if (problem != told) await log.WriteLineAsync($"Making the fence anew: {problem}");
                    told = problem;
                    await fence.UpAsync(engine, cancellationToken);
                }
                else
                {
                    told = null;
                }
            }
            catch (Exception e) when (e is NetworkFenceException or EngineException or IOException or SettingsException)
            {
                if (e.Message != told) await log.WriteLineAsync($"The fence can't be made: {e.Message}");
                told = e.Message;
            }

            using var pause = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            pause.CancelAfter(LookEvery);
            try
            {
                await changes.Reader.ReadAsync(pause.Token);
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                // Nothing happened.
            }
        }
    }
}
