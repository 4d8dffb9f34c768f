using System.Text.Json;
using Dapper;
using Npgsql;
using Shithub.Actions.Server.Runs;
using Shithub.Actions.Workflows;

namespace Shithub.Actions.Server.Environments;

/// <summary>
/// Stands between a job that could start and its environment: holds it until reviewers and time allow it, or fails it where its ref may
/// not use the environment. In the transaction that makes the job ready, so that no runner ever sees it queued before.
/// </summary>
internal static class EnvironmentGate
{
    // A job is asked once, at its first attempt: what was decided holds when a lost runner's job is queued again.
    private const string FindJobs = """
        select j.id, j.environment, r.head_ref as HeadRef, r.workflow_file as WorkflowFile, coalesce(e.wait_minutes, 0) as WaitMinutes, e.branches,
            coalesce((select array_agg(v.user_id) from environment_reviewers v where v.environment_id = e.id), '{}') as Reviewers
        from workflow_jobs j
        join workflow_runs r on r.id = j.run_id
        left join environments e on e.repo_id = j.repo_id and lower(e.name) = lower(j.environment)
        where j.run_id = @runId and j.environment is not null and j.is_ready and j.attempt = 0
            and (j.status = 'queued' or (j.status = 'waiting' and j.hold = 'concurrency'))
            and not exists (select from environment_gates g where g.job_id = j.id)
        order by j.id
        """;

    private const string Hold = """
        insert into environment_gates (job_id, run_id, environment, needs_review, reviewers, waits_until)
        values (@Id, @runId, @Environment, @needsReview, @Reviewers, case when @WaitMinutes > 0 then now() + make_interval(mins => @WaitMinutes) end);

        update workflow_jobs
        set status = 'waiting', hold = 'environment'
        where id = @Id and status in ('queued', 'waiting');

        select pg_notify('shithub', 'timer:');
        """;

    // What lets it go at once is written down too: a job is asked once.
    private const string Pass = """
        insert into environment_gates (job_id, run_id, environment, needs_review, passed_at)
        values (@Id, @runId, @Environment, false, now())
        """;

    internal const string Fail = """
        update workflow_jobs
        set status = 'completed', conclusion = 'failure', hold = null, completed_at = now(), diagnostics = @diagnostics::jsonb
        where id = @Id and status in ('queued', 'waiting');

        update workflow_steps
        set status = 'skipped', conclusion = 'skipped', completed_at = now()
        where job_id = @Id and status = 'queued' and exists (select from workflow_jobs j where j.id = @Id and j.conclusion = 'failure');
        """;

    /// <returns>True where some job is held back or has failed.</returns>
    public static async Task<bool> HoldAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, long runId, CancellationToken cancellation)
    {
        CommandDefinition Sql(string sql, object parameters) => new(sql, parameters, transaction, cancellationToken: cancellation);
        var isChanged = false;
        foreach (var job in (await connection.QueryAsync<Job>(Sql(FindJobs, new { runId }))).AsList())
        {
            if (!EnvironmentRules.Allows(job.Branches, job.HeadRef))
            {
                await connection.ExecuteAsync(Sql(Fail, new
                {
                    job.Id,
                    diagnostics = Explain(job.WorkflowFile, $"the environment '{job.Environment}' may not be used by {job.HeadRef}, but by: {string.Join(", ", job.Branches!)}"),
                }));
                isChanged = true;
                continue;
            }

            var needsReview = job.Reviewers.Length > 0;
            var isHeld = needsReview || job.WaitMinutes > 0;
            await connection.ExecuteAsync(Sql(
                isHeld ? Hold : Pass, new { job.Id, runId, job.Environment, needsReview, job.Reviewers, job.WaitMinutes }));
            isChanged |= isHeld;
        }

        return isChanged;
    }

    /// <summary>A job's diagnostics with one message.</summary>
    internal static string Explain(string file, string message) => JsonSerializer.Serialize(
        [new Diagnostic(DiagnosticSeverity.Error, "environment", message, file, 1, 1, "environment", null)],
        RunJson.Default.IReadOnlyListDiagnostic);

    private sealed record Job
    {
        public long Id { get; init; }

        public string Environment { get; init; } = "";

        public string HeadRef { get; init; } = "";

        public string WorkflowFile { get; init; } = "";

        public int WaitMinutes { get; init; }

        public string[]? Branches { get; init; }

        public long[] Reviewers { get; init; } = [];
    }
}
