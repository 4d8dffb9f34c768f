using Npgsql;
using NpgsqlTypes;
using Shithub.Actions.Protocol;
using Shithub.Actions.Server.Database;

namespace Shithub.Actions.Server.Logs;

/// <summary>
/// The one statement of appends, of one call or of many: spends each token, extends each lease, stores each chunk, and does for each call
/// all of that or nothing. No two calls of one statement are of the same job.
/// </summary>
public sealed class AppendStatement([FromKeyedServices(DatabaseConnection.Batches)] NpgsqlDataSource dataSource, LogLimits limits)
{
    private static readonly string Alone = Sql("for update of j", movesWithheld: true);

    // Rows that somebody else has are left out, not waited for: one job that is being cancelled holds up no other, and no order in which
    // locks are taken can make two transactions wait for one another.
    private static readonly string Shared = Sql("for update of j skip locked", movesWithheld: false);
    private static readonly string SharedMoving = Sql("for update of j skip locked", movesWithheld: true);

    /// <summary>One call; waits for the job's row.</summary>
    public async Task<AppendDone?> RunAsync(PendingAppend append, CancellationToken cancellation)
    {
        var done = await RunAsync(Alone, [append], cancellation);
        return done[0];
    }

    /// <summary>Many calls; those whose job's row somebody has are not done.</summary>
    /// <returns>In the order of the calls; null for each that had no effect.</returns>
    public Task<AppendDone?[]> RunAsync(IReadOnlyList<PendingAppend> appends, CancellationToken cancellation) =>
        RunAsync(appends.Any(append => append.MovesWithheld) ? SharedMoving : Shared, appends, cancellation);

    private async Task<AppendDone?[]> RunAsync(string sql, IReadOnlyList<PendingAppend> appends, CancellationToken cancellation)
    {
        await using var command = dataSource.CreateCommand(sql);
        Bind(command.Parameters, appends);
        var done = new AppendDone?[appends.Count];
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        while (await reader.ReadAsync(cancellation))
            done[reader.GetInt32(0)] = new AppendDone(reader.GetInt64(1), reader.GetInt64(2));
        return done;
    }

    private void Bind(NpgsqlParameterCollection parameters, IReadOnlyList<PendingAppend> appends)
    {
        var count = appends.Count;
        T[] Each<T>(Func<PendingAppend, T> value)
        {
            var values = new T[count];
            for (var i = 0; i < count; i++)
                values[i] = value(appends[i]);
            return values;
        }

        parameters.Add(new NpgsqlParameter<long[]>("job_ids", Each(append => append.Call.Token.JobId)));
        parameters.Add(new NpgsqlParameter<int[]>("attempts", Each(append => append.Call.Token.Attempt)));
        parameters.Add(new NpgsqlParameter<Guid[]>("jtis", Each(append => append.Call.Token.Jti)));
        parameters.Add(new NpgsqlParameter<string?[]>("idempotency_keys", NpgsqlDbType.Array | NpgsqlDbType.Text)
        {
            TypedValue = Each(append => append.Call.IdempotencyKey),
        });
        parameters.Add(new NpgsqlParameter<byte[][]>("request_hashes", Each(append => append.Call.RequestHash)));
        parameters.Add(new NpgsqlParameter<Guid[]>("next_jtis", Each(append => append.Call.NextJti)));
        parameters.Add(new NpgsqlParameter<long?[]>("step_ids", Each(append => append.StepId)));
        parameters.Add(new NpgsqlParameter<int[]>("seqs", Each(append => append.Seq)));
        parameters.Add(new NpgsqlParameter<byte[][]>("chunks", Each(append => append.Stored)));
        parameters.Add(new NpgsqlParameter<byte[][]>("sent_hashes", Each(append => append.SentHash)));
        parameters.Add(new NpgsqlParameter<int[]>("masks", Each(append => append.MasksVersion)));
        parameters.Add(new NpgsqlParameter<int[]>("last_seqs", Each(append => append.LastSeq)));
        parameters.Add(new NpgsqlParameter<bool[]>("repeats", Each(append => append.IsRepeat)));
        parameters.Add(new NpgsqlParameter<byte[]?[]>("withheld", NpgsqlDbType.Array | NpgsqlDbType.Bytea)
        {
            TypedValue = Each(append => append.Withheld),
        });
        parameters.Add(new NpgsqlParameter<long>("max_bytes", limits.MaxBytesPerJob));
        parameters.Add(new NpgsqlParameter<long>("token_seconds", ProtocolLimits.JobTokenSeconds));
    }

