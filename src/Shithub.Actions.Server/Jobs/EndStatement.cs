using Npgsql;
using NpgsqlTypes;

namespace Shithub.Actions.Server.Jobs;

/// <summary>
/// The statements that end attempts, of one call or of many: the job and its steps, or nothing. Each call's token must be unused. They are functions of
/// migrations/0025_ends_in_one_call.sql.
/// </summary>
public static class EndStatement
{
    public const string SharedSql = "select place - 1, run_status, run_conclusion, timed_out from end_jobs($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";

    private const string LockSql = "select from workflow_jobs where id = $1 for update";

    private const string AloneSql = "select timed_out, has_withheld from end_attempts($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, true)";

    private const string SpendSql = """
        insert into runner_jwt_used (jti, job_id, attempt, idempotency_key, request_hash, response)
        values ($1, $2, $3, $4, $5, $6::jsonb)
        """;

    /// <summary>Waits for the job's row.</summary>
    public static NpgsqlBatchCommand Lock(PendingEnd end) =>
        new(LockSql) { Parameters = { new NpgsqlParameter<long> { TypedValue = end.Call.Token.JobId } } };

    /// <summary>
    /// One call, which holds the locks of its run and its job: how many steps timed out, and whether the end of a log is withheld. Its token is
    /// spent by <see cref="Spend"/> at the end of the same transaction, with the answer that is known then.
    /// </summary>
    public static NpgsqlBatchCommand Alone(PendingEnd end)
    {
        var command = new NpgsqlBatchCommand(AloneSql);
        Bind(command.Parameters, [end]);
        return command;
    }

    /// <summary>
    /// Many calls, of any runs; no two are of the same job. Their runs are made to agree, and their tokens are spent: ordinal from 0, the run's status and
    /// conclusion, and how many steps timed out altogether. Those of which somebody has the job's or the run's row, or that must go alone, are not done.
    /// </summary>
    /// <exception cref="PostgresException">When it is run: nothing was done, since some calls must go alone after all.</exception>
    public static NpgsqlCommand Shared(NpgsqlDataSource dataSource, IReadOnlyList<PendingEnd> ends)
    {
        var command = dataSource.CreateCommand(SharedSql);
        Bind(command.Parameters, ends);
        command.Parameters.Add(Texts([.. ends.Select(end => end.Call.IdempotencyKey)]));
        command.Parameters.Add(new NpgsqlParameter<byte[][]> { TypedValue = [.. ends.Select(end => end.Call.RequestHash)] });
        return command;
    }

    /// <summary>Spends the token of what <see cref="Alone"/> ended.</summary>
    /// <exception cref="PostgresException">When it is run: <see cref="IsSpent"/>.</exception>
    public static NpgsqlBatchCommand Spend(PendingEnd end, string answer) => new(SpendSql)
    {
        Parameters =
        {
            new NpgsqlParameter<Guid> { TypedValue = end.Call.Token.Jti },
            new NpgsqlParameter<long> { TypedValue = end.Call.Token.JobId },
            new NpgsqlParameter<int> { TypedValue = end.Call.Token.Attempt },
            new NpgsqlParameter<string?> { TypedValue = end.Call.IdempotencyKey, NpgsqlDbType = NpgsqlDbType.Text },
            new NpgsqlParameter<byte[]> { TypedValue = end.Call.RequestHash },
            new NpgsqlParameter<string> { TypedValue = answer },
        },
    };

    /// <summary>Another call used the token after <see cref="Alone"/> had looked.</summary>
    public static bool IsSpent(PostgresException error) =>
        error is { SqlState: PostgresErrorCodes.UniqueViolation, ConstraintName: "runner_jwt_used_pkey" };

    private static void Bind(NpgsqlParameterCollection parameters, IReadOnlyList<PendingEnd> ends)
    {
        parameters.Add(new NpgsqlParameter<long[]> { TypedValue = [.. ends.Select(end => end.Call.Token.JobId)] });
        parameters.Add(new NpgsqlParameter<int[]> { TypedValue = [.. ends.Select(end => end.Call.Token.Attempt)] });
        parameters.Add(new NpgsqlParameter<Guid[]> { TypedValue = [.. ends.Select(end => end.Call.Token.Jti)] });
        parameters.Add(Texts([.. ends.Select(end => end.Change.Status)]));
        parameters.Add(Texts([.. ends.Select(end => end.Change.Conclusion)]));
        parameters.Add(new NpgsqlParameter<DateTime?[]>
        {
            NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.TimestampTz,
            TypedValue = [.. ends.Select(end => end.Change.StartedAt?.UtcDateTime)],
        });
        parameters.Add(Texts([.. ends.Select(end => end.Outputs)]));
        parameters.Add(Texts([.. ends.Select(end => end.TaintedOutputs)]));
        parameters.Add(Texts([.. ends.Select(end => end.Images)]));
        parameters.Add(Texts([.. ends.Select(end => end.Notes)]));
    }

    private static NpgsqlParameter<string?[]> Texts(string?[] texts) =>
        new() { NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Text, TypedValue = texts };
}
