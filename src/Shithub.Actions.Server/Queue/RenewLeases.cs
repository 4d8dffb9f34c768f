using Npgsql;
using NpgsqlTypes;
using Shithub.Actions.Protocol;

namespace Shithub.Actions.Server.Queue;

/// <summary>Extends the leases of a runner's attempts and says how each of them stands; also counts as the runner's sign of life.</summary>
public sealed class RenewLeases(NpgsqlDataSource dataSource)
{
    /// <summary>
    /// A token that was replaced or has expired may still renew: the runner loses no job to a rotation. It can't claim, and a revoked
    /// token or runner can do neither. Rows are locked in order of their ids, as everywhere (Runs/README.md).
    /// </summary>
    private const string Renew = """
        with me as (
            select r.id
            from runner_tokens t
            join workflow_runners r on r.id = t.runner_id
            where t.token_hash = @token_hash and t.revoked_at is null and r.revoked_at is null
        ),
        asked as (
            select *
            from unnest(@job_ids, @attempts) as asked (job_id, attempt)
        ),
        held as (
            select j.id
            from asked
            join workflow_jobs j on j.id = asked.job_id and j.attempt = asked.attempt
            join me on me.id = j.runner_id
            where j.status = 'running' and j.lease_expires_at > now()
            order by j.id
            for update of j
        ),
        renewed as (
            update workflow_jobs j
            set lease_seconds = coalesce(@lease_seconds, j.lease_seconds),
                lease_expires_at = now() + make_interval(secs => coalesce(@lease_seconds, j.lease_seconds))
            from held
            where j.id = held.id
            returning j.id, j.lease_expires_at, j.lease_seconds, j.cancel_requested_at is not null as cancel_requested
        ),
        seen as (
            update workflow_runners r
            set last_heartbeat_at = now(), offline_at = null
            from me
            where r.id = me.id
        )
        select asked.job_id, asked.attempt, renewed.lease_expires_at, renewed.lease_seconds, renewed.cancel_requested
        from me
        left join asked on true
        left join renewed on renewed.id = asked.job_id
        """;

    /// <returns>A state for each attempt asked for, or null when the token is not a runner's (any more).</returns>
    public async Task<List<LeaseState>?> ExecuteAsync(
        byte[] tokenHash, IReadOnlyList<LeasedAttempt> attempts, int? leaseSeconds, CancellationToken cancellation)
    {
        await using var command = dataSource.CreateCommand(Renew);
        command.Parameters.Add(new NpgsqlParameter<byte[]>("token_hash", tokenHash));
        command.Parameters.Add(new NpgsqlParameter<long[]>("job_ids", [.. attempts.Select(attempt => attempt.JobId)]));
        command.Parameters.Add(new NpgsqlParameter<int[]>("attempts", [.. attempts.Select(attempt => attempt.Attempt)]));
        command.Parameters.Add(new NpgsqlParameter("lease_seconds", NpgsqlDbType.Integer)
        {
            Value = leaseSeconds is { } seconds ? seconds : DBNull.Value,
        });
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        var states = new List<LeaseState>(attempts.Count);
        var known = false;
        while (await reader.ReadAsync(cancellation))
        {
            known = true;
            if (reader.IsDBNull(0))
                continue;
            states.Add(reader.IsDBNull(2)
                ? new LeaseState(reader.GetInt64(0), reader.GetInt32(1), LeaseStanding.Lost, null, null)
                : new LeaseState(
                    reader.GetInt64(0), reader.GetInt32(1),
                    reader.GetBoolean(4) ? LeaseStanding.CancelRequested : LeaseStanding.Held,
                    reader.GetFieldValue<DateTimeOffset>(2), reader.GetInt32(3)));
        }

        return known ? states : null;
    }
}
