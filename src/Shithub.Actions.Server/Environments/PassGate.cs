using Dapper;
using Npgsql;

namespace Shithub.Actions.Server.Environments;

/// <summary>Lets a job go whose environment asks nothing more. The caller holds the run's lock.</summary>
internal static class PassGate
{
    private const string Pass = """
        update environment_gates
        set passed_at = now()
        where job_id = @jobId and passed_at is null
            and (not needs_review or decision = 'approved')
            and (waits_until is null or waits_until <= now())
        """;

    // It may have to wait in its concurrency group still.
    private const string Release = """
        update workflow_jobs j
        set status = case when waits.in_group then 'waiting' else 'queued' end,
            hold = case when waits.in_group then 'concurrency' end,
            queued_at = case when waits.in_group then j.queued_at else now() end
        from (select exists (select from concurrency_members m where m.job_id = @jobId and m.held_since is null) as in_group) waits
        where j.id = @jobId and j.status = 'waiting' and j.hold = 'environment';

        select pg_notify('shithub', 'queue:'), pg_notify('shithub', 'concurrency:');
        """;

    /// <returns>False where something is asked still, or the job has gone or ended.</returns>
    public static async Task<bool> TryAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, long jobId, CancellationToken cancellation)
    {
        CommandDefinition Sql(string sql) => new(sql, new { jobId }, transaction, cancellationToken: cancellation);
        if (await connection.ExecuteAsync(Sql(Pass)) == 0)
            return false;
        await connection.ExecuteAsync(Sql(Release));
        return true;
    }
}
