using Microsoft.Extensions.Logging;
using Shithub.Actions.Protocol;
using Shithub.Actions.Runner.Server;

namespace Shithub.Actions.Runner.Leases;

/// <summary>
/// Renews the leases of all running attempts in one long poll, on connections of its own, so that no log upload stands in its way and a
/// cancel request arrives at once.
/// </summary>
internal sealed partial class LeaseKeeper(RunnerApi api, TimeProvider time, ILogger<LeaseKeeper> logger) : IDisposable
{
    /// <summary>How often leases of 60 s are renewed; those that a server keeps shorter, four times each as well.</summary>
    private const int RenewSeconds = 15;
    private const int RenewalsPerLease = 4;

    private static readonly TimeSpan LeastPause = TimeSpan.FromSeconds(1);
    private readonly Lock _gate = new();
    private readonly Dictionary<AttemptLifetime, bool> _attempts = [];
    private readonly SemaphoreSlim _changed = new(0, 1);
    private CancellationTokenSource? _poll;
    private bool _failing;

    /// <summary>The server no longer takes renewals with the runner's token; job calls keep the leases then.</summary>
    public bool Refused { get; private set; }

    public void Track(AttemptLifetime attempt)
    {
        lock (_gate)
        {
            _attempts[attempt] = false;
            _poll?.Cancel();
            if (_changed.CurrentCount == 0) _changed.Release();
        }
    }

    public void Forget(AttemptLifetime attempt)
    {
        lock (_gate) _attempts.Remove(attempt);
    }

    public void Dispose() => _changed.Dispose();

    /// <summary>Renews until it is cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            using var poll = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            try
            {
                var leases = await NextAsync(poll, cancellationToken);
                var sentAt = time.GetTimestamp();
                if (await RenewAsync(leases, sentAt, poll.Token)) continue;

                // An answer that comes early and without news must not make this loop spin.
                var pause = Refused ? TimeSpan.FromSeconds(RenewSeconds) : LeastPause - time.GetElapsedTime(sentAt);
                if (pause > TimeSpan.Zero) await Task.Delay(pause, time, poll.Token);
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                // Another attempt is to be watched too.
            }
            finally
            {
                lock (_gate) _poll = null;
            }
        }
    }

    /// <returns>True if there was news.</returns>
    private async Task<bool> RenewAsync(List<LeasedAttempt> leases, long sentAt, CancellationToken cancellationToken)
    {
        try
        {
            var response = await api.RenewLeasesAsync(
                new RenewLeasesRequest(leases, WaitSeconds(), RunnerLease.Seconds), cancellationToken);
            if (_failing) RenewingAgain(logger);
            _failing = false;
            if (response is null != Refused) RefusalChanged(logger, response is null);
            Refused = response is null;
            return response is not null && Apply(response, sentAt);
        }
        catch (ServerUnavailableException e)
        {
            if (!_failing) CannotRenew(logger, e.Message);
            _failing = true;
            return false;
        }
    }

    private int WaitSeconds()
    {
        lock (_gate) return _attempts.Keys.Select(attempt => (int)attempt.Lease.TotalSeconds / RenewalsPerLease).Append(RenewSeconds).Min();
    }

    private async Task<List<LeasedAttempt>> NextAsync(CancellationTokenSource poll, CancellationToken cancellationToken)
    {
        while (true)
        {
            lock (_gate)
            {
                var leases = _attempts
                    .Where(entry => entry.Key.Reason != StopReason.Lost)
                    .Select(entry => new LeasedAttempt(entry.Key.JobId, entry.Key.Attempt, entry.Value))
                    .ToList();
                if (leases.Count > 0)
                {
                    _poll = poll;
                    return leases;
                }

            }

            await _changed.WaitAsync(cancellationToken);
        }
    }

    private bool Apply(RenewLeasesResponse response, long sentAt)
    {
        var news = false;
        foreach (var state in response.Leases)
        {
            AttemptLifetime? attempt;
            lock (_gate)
            {
                attempt = _attempts.Keys.FirstOrDefault(a => a.JobId == state.JobId && a.Attempt == state.Attempt);
                if (attempt is null) continue;
                if (state.State == LeaseStanding.CancelRequested)
                {
                    news |= !_attempts[attempt];
                    _attempts[attempt] = true;
                }
            }

            switch (state.State)
            {
                case LeaseStanding.Held:
                    attempt.Extend(sentAt);
                    break;
                case LeaseStanding.CancelRequested:
                    attempt.Extend(sentAt);
                    attempt.Stop(StopReason.Cancelled);
                    break;
                default:
                    attempt.Stop(StopReason.Lost);
                    break;
            }
        }

        return news;
    }

    [LoggerMessage(1, LogLevel.Warning, "Leases can't be renewed: {Reason} Running jobs are stopped unless this works again before they end.")]
    private static partial void CannotRenew(ILogger logger, string reason);

    [LoggerMessage(2, LogLevel.Information, "Leases are renewed again.")]
    private static partial void RenewingAgain(ILogger logger);

    [LoggerMessage(3, LogLevel.Warning, "The server refuses this runner's token for lease renewals: {Refused}.")]
    private static partial void RefusalChanged(ILogger logger, bool refused);
}
