using Npgsql;
using NpgsqlTypes;
using Shithub.Actions.Protocol;
using Shithub.Actions.Server.Database;

namespace Shithub.Actions.Server.Logs;

/// <summary>
/// The one statement of appends, of one call or of many: spends each token, extends each lease, stores each chunk, and does for each call
/// all of that or nothing. No two calls of one statement are of the same job.
/// </summary>
public sealed class AppendStatement([FromKeyedServices(DatabaseConnection.Appends)] NpgsqlDataSource dataSource, LogLimits limits)
{
    /// <summary>Where all calls are of steps and nothing is or was withheld, as is nearly always so.</summary>
    public static readonly string Usual = Sql(Chunk(OfStep), "");

    private static readonly string Any = Sql($"({Chunk(OfStep)}) union all ({Chunk(OfJobItself)})", Withheld);

    private const string Lock = "select from workflow_jobs where id = $1 for update";

    /// <summary>One call; waits for the job's row, and then sees what whoever had it did.</summary>
    public async Task<AppendDone?> RunAsync(PendingAppend append, CancellationToken cancellation)
    {
        await using var batch = dataSource.CreateBatch();
        batch.BatchCommands.Add(new NpgsqlBatchCommand(Lock) { Parameters = { new NpgsqlParameter<long> { TypedValue = append.Call.Token.JobId } } });
        var command = new NpgsqlBatchCommand(Any);
        Bind(command.Parameters, [append]);
        batch.BatchCommands.Add(command);
        await using var reader = await batch.ExecuteReaderAsync(cancellation);
        await reader.NextResultAsync(cancellation);
        return await reader.ReadAsync(cancellation) ? Done(reader) : null;
    }

    /// <summary>Many calls; those whose job's row somebody has are not done.</summary>
    /// <returns>In the order of the calls; null for each that had no effect.</returns>
    /// <exception cref="PostgresException">
    /// Nothing was done. A unique violation: one of the calls was done by somebody else meanwhile, and goes by itself to hear so.
    /// </exception>
    public async Task<AppendDone?[]> RunAsync(IReadOnlyList<PendingAppend> appends, CancellationToken cancellation)
    {
        await using var command = dataSource.CreateCommand(appends.All(append => append is { MovesWithheld: false, StepId: not null }) ? Usual : Any);
        Bind(command.Parameters, appends);
        var done = new AppendDone?[appends.Count];
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        while (await reader.ReadAsync(cancellation))
            done[reader.GetInt32(0) - 1] = Done(reader);
        return done;
    }

    private static AppendDone Done(NpgsqlDataReader reader) => new(reader.GetInt64(1), reader.GetInt64(2), reader.GetInt64(3));

    // By position: Npgsql would look for names in the statement at each call.
    private void Bind(NpgsqlParameterCollection parameters, IReadOnlyList<PendingAppend> appends)
    {
        var count = appends.Count;
        void Each<T>(Func<PendingAppend, T> value, NpgsqlDbType type)
        {
            var values = new T[count];
            for (var i = 0; i < count; i++)
                values[i] = value(appends[i]);
            parameters.Add(new NpgsqlParameter<T[]> { TypedValue = values, NpgsqlDbType = NpgsqlDbType.Array | type });
        }

        Each(append => append.Call.Token.JobId, NpgsqlDbType.Bigint);
        Each(append => append.Call.Token.Attempt, NpgsqlDbType.Integer);
        Each(append => append.Call.Token.Jti, NpgsqlDbType.Uuid);
        Each(append => append.Call.IdempotencyKey, NpgsqlDbType.Text);
        Each(append => append.Call.RequestHash, NpgsqlDbType.Bytea);
        Each(append => append.Call.NextJti, NpgsqlDbType.Uuid);
        Each(append => append.StepId, NpgsqlDbType.Bigint);
        Each(append => append.Seq, NpgsqlDbType.Integer);
        Each(append => append.Stored, NpgsqlDbType.Bytea);
        Each(append => append.SentHash, NpgsqlDbType.Bytea);
        Each(append => append.MasksVersion, NpgsqlDbType.Integer);
        Each(append => append.GoesOnFrom, NpgsqlDbType.Integer);
        Each(append => append.IsRepeat, NpgsqlDbType.Boolean);
        Each(append => append.Withheld, NpgsqlDbType.Bytea);
        Each(append => append.Call.Token.LogBytes, NpgsqlDbType.Bigint);
        parameters.Add(new NpgsqlParameter<long> { TypedValue = limits.MaxBytesPerJob });
        parameters.Add(new NpgsqlParameter<long> { TypedValue = ProtocolLimits.JobTokenSeconds });
    }

