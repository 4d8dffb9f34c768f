using System.Text.Json;
using System.Text.Json.Nodes;
using Dapper;
using Npgsql;
using Shithub.Actions.Workflows;

namespace Shithub.Actions.Server.Runs;

/// <summary>
/// Writes a planned run with its jobs and steps, in the transaction of whatever triggered it, so that the trigger and its run are one
/// fact. The same trigger event makes one run per workflow file, however often it arrives.
/// </summary>
public static class EnqueueRun
{
    /// <summary>The repository's row is locked until the transaction ends: run numbers have no gaps and repeats are in line.</summary>
    private const string NextIndex = """
        update repositories
        set last_run_index = last_run_index + 1
        where id = @RepoId
            and not exists (
                select
                from workflow_runs
                where repo_id = @RepoId and workflow_file = @WorkflowFile and trigger_event_id = @TriggerEventId)
        returning last_run_index
        """;

    private const string LockRepository = "select from repositories where id = @RepoId for no key update";

    private const string FindEarlier = """
        select id, run_index
        from workflow_runs
        where repo_id = @RepoId and workflow_file = @WorkflowFile and trigger_event_id = @TriggerEventId
        """;

    private const string InsertRun = """
        insert into workflow_runs
            (id, repo_id, run_index, workflow_file, workflow_name, title, event, event_payload, inputs, head_sha, head_ref, actor_id,
             trigger_event_id, parent_run_id, status, conclusion, completed_at, diagnostics)
        overriding system value
        values
            (coalesce(@RunId, nextval(pg_get_serial_sequence('workflow_runs', 'id'))), @RepoId, @RunIndex, @WorkflowFile, @WorkflowName,
             @Title, @Event, @EventPayload::jsonb, @Inputs::jsonb, @HeadSha, @HeadRef, @ActorId, @TriggerEventId, @ParentRunId, @Status,
             @Conclusion, case when @Conclusion is null then null else now() end, @Diagnostics::jsonb)
        returning id
        """;

    // Known sets are left alone, because an insert that conflicts still takes a number of the sequence. In order, so that two runs
    // that bring the same new sets do not wait for each other in a circle.
    private const string InsertLabelSets = """
        insert into label_sets (labels)
        select distinct job.labels
        from jsonb_to_recordset(@Jobs::jsonb) as job (labels text[])
        where not exists (select from label_sets s where s.labels = job.labels)
        order by job.labels
        on conflict (labels) do nothing
        """;

    private const string InsertJobs = """
        insert into workflow_jobs
            (run_id, repo_id, job_key, job_name, runs_on, label_set_id, needs, if_condition, timeout_minutes, permissions, env, priority,
             status, queued_at)
        select @RunId, @RepoId, job.key, job.name, job.runs_on, s.id, job.needs, job.if_condition, job.timeout_minutes, job.permissions,
            job.env, @Priority, job.status, case when job.status = 'queued' then now() end
        from jsonb_to_recordset(@Jobs::jsonb) as job
            (position integer, key text, name text, runs_on text[], labels text[], needs text[], if_condition text,
             timeout_minutes integer, permissions jsonb, env jsonb, status text)
        join label_sets s on s.labels = job.labels
        order by job.position
        """;

    private const string InsertSteps = """
        insert into workflow_steps
            (job_id, index, step_id, name, if_condition, run, uses, shell, working_directory, env, "with", continue_on_error)
        select j.id, step.index, step.step_id, step.name, step.if_condition, step.run, step.uses, step.shell, step.working_directory,
            step.env, step."with", step.continue_on_error
        from jsonb_to_recordset(@Steps::jsonb) as step
            (job_key text, index integer, step_id text, name text, if_condition text, run text, uses text, shell text,
             working_directory text, env jsonb, "with" jsonb, continue_on_error boolean)
        join workflow_jobs j on j.run_id = @RunId and j.job_key = step.job_key
        """;

