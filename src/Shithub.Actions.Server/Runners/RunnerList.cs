using Dapper;
using Npgsql;

namespace Shithub.Actions.Server.Runners;

/// <summary>What operators ask about the pool: the runners, and the queue by requested labels.</summary>
public sealed class RunnerList(NpgsqlDataSource dataSource)
{
    private const string ListRunners = """
        select r.id,
            r.name,
            r.labels,
            r.capacity,
            (select count(*) from workflow_jobs j where j.runner_id = r.id and j.status = 'running') as active_jobs,
            case
                when r.revoked_at is not null then 'revoked'
                when r.offline_at is not null or r.last_heartbeat_at is null
                    or r.last_heartbeat_at < now() - @StaleAfter then 'offline'
                when r.draining_at is not null then 'draining'
                else 'online'
            end as status,
            r.last_heartbeat_at,
            r.host_name,
            r.version,
            r.not_claiming,
            r.draining_at is not null as draining,
            r.draining_at,
            r.drain_reason,
            r.revoked_at is not null as revoked,
            r.revoked_at,
            r.revoke_reason,
            r.registered_at
        from workflow_runners r
        order by r.id
        """;

    // Every queued job is counted, so this grows with the queue; it reads index workflow_jobs_lane only.
    private const string ListQueue = """
        select s.labels,
            q.queued,
            q.oldest_queued_at,
            (
                select count(*)
                from workflow_runners r
                where r.revoked_at is null and s.labels <@ r.labels
            ) as matching_runners,
            (
                select count(*)
                from workflow_runners r
                where r.revoked_at is null
                    and r.draining_at is null
                    and r.offline_at is null
                    and r.not_claiming is null
                    and r.last_heartbeat_at >= now() - @StaleAfter
                    and s.labels <@ r.offered_labels
            ) as online_runners
        from label_sets s
        cross join lateral (
            select count(*) as queued, min(j.queued_at) as oldest_queued_at
            from workflow_jobs j
            where j.label_set_id = s.id and j.status = 'queued'
        ) q
        where q.queued > 0
        order by q.queued desc, s.labels
        """;

    public async Task<IReadOnlyList<RunnerRow>> ListAsync(TimeSpan staleAfter, CancellationToken cancellation)
    {
        await using var connection = await dataSource.OpenConnectionAsync(cancellation);
        return [.. await connection.QueryAsync<RunnerRow>(new CommandDefinition(
            ListRunners, new { StaleAfter = staleAfter }, cancellationToken: cancellation))];
    }

    public async Task<IReadOnlyList<QueueRow>> QueueAsync(TimeSpan staleAfter, CancellationToken cancellation)
    {
        await using var connection = await dataSource.OpenConnectionAsync(cancellation);
        return [.. await connection.QueryAsync<QueueRow>(new CommandDefinition(
            ListQueue, new { StaleAfter = staleAfter }, cancellationToken: cancellation))];
    }
}

/// <summary>One runner. Status is <c>online</c>, <c>draining</c>, <c>offline</c> or <c>revoked</c>; times are UTC.</summary>
public sealed record RunnerRow
{
    public long Id { get; init; }

    public string Name { get; init; } = "";

    public string[] Labels { get; init; } = [];

    public int Capacity { get; init; }

    public long ActiveJobs { get; init; }

    public string Status { get; init; } = "";

    public DateTime? LastHeartbeatAt { get; init; }

    public string? HostName { get; init; }

    public string? Version { get; init; }

    /// <summary>Why it takes no job, as it said in its last heartbeat; null: it does.</summary>
    public string? NotClaiming { get; init; }

    public bool Draining { get; init; }

    public DateTime? DrainingAt { get; init; }

    public string? DrainReason { get; init; }

    public bool Revoked { get; init; }

    public DateTime? RevokedAt { get; init; }

    public string? RevokeReason { get; init; }

    public DateTime RegisteredAt { get; init; }
}

/// <summary>The queued jobs that ask for one set of labels.</summary>
public sealed record QueueRow
{
    public string[] Labels { get; init; } = [];

    public long Queued { get; init; }

    public DateTime OldestQueuedAt { get; init; }

    /// <summary>Runners registered for all of these labels, whatever their state.</summary>
    public long MatchingRunners { get; init; }

    /// <summary>Those of them that would take a job now.</summary>
    public long OnlineRunners { get; init; }
}
