using System.Security.Cryptography;
using Npgsql;
using NpgsqlTypes;
using Shithub.Actions.Server.Jobs;

namespace Shithub.Actions.Server.Logs;

/// <summary>
/// <c>POST /api/v1/jobs/{id}/logs</c>: one statement spends the token, extends the lease and stores the chunk. The same chunk twice is one
/// chunk; a different one under the same number is 409 and stores nothing.
/// </summary>
public sealed class AppendLog(NpgsqlDataSource dataSource, JobCallDiagnosis diagnosis, LogLimits limits)
{
    // The unique index workflow_step_log_chunks_seq serves the look for an earlier chunk and refuses a second one.
    private static readonly string Append = JobCall.OpenSql(
        """
        and j.log_bytes + octet_length(@chunk) <= @max_bytes
        and (@step_id is null or exists (
            select
            from workflow_steps s
            where s.id = @step_id and s.job_id = j.id))
        and not exists (
            select
            from workflow_step_log_chunks c
            where c.job_id = @job_id
                and c.attempt = @attempt
                and (c.step_id = @step_id or (c.step_id is null and @step_id is null))
                and c.seq = @seq
                and c.sent_hash <> @sent_hash)
        """,
        "null::jsonb") + """
        ,
        chunk as (
            insert into workflow_step_log_chunks (job_id, attempt, step_id, seq, chunk, sent_hash)
            select @job_id, @attempt, @step_id, @seq, @chunk, @sent_hash
            from used
            on conflict (job_id, attempt, step_id, seq) do nothing
            returning octet_length(chunk) as bytes
        ),
        lease as (
            update workflow_jobs j
            set lease_expires_at = now() + make_interval(secs => j.lease_seconds),
                log_bytes = j.log_bytes + coalesce((select bytes from chunk), 0)
            from used
            where j.id = @job_id
        )
        select used.next_expires, job.run_id
        from used, job
        """;

    private const string Look = """
        select j.log_bytes + @bytes > @max_bytes as too_much,
            @step_id is null or exists (select from workflow_steps s where s.id = @step_id and s.job_id = j.id) as step_exists
        from workflow_jobs j
        where j.id = @job_id
        """;

    /// <returns>The outcome and the run it belongs to (0 when not done).</returns>
    public async Task<(JobCallOutcome Outcome, long RunId)> ExecuteAsync(
        JobCall call, long? stepId, int seq, byte[] chunk, CancellationToken cancellation)
    {
        await using (var command = dataSource.CreateCommand(Append))
        {
            call.Bind(command.Parameters);
            command.Parameters.Add(StepId(stepId));
            command.Parameters.Add(new NpgsqlParameter<int>("seq", seq));
            command.Parameters.Add(new NpgsqlParameter<byte[]>("chunk", chunk));
            command.Parameters.Add(new NpgsqlParameter<byte[]>("sent_hash", SHA256.HashData(chunk)));
            command.Parameters.Add(new NpgsqlParameter<long>("max_bytes", limits.MaxBytesPerJob));
            await using var reader = await command.ExecuteReaderAsync(cancellation);
            if (await reader.ReadAsync(cancellation))
            {
                var next = call.Token with { Jti = call.NextJti, Expires = reader.GetInt64(0) };
                return (new JobCallOutcome(JobCallResult.Done, next), reader.GetInt64(1));
            }
        }

        return (await ExplainAsync(call, stepId, seq, chunk.Length, cancellation), 0);
    }

    private async Task<JobCallOutcome> ExplainAsync(JobCall call, long? stepId, int seq, int bytes, CancellationToken cancellation)
    {
        if (await diagnosis.ExplainAsync(call, cancellation) is { } shared)
            return shared;
        await using var command = dataSource.CreateCommand(Look);
        command.Parameters.Add(new NpgsqlParameter<long>("job_id", call.Token.JobId));
        command.Parameters.Add(StepId(stepId));
        command.Parameters.Add(new NpgsqlParameter<int>("bytes", bytes));
        command.Parameters.Add(new NpgsqlParameter<long>("max_bytes", limits.MaxBytesPerJob));
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        if (await reader.ReadAsync(cancellation))
        {
            if (reader.GetBoolean(0))
            {
                return JobCallOutcome.Failed(
                    JobCallResult.Conflict, $"The job's log would exceed {limits.MaxBytesPerJob} bytes (logs.max_bytes_per_job).", "chunk");
            }

            if (!reader.GetBoolean(1))
                return JobCallOutcome.Failed(JobCallResult.Invalid, $"Step {stepId} is not a step of this job; see the ids in the claim.", "step_id");
        }

        return JobCallOutcome.Failed(JobCallResult.Conflict, $"Chunk {seq} is stored already with other bytes.", "seq");
    }

    private static NpgsqlParameter StepId(long? stepId) =>
        new("step_id", NpgsqlDbType.Bigint) { Value = stepId is { } id ? id : DBNull.Value };
}

/// <param name="MaxBytesPerJob">Of one attempt, all its steps together (<c>logs.max_bytes_per_job</c>).</param>
public sealed record LogLimits(long MaxBytesPerJob);