    private const string Tell = "select pg_notify('shithub', 'queue:'), pg_notify('shithub', 'run:' || @RunId)";

    public static async Task<EnqueuedRun> ExecuteAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, NewRun run, CancellationToken cancellation)
    {
        CommandDefinition Sql(string sql, object parameters) => new(sql, parameters, transaction, cancellationToken: cancellation);

        await connection.ExecuteAsync(Sql(LockRepository, run));
        var index = await connection.ExecuteScalarAsync<int?>(Sql(NextIndex, run));
        if (index is not { } runIndex)
        {
            var (earlier, earlierIndex) = await connection.QuerySingleAsync<(long, int)>(Sql(FindEarlier, run));
            return new EnqueuedRun(earlier, earlierIndex, Created: false);
        }

        var isPlanned = run.Plan is { Jobs.Count: > 0 };
        var runId = await connection.ExecuteScalarAsync<long>(Sql(InsertRun, new
        {
            run.RunId,
            run.RepoId,
            RunIndex = runIndex,
            run.WorkflowFile,
            run.WorkflowName,
            run.Title,
            run.Event,
            EventPayload = run.EventPayload.ToJsonString(),
            Inputs = run.Inputs.ToJsonString(),
            run.HeadSha,
            run.HeadRef,
            run.ActorId,
            run.TriggerEventId,
            run.ParentRunId,
            Status = isPlanned ? "queued" : "completed",
            Conclusion = isPlanned ? null : "failure",
            Diagnostics = run.Diagnostics is null ? null : JsonSerializer.Serialize(run.Diagnostics, RunJson.Default.IReadOnlyListDiagnostic),
        }));
        if (isPlanned)
        {
            var jobs = Jobs(run.Plan!).ToJsonString();
            await connection.ExecuteAsync(Sql(InsertLabelSets, new { Jobs = jobs }));
            await connection.ExecuteAsync(Sql(InsertJobs, new { RunId = runId, run.RepoId, run.Priority, Jobs = jobs }));
            await connection.ExecuteAsync(Sql(InsertSteps, new { RunId = runId, Steps = Steps(run.Plan!).ToJsonString() }));
        }

        await connection.ExecuteAsync(Sql(Tell, new { RunId = runId }));
        return new EnqueuedRun(runId, runIndex, Created: true);
    }

    private static JsonArray Jobs(RunPlan plan) => new([.. plan.Jobs.Select((job, position) => new JsonObject
    {
        ["position"] = position,
        ["key"] = job.Key,
        ["name"] = job.Name,
        ["runs_on"] = Array(job.RunsOn),
        ["labels"] = Array(job.RunsOn.Order(StringComparer.Ordinal)),
        ["needs"] = Array(job.Needs),
        ["if_condition"] = job.If,
        ["timeout_minutes"] = job.TimeoutMinutes,
        ["permissions"] = Map(job.Permissions),
        ["env"] = Map(job.Env),
        ["status"] = job.Needs.Count == 0 ? "queued" : "waiting",
    })]);

    private static JsonArray Steps(RunPlan plan) => new([.. plan.Jobs.SelectMany(job => job.Steps.Select(step => new JsonObject
    {
        ["job_key"] = job.Key,
        ["index"] = step.Index,
        ["step_id"] = step.Id,
        ["name"] = step.Name,
        ["if_condition"] = step.If,
        ["run"] = step.Run,
        ["uses"] = step.Uses,
        ["shell"] = step.Shell,
        ["working_directory"] = step.WorkingDirectory,
        ["env"] = Map(step.Env),
        ["with"] = Map(step.With),
        ["continue_on_error"] = step.ContinueOnError,
    }))]);

    private static JsonArray Array(IEnumerable<string> values) => new([.. values.Select(value => (JsonNode)value)]);

    private static JsonObject Map(IEnumerable<KeyValuePair<string, string>> values) =>
        new(values.Select(pair => KeyValuePair.Create(pair.Key, (JsonNode?)pair.Value)));
}
