using Microsoft.Extensions.Logging;
using Shithub.Actions.Protocol;
using Shithub.Actions.Runner.Checkout;
using Shithub.Actions.Runner.Jobs;
using Shithub.Actions.Runner.Leases;
using Shithub.Actions.Runner.Server;

namespace Shithub.Actions.Runner.Claims;

/// <summary>How the server is reached.</summary>
/// <param name="Jobs">Connections for the job calls of all attempts.</param>
internal sealed record ServerConnections(RunnerApi Claims, HttpClient Jobs, LeaseKeeper Leases);

/// <summary>A job that the server handed to this runner: keeps its lease and its token while the job runs.</summary>
internal sealed class ClaimedAttempt : IAsyncDisposable
{
    private readonly RunnerContext _runner;
    private readonly LeaseKeeper _leases;
    private readonly AttemptLifetime _lifetime;
    private readonly JobCalls _calls;
    private readonly JobRunner _job;

    /// <param name="claimSentAt"><see cref="TimeProvider.GetTimestamp"/> before the claim was sent.</param>
    public ClaimedAttempt(RunnerContext runner, ServerConnections server, HeartbeatResponse claim, long claimSentAt)
    {
        (_runner, _leases) = (runner, server.Leases);
        var job = claim.Job;
        _lifetime = new AttemptLifetime(
            job.Id,
            job.Attempt,
            TimeSpan.FromSeconds(job.LeaseSeconds),
            TimeSpan.FromMinutes(job.TimeoutMinutes),
            claimSentAt,
            runner.Time);
        _calls = new JobCalls(server.Jobs, claim.Token, _lifetime, runner.Time, runner.Loggers.CreateLogger<JobCalls>());
        _job = new JobRunner(runner, job, new GitFetch(job, runner.Spec.User, runner.Checkout).WriteAsync, _calls, _lifetime);
    }

    /// <summary>The runner is being stopped and waits no longer.</summary>
    public void Stop() => _lifetime.Stop(StopReason.RunnerStopped);

    /// <summary>Never throws for what a job may do; what it can't help is logged.</summary>
    public async Task RunAsync()
    {
        _leases.Track(_lifetime);
        using var over = new CancellationTokenSource();
        var keeping = KeepTokenAsync(over.Token);
        try
        {
            await _job.RunAsync();
        }
        finally
        {
            _leases.Forget(_lifetime);
            await over.CancelAsync();
            await keeping;
        }
    }

    /// <summary>Ends what processes the job has left; see <see cref="JobRunner.KillAsync"/>.</summary>
    public Task KillAsync() => _job.KillAsync();

    public async ValueTask DisposeAsync()
    {
        await _job.DisposeAsync();
        _lifetime.Dispose();
        _calls.Dispose();
    }

    /// <summary>Job tokens live for 15 minutes, and without lease renewals only calls keep the lease: makes one when there is need.</summary>
    private async Task KeepTokenAsync(CancellationToken cancellationToken)
    {
        var period = TimeSpan.FromSeconds(15);
        var idleMax = TimeSpan.FromMinutes(5);
        try
        {
            while (true)
            {
                await Task.Delay(period, _runner.Time, cancellationToken);
                if (!_leases.Refused && _calls.Idle < idleMax) continue;
                if (await _calls.IsCancelledAsync()) _lifetime.Stop(StopReason.Cancelled);
            }
        }
        catch (OperationCanceledException)
        {
        }
    }
}