    // The index workflow_step_log_chunks_seq serves all three looks at earlier chunks, if it is asked about one kind of step_id at a time.
    private static string Sql(string locking, bool movesWithheld) => $"""
        with call as (
            select i.*, j.run_id
            from unnest(@job_ids, @attempts, @jtis, @idempotency_keys, @request_hashes, @next_jtis, @step_ids, @seqs, @chunks, @sent_hashes,
                    @masks, @last_seqs, @repeats, @withheld) with ordinality
                as i (job_id, attempt, jti, idempotency_key, request_hash, next_jti, step_id, seq, chunk, sent_hash,
                    masks, last_seq, is_repeat, withheld, ordinal)
            join workflow_jobs j on j.id = i.job_id
            join workflow_runners r on r.id = j.runner_id
            where j.attempt = i.attempt
                and j.status = 'running'
                and j.lease_expires_at > now()
                and r.revoked_at is null
                and j.log_bytes + octet_length(i.chunk) <= @max_bytes
                and (i.step_id is null or exists (
                    select
                    from workflow_steps s
                    where s.id = i.step_id and s.job_id = i.job_id and (i.masks = 0 or s.status in ('queued', 'running'))))
                and coalesce((
                    select m.version
                    from workflow_job_secret_masks m
                    where m.job_id = i.job_id and m.attempt = i.attempt), 0) = i.masks
                and case
                    when i.is_repeat then {Chunk("c.seq = i.seq and c.sent_hash = i.sent_hash")}
                    when i.masks = 0 then not {Chunk("c.seq = i.seq and c.sent_hash <> i.sent_hash")}
                    else not {Chunk("c.seq > i.last_seq")} and (i.last_seq = -1 or {Chunk("c.seq = i.last_seq")})
                end
            order by i.job_id
            {locking}
        ),
        used as (
            insert into runner_jwt_used
                (jti, job_id, attempt, idempotency_key, request_hash, next_jti, next_expires)
            select jti, job_id, attempt, idempotency_key, request_hash, next_jti, extract(epoch from now())::bigint + @token_seconds
            from call
            on conflict (jti) do nothing
            returning jti, next_expires
        ),
        chunk as (
            insert into workflow_step_log_chunks (job_id, attempt, step_id, seq, chunk, sent_hash)
            select call.job_id, call.attempt, call.step_id, call.seq, call.chunk, call.sent_hash
            from used
            join call using (jti)
            on conflict (job_id, attempt, step_id, seq) do nothing
            returning job_id, octet_length(chunk) as bytes
        ),
        {(movesWithheld ? Withheld : "")}
        lease as (
            update workflow_jobs j
            set lease_expires_at = now() + make_interval(secs => j.lease_seconds),
                log_bytes = j.log_bytes + coalesce(chunk.bytes, 0)
            from used
            join call using (jti)
            left join chunk using (job_id)
            where j.id = call.job_id
        )
        select (call.ordinal - 1)::int, used.next_expires, call.run_id
        from used
        join call using (jti)
        """;

    private const string Withheld = """
        decided as (
            delete from workflow_log_withheld w
            using used join call using (jti)
            where w.job_id = call.job_id and w.attempt = call.attempt and w.step_id is not distinct from call.step_id
                and not call.is_repeat and call.withheld is null
        ),
        withheld as (
            insert into workflow_log_withheld (job_id, attempt, step_id, seq, sealed)
            select call.job_id, call.attempt, call.step_id, call.seq, call.withheld
            from used
            join call using (jti)
            where call.withheld is not null
            on conflict (job_id, attempt, step_id) do update
            set seq = excluded.seq, sealed = excluded.sealed
        ),
        """;

    private static string Chunk(string condition) => $"""
        case when i.step_id is null
            then exists (
                select
                from workflow_step_log_chunks c
                where c.job_id = i.job_id and c.attempt = i.attempt and c.step_id is null and {condition})
            else exists (
                select
                from workflow_step_log_chunks c
                where c.job_id = i.job_id and c.attempt = i.attempt and c.step_id = i.step_id and {condition})
        end
        """;
}
