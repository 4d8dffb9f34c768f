using Npgsql;
using NpgsqlTypes;
using Shithub.Actions.Server.Runs;

namespace Shithub.Actions.Server.Jobs;

/// <summary>
/// The statement that ends attempts, of one call or of many: the job and its steps, or nothing. Each call's token must be unused; it is
/// spent by <see cref="Spend"/> at the end of the same transaction, with the answer that is known then. Should another call have used it in
/// between, that fails and so does the transaction. No two calls of one statement are of the same job.
/// </summary>
public static class EndStatement
{
    /// <summary>Ordinal from 0, steps that timed out altogether, and whether the end of a log is withheld.</summary>
    private static readonly string AloneSql = Sql("for update", "", "", HasWithheld);

    // Rows that somebody else has are left out, not waited for, so that one run that is being cancelled holds up no other, and no order in
    // which locks are taken can make two transactions wait for one another. So is whatever needs more than this statement: rules that must
    // decide about other jobs of the run, the rest of a log. A run's lock is taken with its job's, or not at all: a claim that finds it
    // taken leaves the run's status to its holder.
    public static readonly string SharedSql = Sql(
        "for update skip locked",
        "cross join lateral (select from workflow_runs r where r.id = j.run_id offset 0 for update skip locked) r",
        $"""
            and not {HasWithheld}
            and 0 = (select count(*) from workflow_jobs o where o.run_id = j.run_id and o.id <> all ($1) and {JobBrief.IsDecidedByRulesSql})
        """,
        "false");

    private const string HasWithheld =
        "(0 < (select count(*) from workflow_log_withheld w where w.job_id = j.id and w.attempt = j.attempt))";

    private const string SpendSql = """
        insert into runner_jwt_used (jti, job_id, attempt, idempotency_key, request_hash, response)
        select jti, job_id, attempt, idempotency_key, request_hash, response::jsonb
        from unnest($1, $2, $3, $4, $5, $6) as i (jti, job_id, attempt, idempotency_key, request_hash, response)
        """;

    /// <summary>One call, whose run's lock is held. Waits for the job's row.</summary>
    public static NpgsqlBatchCommand Alone(PendingEnd end) => Bind(new NpgsqlBatchCommand(AloneSql), [end]);

    /// <summary>Many calls, of any runs. Those of which somebody has the job's or the run's row, or that must go alone, are not done.</summary>
    public static NpgsqlBatchCommand Shared(IReadOnlyList<PendingEnd> ends) => Bind(new NpgsqlBatchCommand(SharedSql), ends);

    /// <summary>Spends the tokens of what was ended.</summary>
    /// <exception cref="PostgresException">When it is run: <see cref="IsSpent"/>.</exception>
    public static NpgsqlBatchCommand Spend(IReadOnlyList<(PendingEnd End, string Answer)> ends) => new(SpendSql)
    {
        Parameters =
        {
            new NpgsqlParameter<Guid[]> { TypedValue = [.. ends.Select(it => it.End.Call.Token.Jti)] },
            new NpgsqlParameter<long[]> { TypedValue = [.. ends.Select(it => it.End.Call.Token.JobId)] },
            new NpgsqlParameter<int[]> { TypedValue = [.. ends.Select(it => it.End.Call.Token.Attempt)] },
            Texts([.. ends.Select(it => it.End.Call.IdempotencyKey)]),
            new NpgsqlParameter<byte[][]> { TypedValue = [.. ends.Select(it => it.End.Call.RequestHash)] },
            Texts([.. ends.Select(it => it.Answer)]),
        },
    };

    /// <summary>Another call used the token after <see cref="Alone"/> or <see cref="Shared"/> had looked.</summary>
    public static bool IsSpent(PostgresException error) =>
        error is { SqlState: PostgresErrorCodes.UniqueViolation, ConstraintName: "runner_jwt_used_pkey" };