    // Statements of few calls cost mostly what their plan costs to set up, so it has few nodes: what a call brings is taken from the arrays
    // where it is needed (and no chunk is copied from node to node), and what is decided in the first part is not asked again in the others.
    // A job is looked up by its id and then judged, whatever the planner believes: left to statistics it finds one among all that are running.
    //
    // Rows of jobs that somebody else has are left out, not waited for: one job that is being cancelled holds up no other, and no order in
    // which locks are taken can make two transactions wait for one another. A transaction that ended between this statement's snapshot and
    // its lock may have spent the same token; then the insert fails.
    //
    // The job's row is long, and whoever updates it has all its constraints and triggers read anew. It is written once a second: the lease
    // lacks no more than that, and the bytes of the log go from token to token meanwhile.
    private static string Sql(string chunk, string withheld) => $"""
        with call as materialized (
            select i.n, j.id as job_id, j.attempt, j.run_id, ($7)[i.n] as step_id, c.seq is distinct from ($8)[i.n] as is_new,
                coalesce(($15)[i.n], j.log_bytes)
                    + case when c.seq is distinct from ($8)[i.n] then octet_length(($9)[i.n]) else 0 end as log_bytes,
                j.lease_expires_at < now() + make_interval(secs => j.lease_seconds - 1) as is_due,
                extract(epoch from now())::bigint + $17 as next_expires
            from unnest($1) with ordinality as i (job_id, n)
            cross join lateral (
                select j.id, j.attempt, j.run_id, j.status, j.runner_id, j.lease_expires_at, j.lease_seconds, j.log_bytes
                from workflow_jobs j
                where j.id = i.job_id
                offset 0
                for update skip locked) j
            join workflow_runners r on r.id = j.runner_id
            left join workflow_steps s on s.id = ($7)[i.n] and s.job_id = j.id
            left join workflow_job_secret_masks m on m.job_id = j.id and m.attempt = j.attempt
            left join lateral ({chunk}) c on true
            where j.attempt = ($2)[i.n]
                and j.status = 'running'
                and j.lease_expires_at > now()
                and r.revoked_at is null
                and coalesce(($15)[i.n], j.log_bytes) + octet_length(($9)[i.n]) <= $16
                and (($7)[i.n] is null or (s.id is not null and (($11)[i.n] = 0 or s.status in ('queued', 'running'))))
                and coalesce(m.version, 0) = ($11)[i.n]
                and case
                    when ($12)[i.n] is not null then coalesce(c.seq, -1) = ($12)[i.n]
                    when ($13)[i.n] then c.sent_hash = ($10)[i.n]
                    else c.seq is null or c.sent_hash = ($10)[i.n]
                end
                and not exists (select from runner_jwt_used u where u.jti = ($3)[i.n])
        ),
        used as (
            insert into runner_jwt_used
                (jti, job_id, attempt, idempotency_key, request_hash, next_jti, next_expires, next_log_bytes)
            select ($3)[n], job_id, attempt, ($4)[n], ($5)[n], ($6)[n], next_expires, log_bytes
            from call
        ),
        chunk as (
            insert into workflow_step_log_chunks (job_id, attempt, step_id, seq, chunk, sent_hash)
            select job_id, attempt, step_id, ($8)[n], ($9)[n], ($10)[n]
            from call
            where is_new
        ),
        {withheld}
        lease as (
            update workflow_jobs j
            set lease_expires_at = now() + make_interval(secs => j.lease_seconds),
                log_bytes = call.log_bytes
            from call
            where j.id = call.job_id and call.is_due
        )
        select n::int, next_expires, run_id, log_bytes
        from call
        """;

    private const string OfStep = "c.step_id = ($7)[i.n]";

    // By itself: what also holds of steps would not use the index.
    private const string OfJobItself = "c.step_id is null and ($7)[i.n] is null";

    /// <summary>The log's last chunk where the scrubber went on from one, else the chunk of this number. By workflow_step_log_chunks_seq.</summary>
    private static string Chunk(string ofLog) => $"""
        select c.seq, c.sent_hash
        from workflow_step_log_chunks c
        where c.job_id = j.id and c.attempt = j.attempt and {ofLog}
            and c.seq between coalesce(($12)[i.n], ($8)[i.n]) and case when ($12)[i.n] is null then ($8)[i.n] else 2147483647 end
        order by c.seq desc
        limit 1
        """;

    private const string Withheld = """
        decided as (
            delete from workflow_log_withheld w
            using call
            where w.job_id = call.job_id and w.attempt = call.attempt and w.step_id is not distinct from call.step_id
                and not ($13)[call.n] and ($14)[call.n] is null
        ),
        withheld as (
            insert into workflow_log_withheld (job_id, attempt, step_id, seq, sealed)
            select job_id, attempt, step_id, ($8)[n], ($14)[n]
            from call
            where ($14)[n] is not null
            on conflict (job_id, attempt, step_id) do update
            set seq = excluded.seq, sealed = excluded.sealed
        ),
        """;
}
