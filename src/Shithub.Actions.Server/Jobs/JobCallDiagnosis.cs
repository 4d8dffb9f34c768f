using Dapper;
using Npgsql;

namespace Shithub.Actions.Server.Jobs;

/// <summary>Why a job call was not done: asked only after it failed, so the good path pays nothing for it.</summary>
public sealed class JobCallDiagnosis(NpgsqlDataSource dataSource)
{
    private const string Look = """
        select u.jti is not null as used,
            u.idempotency_key,
            u.request_hash,
            u.response::text as response,
            u.next_jti,
            u.next_expires,
            u.next_log_bytes,
            successor.jti is not null as successor_used,
            j.id is not null as job_exists,
            j.status,
            j.attempt,
            j.lease_expires_at <= now() as lease_expired,
            coalesce(r.revoked_at is not null, false) as runner_revoked
        from (select 1) one
        left join runner_jwt_used u on u.jti = @Jti
        left join runner_jwt_used successor on successor.jti = u.next_jti
        left join workflow_jobs j on j.id = @JobId
        left join workflow_runners r on r.id = @RunnerId
        """;

    /// <summary>Null when nothing of what all calls share stands in the way.</summary>
    public async Task<JobCallOutcome?> ExplainAsync(JobCall call, CancellationToken cancellation)
    {
        await using var connection = await dataSource.OpenConnectionAsync(cancellation);
        var token = call.Token;
        var seen = await connection.QuerySingleAsync<Finding>(new CommandDefinition(
            Look, new { token.Jti, token.JobId, token.RunnerId }, cancellationToken: cancellation));
        if (seen.RunnerRevoked)
            return JobCallOutcome.Failed(JobCallResult.Refused, "The runner of this token was revoked.");
        if (seen.Used)
            return Repeat(call, seen);
        if (!seen.JobExists)
            return JobCallOutcome.Failed(JobCallResult.Conflict, "The job no longer exists; stop working on it.");
        if (seen.Attempt != token.Attempt || seen.Status != "running")
        {
            return JobCallOutcome.Failed(
                JobCallResult.Conflict,
                $"Attempt {token.Attempt} of this job is over: the job is {seen.Status} at attempt {seen.Attempt}. Stop working on it.");
        }

        return seen.LeaseExpired == true
            ? JobCallOutcome.Failed(JobCallResult.Conflict, "The lease of this attempt has expired. Stop working on it.")
            : null;
    }

    private static JobCallOutcome Repeat(JobCall call, Finding seen)
    {
        if (call.IdempotencyKey is null || call.IdempotencyKey != seen.IdempotencyKey)
        {
            return JobCallOutcome.Failed(
                JobCallResult.Refused, "This token was used before. Each is good for one call: go on with the next_token of that call's answer.");
        }

        if (seen.RequestHash is null || !seen.RequestHash.AsSpan().SequenceEqual(call.RequestHash))
            return JobCallOutcome.Failed(JobCallResult.Refused, "This token and Idempotency-Key were used for another request.");
        if (seen.SuccessorUsed)
            return JobCallOutcome.Failed(JobCallResult.Refused, "This token was used before, and so was the token that followed it.");
        var next = seen is { NextJti: { } jti, NextExpires: { } expires }
            ? call.Token with { Jti = jti, Expires = expires, LogBytes = seen.NextLogBytes ?? call.Token.LogBytes }
            : null;
        return new JobCallOutcome(JobCallResult.Repeated, next, seen.Response);
    }

    private sealed record Finding
    {
        public bool Used { get; init; }

        public string? IdempotencyKey { get; init; }

        public byte[]? RequestHash { get; init; }

        public string? Response { get; init; }

        public Guid? NextJti { get; init; }

        public long? NextExpires { get; init; }

        public long? NextLogBytes { get; init; }

        public bool SuccessorUsed { get; init; }

        public bool JobExists { get; init; }

        public string? Status { get; init; }

        public int? Attempt { get; init; }

        public bool? LeaseExpired { get; init; }

        public bool RunnerRevoked { get; init; }
    }
}