    private static NpgsqlBatchCommand Bind(NpgsqlBatchCommand command, IReadOnlyList<PendingEnd> ends)
    {
        command.Parameters.Add(new NpgsqlParameter<long[]> { TypedValue = [.. ends.Select(end => end.Call.Token.JobId)] });
        command.Parameters.Add(new NpgsqlParameter<int[]> { TypedValue = [.. ends.Select(end => end.Call.Token.Attempt)] });
        command.Parameters.Add(new NpgsqlParameter<Guid[]> { TypedValue = [.. ends.Select(end => end.Call.Token.Jti)] });
        command.Parameters.Add(Texts([.. ends.Select(end => end.Change.Status)]));
        command.Parameters.Add(Texts([.. ends.Select(end => end.Change.Conclusion)]));
        command.Parameters.Add(new NpgsqlParameter<DateTime?[]>
        {
            NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.TimestampTz,
            TypedValue = [.. ends.Select(end => end.Change.StartedAt?.UtcDateTime)],
        });
        command.Parameters.Add(Texts([.. ends.Select(end => end.Outputs)]));
        command.Parameters.Add(Texts([.. ends.Select(end => end.TaintedOutputs)]));
        command.Parameters.Add(Texts([.. ends.Select(end => end.Images)]));
        command.Parameters.Add(Texts([.. ends.Select(end => end.Notes)]));
        return command;
    }

    private static NpgsqlParameter<string?[]> Texts(string?[] texts) =>
        new() { NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Text, TypedValue = texts };

    // Each call's rows are looked up by their ids and then judged, whatever the planner believes: left to statistics it finds a job among all
    // that are running, for each call.
    private static string Sql(string lockJob, string lockRun, string rest, string hasWithheld) => $"""
        with call as (
            select i.*, j.repo_id, j.is_counted, {hasWithheld} as has_withheld
            from unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) with ordinality
                as i (job_id, attempt, jti, status, conclusion, started_at, outputs, tainted_outputs, images, notes, ordinal)
            cross join lateral (
                select j.id, j.attempt, j.status, j.lease_expires_at, j.run_id, j.repo_id, j.runner_id, j.is_counted
                from workflow_jobs j
                where j.id = i.job_id
                offset 0
                {lockJob}) j
            {lockRun}
            where j.attempt = i.attempt
                and j.status = 'running'
                and j.lease_expires_at > now()
                and 0 < (select count(*) from workflow_runners n where n.id = j.runner_id and n.revoked_at is null)
                and 0 = (select count(*) from runner_jwt_used u where u.jti = i.jti)
            {rest}
        ),
        ended as (
            update workflow_jobs j
            set status = call.status,
                conclusion = call.conclusion,
                started_at = greatest(j.started_at, least(coalesce(call.started_at, j.started_at), now())),
                completed_at = now(),
                outputs = call.outputs::json,
                tainted_outputs = case
                    when call.tainted_outputs is null then array[]::text[]
                    else array(select json_array_elements_text(call.tainted_outputs::json))
                end,
                images = call.images::jsonb,
                notes = call.notes::jsonb,
                is_counted = false
            from call
            where j.id = call.job_id
        ),
        -- What a trigger does for each row where nobody says that it is not counted any more.
        told_queue as (
            insert into queue_notes (repo_id, running)
            select repo_id, -count(*)
            from call
            where is_counted
            group by repo_id
        ),
        steps as (
            update workflow_steps s
            set status = case
                    when s.status = 'running' and call.conclusion <> 'cancelled' then 'completed'
                    when call.conclusion = 'cancelled' then 'cancelled'
                    else 'skipped'
                end,
                conclusion = case
                    when s.status = 'running' then call.conclusion
                    when call.conclusion = 'cancelled' then 'cancelled'
                    else 'skipped'
                end,
                completed_at = now()
            from call
            where s.job_id = call.job_id and s.status in ('queued', 'running')
            returning s.conclusion
        )
        select (call.ordinal - 1)::int, (select count(*) from steps where conclusion = 'timed_out'), call.has_withheld
        from call
        """;
}
