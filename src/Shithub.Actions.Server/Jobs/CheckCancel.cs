using Npgsql;

namespace Shithub.Actions.Server.Jobs;

/// <summary><c>POST /api/v1/jobs/{id}/cancel-check</c>: says whether somebody asked for the job to be cancelled, and hands out a fresh token.</summary>
public sealed class CheckCancel(NpgsqlDataSource dataSource, JobCallDiagnosis diagnosis)
{
    private static readonly string Check = JobCall.OpenSql("", "to_jsonb(job.cancel_requested_at is not null)") + """
        ,
        lease as (
            update workflow_jobs j
            set lease_expires_at = now() + make_interval(secs => j.lease_seconds)
            from used
            where j.id = @job_id
        )
        select used.next_expires, used.response::text
        from used
        """;

    /// <summary>The answer is <c>true</c> or <c>false</c>.</summary>
    public async Task<JobCallOutcome> ExecuteAsync(JobCall call, CancellationToken cancellation)
    {
        await using (var command = dataSource.CreateCommand(Check))
        {
            call.Bind(command.Parameters);
            await using var reader = await command.ExecuteReaderAsync(cancellation);
            if (await reader.ReadAsync(cancellation))
            {
                var next = call.Token with { Jti = call.NextJti, Expires = reader.GetInt64(0) };
                return new JobCallOutcome(JobCallResult.Done, next, reader.GetString(1));
            }
        }

        return await diagnosis.ExplainAsync(call, cancellation)
            ?? JobCallOutcome.Failed(JobCallResult.Conflict, "The attempt ended while this call was made.");
    }
}
