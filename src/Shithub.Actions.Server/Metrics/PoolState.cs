using Dapper;
using Npgsql;
using Shithub.Actions.Configuration;

namespace Shithub.Actions.Server.Metrics;

/// <summary>What the database says about the pool and the queue, for all servers together.</summary>
public sealed class PoolState(NpgsqlDataSource dataSource, ServerSettings settings, TimeProvider time) : IDisposable
{
    /// <summary>Label sets that get a series of their own; the jobs of all others are counted together.</summary>
    private const int LabelSetsMax = 200;

    private const int TimeoutSeconds = 5;

    /// <summary>However many scrape, the database is asked this often.</summary>
    private static readonly TimeSpan GoodFor = TimeSpan.FromSeconds(1);

    // One round trip. The states of runners are those of 'admin runner list'. Queued jobs are counted in index workflow_jobs_lane,
    // running ones in workflow_jobs_running.
    private const string Read = """
        select count(*) filter (where state = 'online') as online,
            count(*) filter (where state = 'stale') as stale,
            count(*) filter (where state = 'draining') as draining,
            count(*) as registrations,
            count(*) filter (where state = 'revoked') as revocations,
            coalesce(sum(capacity) filter (where state = 'online'), 0) as slots,
            (select count(*) from workflow_jobs where status = 'running') as running,
            (select count(*) from trigger_events where processed_at is null) as events,
            coalesce(extract(epoch from now() - (select min(queued_at) from workflow_jobs where status = 'queued')), 0)::float8 as oldest
        from (
            select least(capacity, offered_capacity) as capacity,
                case
                    when revoked_at is not null then 'revoked'
                    when offline_at is not null or last_heartbeat_at is null or last_heartbeat_at < now() - @StaleAfter then 'stale'
                    when draining_at is not null then 'draining'
                    else 'online'
                end as state
            from workflow_runners
        ) runners;

        select array_to_string(s.labels, ',') as labels, q.queued
        from label_sets s
        cross join lateral (
            select count(*) as queued
            from workflow_jobs j
            where j.label_set_id = s.id and j.status = 'queued'
        ) q
        order by q.queued desc, s.id desc
        """;

    private readonly SemaphoreSlim _gate = new(1, 1);
    private (long At, PoolNumbers Numbers)? _last;

    /// <returns>Null where the database does not answer.</returns>
    public async Task<PoolNumbers?> ReadAsync(CancellationToken cancellation)
    {
        await _gate.WaitAsync(cancellation);
        try
        {
            if (_last is { } last && time.GetElapsedTime(last.At) < GoodFor)
                return last.Numbers;
            var numbers = await AskAsync(cancellation);
            _last = (time.GetTimestamp(), numbers);
            return numbers;
        }
        catch (Exception error) when (error is NpgsqlException or TimeoutException)
        {
            return null;
        }
        finally
        {
            _gate.Release();
        }
    }

    public void Dispose() => _gate.Dispose();

    private async Task<PoolNumbers> AskAsync(CancellationToken cancellation)
    {
        await using var connection = await dataSource.OpenConnectionAsync(cancellation);
        await using var results = await connection.QueryMultipleAsync(new CommandDefinition(
            Read, new { settings.Runners.StaleAfter }, commandTimeout: TimeoutSeconds, cancellationToken: cancellation));
        var numbers = await results.ReadSingleAsync<PoolNumbers>();
        var depths = (await results.ReadAsync<(string Labels, long Queued)>()).AsList();
        return numbers with
        {
            QueueDepths = [.. depths.Take(LabelSetsMax)],
            QueuedBesides = depths.Skip(LabelSetsMax).Sum(depth => depth.Queued),
        };
    }
}

public sealed record PoolNumbers
{
    public long Online { get; init; }

    public long Stale { get; init; }

    public long Draining { get; init; }

    public long Registrations { get; init; }

    public long Revocations { get; init; }

    /// <summary>Jobs that the online runners take at once.</summary>
    public long Slots { get; init; }

    public long Running { get; init; }

    /// <summary>Trigger events that are not processed yet.</summary>
    public long Events { get; init; }

    /// <summary>Seconds.</summary>
    public double Oldest { get; init; }

    /// <summary>Queued jobs by what they ask for, also where there are none now.</summary>
    public IReadOnlyList<(string Labels, long Queued)> QueueDepths { get; init; } = [];

    /// <summary>Queued jobs of label sets that are not listed.</summary>
    public long QueuedBesides { get; init; }

    public void Write(PrometheusText text)
    {
        text.Alone("shithub_actions_runners_online", "gauge", "Runners that heartbeat and take jobs.", Online);
        text.Alone("shithub_actions_runners_stale", "gauge", "Runners, not revoked, whose heartbeat is missing.", Stale);
        text.Alone("shithub_actions_runners_draining", "gauge", "Runners that heartbeat and take no new jobs.", Draining);
        text.Alone("shithub_actions_runner_slots", "gauge", "Jobs that the online runners take at once.", Slots);
        text.Alone("shithub_actions_runner_registrations_total", "counter", "Runners ever registered.", Registrations);
        text.Alone("shithub_actions_runner_revocations_total", "counter", "Runners ever revoked.", Revocations);
        text.Family("shithub_actions_queue_depth", "gauge", "Queued jobs by the labels they ask for.");
        foreach (var (labels, queued) in QueueDepths)
            text.Sample("shithub_actions_queue_depth", PrometheusText.Label("label", labels), queued);
        if (QueuedBesides > 0)
            text.Sample("shithub_actions_queue_depth", PrometheusText.Label("label", "(others)"), QueuedBesides);
        text.Alone("shithub_actions_queue_oldest_seconds", "gauge", "Age of the job that is queued longest; 0 where none is.", Oldest);
        text.Alone("shithub_actions_jobs_running", "gauge", "Jobs that a runner has.", Running);
        text.Alone("shithub_actions_trigger_events_pending", "gauge", "Events that may start workflows and are not processed yet.", Events);
    }
}
