using System.Security.Cryptography;
using System.Text;
using Npgsql;
using NpgsqlTypes;
using Shithub.Actions.Protocol;

namespace Shithub.Actions.Server.Jobs;

/// <summary>One call with a job token: what the token says, how the call may be repeated, and the token that follows it.</summary>
/// <param name="IdempotencyKey">Without one a repeated token is a replay, whatever it carries.</param>
/// <param name="RequestHash">SHA-256 of path and body: a repeat must be of the same call.</param>
public sealed record JobCall(JobTokenClaims Token, string? IdempotencyKey, byte[] RequestHash)
{
    /// <summary>The id of the token that this call's answer carries.</summary>
    public Guid NextJti { get; } = Guid.CreateVersion7();

    public static byte[] Hash(PathString path, ReadOnlySpan<byte> body)
    {
        using var hash = BeginHash(path);
        hash.AppendData(body);
        return hash.GetHashAndReset();
    }

    /// <summary>The hash of a call whose body is still to come.</summary>
    public static IncrementalHash BeginHash(PathString path)
    {
        var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(Encoding.UTF8.GetBytes(path.Value ?? ""));
        hash.AppendData([0]);
        return hash;
    }

    /// <summary>
    /// Common table expressions that open every call: <c>job</c> is the locked row of an attempt that still holds its lease, <c>used</c>
    /// has one row exactly when the token was good and is now spent. What follows must take its input from <c>used</c>.
    /// </summary>
    /// <param name="condition">What else must hold of the job <c>j</c>, beginning with <c>and</c>.</param>
    /// <param name="response">The answer to keep for a repeat, a jsonb expression over <c>job</c>.</param>
    public static string OpenSql(string condition, string response) => $"""
        with job as (
            select j.id, j.run_id, j.started_at, j.cancel_requested_at
            from workflow_jobs j
            join workflow_runners r on r.id = j.runner_id
            where j.id = @job_id
                and j.attempt = @attempt
                and j.status = 'running'
                and j.lease_expires_at > now()
                and r.revoked_at is null
                {condition}
            for update of j
        ),
        used as (
            insert into runner_jwt_used
                (jti, job_id, attempt, idempotency_key, request_hash, next_jti, next_expires, response)
            select @jti, @job_id, @attempt, @idempotency_key, @request_hash, @next_jti,
                extract(epoch from now())::bigint + @token_seconds, {response}
            from job
            on conflict (jti) do nothing
            returning next_expires, response
        )
        """;

    /// <summary>The parameters of <see cref="OpenSql"/>.</summary>
    public void Bind(NpgsqlParameterCollection parameters)
    {
        parameters.Add(new NpgsqlParameter<long>("job_id", Token.JobId));
        parameters.Add(new NpgsqlParameter<int>("attempt", Token.Attempt));
        parameters.Add(new NpgsqlParameter<Guid>("jti", Token.Jti));
        parameters.Add(new NpgsqlParameter("idempotency_key", NpgsqlDbType.Text) { Value = (object?)IdempotencyKey ?? DBNull.Value });
        parameters.Add(new NpgsqlParameter<byte[]>("request_hash", RequestHash));
        parameters.Add(new NpgsqlParameter<Guid>("next_jti", NextJti));
        parameters.Add(new NpgsqlParameter<long>("token_seconds", ProtocolLimits.JobTokenSeconds));
    }
}

/// <summary>How a job call ended.</summary>
public enum JobCallResult
{
    Done,

    /// <summary>The same call again, while the token it gave is unused: the stored answer, no second effect.</summary>
    Repeated,

    /// <summary>401: the token was used before, or its runner is revoked.</summary>
    Refused,

    /// <summary>409: the attempt is over, or the call contradicts what is stored.</summary>
    Conflict,

    /// <summary>422: a member of the request names what does not exist.</summary>
    Invalid,

    /// <summary>404: no such job or step.</summary>
    NotFound,
}

/// <param name="Detail">What to tell the caller when the call was not done.</param>
/// <param name="Next">The token to go on with; null when the job is terminal.</param>
/// <param name="Answer">The body that was or is answered, without tokens; null where the call has none.</param>
public sealed record JobCallOutcome(JobCallResult Result, JobTokenClaims? Next, string? Answer = null, string? Detail = null, string? Field = null)
{
    public static JobCallOutcome Failed(JobCallResult result, string detail, string? field = null) => new(result, null, null, detail, field);
}
