using System.Text.Json;
using System.Text.Json.Nodes;
using Dapper;
using Npgsql;
using Shithub.Actions.Server.Environments;
using Shithub.Actions.Workflows;

namespace Shithub.Actions.Server.Runs;

/// <summary>Reads the jobs of a run as its rules see them, and makes the rows agree with what the rules decided.</summary>
internal static class JobRows
{
    private const string Select = """
        select job_key as Path, status, conclusion, is_ready as IsReady, leg::text as Leg, continue_on_error as ContinueOnError, hold,
            outputs::text as Outputs, tainted_outputs as TaintedOutputs, completed_at as CompletedAt,
            cancel_requested_at is not null as CancelRequested
        from workflow_jobs
        where run_id = @RunId
        order by id
        """;

    // Known sets are left alone, because an insert that conflicts still takes a number of the sequence. In order, so that two runs
    // that bring the same new sets do not wait for each other in a circle.
    private const string InsertLabelSets = """
        insert into label_sets (labels)
        select distinct job.labels
        from json_to_recordset(@Jobs::json) as job (labels text[])
        where job.labels is not null and not exists (select from label_sets s where s.labels = job.labels)
        order by job.labels
        on conflict (labels) do nothing
        """;

    // A job that becomes ready keeps its row, which people may be looking at; legs of a matrix get rows of their own.
    private const string PutJobs = """
        insert into workflow_jobs
            (run_id, repo_id, job_key, job_name, runs_on, label_set_id, needs, if_condition, timeout_minutes, permissions, env, priority,
             status, conclusion, queued_at, completed_at, is_ready, leg, continue_on_error, hold, contexts, output_templates, defaults,
             container, services, environment, secret_plan, diagnostics, position)
        select @RunId, @RepoId, job.key, job.name, job.runs_on, s.id, job.needs, job.if_condition, job.timeout_minutes, job.permissions,
            job.env, @Priority, job.status, job.conclusion, case when job.status = 'queued' then now() end,
            case when job.conclusion is not null then now() end, job.is_ready, job.leg, job.continue_on_error, job.hold, job.contexts,
            job.output_templates, job.defaults, job.container, job.services, job.environment, job.secret_plan, job.diagnostics,
            job.position
        from json_to_recordset(@Jobs::json) as job
            (position integer, key text, name text, runs_on text[], labels text[], needs text[], if_condition text,
             timeout_minutes integer, permissions jsonb, env jsonb, status text, conclusion text, is_ready boolean, leg json,
             continue_on_error boolean, hold text, contexts json, output_templates json, defaults json, container json,
             services json, environment text, secret_plan json, diagnostics jsonb)
        left join label_sets s on s.labels = job.labels
        order by job.position
        on conflict (run_id, job_key) do update
        set job_name = excluded.job_name,
            runs_on = excluded.runs_on,
            label_set_id = excluded.label_set_id,
            needs = excluded.needs,
            if_condition = excluded.if_condition,
            timeout_minutes = excluded.timeout_minutes,
            permissions = excluded.permissions,
            env = excluded.env,
            status = excluded.status,
            conclusion = excluded.conclusion,
            queued_at = excluded.queued_at,
            completed_at = excluded.completed_at,
            is_ready = excluded.is_ready,
            leg = excluded.leg,
            continue_on_error = excluded.continue_on_error,
            hold = excluded.hold,
            contexts = excluded.contexts,
            output_templates = excluded.output_templates,
            defaults = excluded.defaults,
            container = excluded.container,
            services = excluded.services,
            environment = excluded.environment,
            secret_plan = excluded.secret_plan,
            diagnostics = excluded.diagnostics
        where workflow_jobs.conclusion is null
        """;

    private const string InsertSteps = """
        insert into workflow_steps
            (job_id, index, step_id, name, if_condition, run, uses, shell, working_directory, env, "with", continue_on_error,
             continue_on_error_if, timeout_minutes, line)
        select j.id, step.index, step.step_id, step.name, step.if_condition, step.run, step.uses, step.shell, step.working_directory,
            step.env, step."with", step.continue_on_error, step.continue_on_error_if, step.timeout_minutes, step.line
        from jsonb_to_recordset(@Steps::jsonb) as step
            (job_key text, index integer, step_id text, name text, if_condition text, run text, uses text, shell text,
             working_directory text, env jsonb, "with" jsonb, continue_on_error boolean, continue_on_error_if text, timeout_minutes text,
             line integer)
        join workflow_jobs j on j.run_id = @RunId and j.job_key = step.job_key
        """;

    private const string Delete = "delete from workflow_jobs where run_id = @RunId and job_key = any (@Paths) and not is_ready";

    private const string Order = """
        update workflow_jobs j
        set position = place.position
        from unnest(@Paths) with ordinality as place (path, position)
        where j.run_id = @RunId and j.job_key = place.path and j.position <> place.position
        """;

    private const string Change = """
        update workflow_steps s
        set status = change.status, conclusion = change.conclusion, completed_at = now()
        from jsonb_to_recordset(@Changes::jsonb) as change (key text, status text, conclusion text)
        join workflow_jobs j on j.run_id = @RunId and j.job_key = change.key
        where s.job_id = j.id and s.status = 'queued' and change.status in ('skipped', 'cancelled');

        update workflow_jobs j
        set status = change.status,
            conclusion = change.conclusion,
            hold = change.hold,
            queued_at = case when change.status = 'queued' then now() else j.queued_at end,
            completed_at = case when change.conclusion is not null then now() end,
            diagnostics = coalesce(change.diagnostics, j.diagnostics)
        from jsonb_to_recordset(@Changes::jsonb) as change (key text, status text, conclusion text, hold text, diagnostics jsonb)
        where j.run_id = @RunId and j.job_key = change.key and j.conclusion is null
        """;

    private const string RequestCancel = """
        update workflow_jobs
        set cancel_requested_at = coalesce(cancel_requested_at, now())
        where run_id = @RunId and job_key = any (@Paths) and status = 'running'
        returning pg_notify('shithub', 'lease:' || id)
        """;

    private const string JoinConcurrency = """
        insert into concurrency_members (repo_id, group_name, run_id, job_id, cancels, keeps_all)
        select @RepoId, member.group_name, @RunId, j.id, member.cancels, member.keeps_all
        from jsonb_to_recordset(@Members::jsonb) as member (key text, group_name text, cancels boolean, keeps_all boolean)
        join workflow_jobs j on j.run_id = @RunId and j.job_key = member.key
        where j.conclusion is null
        order by j.id
        on conflict do nothing;

        select pg_notify('shithub', 'concurrency:');
        """;

    // One that waits is in already.
    private const string JoinAsCalls = """
        insert into concurrency_members (repo_id, group_name, run_id, call_path, cancels, keeps_all)
        select @RepoId, member.group_name, @RunId, member.call_path, member.cancels, member.keeps_all
        from jsonb_to_recordset(@Members::jsonb) as member (call_path text, group_name text, cancels boolean, keeps_all boolean)
        where not exists (select from concurrency_members m where m.run_id = @RunId and m.call_path = member.call_path)
            and exists (
                select from workflow_jobs j
                where j.run_id = @RunId and starts_with(j.job_key, member.call_path || '/') and j.conclusion is null)
        on conflict do nothing;

        select pg_notify('shithub', 'concurrency:');
        """;

    public static async Task<IReadOnlyList<JobState>> ReadAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, long runId, CancellationToken cancellation)
    {
        var rows = await connection.QueryAsync<Row>(
            new CommandDefinition(Select, new { RunId = runId }, transaction, cancellationToken: cancellation));
        return [.. rows.Select(row => row.ToState())];
    }

    /// <summary>Makes the rows of a run, of which there may be none yet, agree with a decision.</summary>
    /// <param name="before">The rows as they are.</param>
    /// <returns>True where an environment holds one of the jobs back, or refuses it: the caller rolls the run up anew.</returns>
    public static async Task<bool> WriteAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, RunRows run, IReadOnlyList<JobState> before, RunDecision decision,
        Func<string, PendingJob> describe, CancellationToken cancellation)
    {
        CommandDefinition Sql(string sql, object parameters) => new(sql, parameters, transaction, cancellationToken: cancellation);

        var old = before.ToDictionary(job => job.Path, StringComparer.OrdinalIgnoreCase);
        var now = decision.Jobs.ToDictionary(job => job.Path, StringComparer.OrdinalIgnoreCase);
        var ready = decision.Ready.ToDictionary(job => job.Path, StringComparer.OrdinalIgnoreCase);
        var gone = old.Keys.Where(path => !now.ContainsKey(path)).ToArray();
        if (gone.Length > 0)
            await connection.ExecuteAsync(Sql(Delete, new { run.RunId, Paths = gone }));

        var put = decision.Jobs.Where(job => ready.ContainsKey(job.Path) || !old.ContainsKey(job.Path)).ToList();
        if (put.Count > 0)
        {
            var places = decision.Jobs.Select((job, index) => (job.Path, Position: index + 1)).ToDictionary(StringComparer.OrdinalIgnoreCase);
            var jobs = new JsonArray([.. put.Select(job =>
                Describe(job, places[job.Path], ready.GetValueOrDefault(job.Path), describe, decision.Failures.GetValueOrDefault(job.Path)))]).ToJsonString();
            var steps = new JsonArray([.. decision.Ready.SelectMany(Steps)]);
            if (ready.Count > 0)
                await connection.ExecuteAsync(Sql(InsertLabelSets, new { Jobs = jobs }));
            await connection.ExecuteAsync(Sql(PutJobs, new { run.RunId, run.RepoId, run.Priority, Jobs = jobs }));
            if (steps.Count > 0)
                await connection.ExecuteAsync(Sql(InsertSteps, new { run.RunId, Steps = steps.ToJsonString() }));
            if (gone.Length > 0)
                await connection.ExecuteAsync(Sql(Order, new { run.RunId, Paths = decision.Jobs.Select(job => job.Path).ToArray() }));
        }

        var changed = decision.Jobs
            .Where(job => !ready.ContainsKey(job.Path) && old.TryGetValue(job.Path, out var was) && (was.Status, was.Hold) != (job.Status, job.Hold))
            .Select(job => (JsonNode)new JsonObject
            {
                ["key"] = job.Path,
                ["status"] = job.Status,
                ["conclusion"] = job.Conclusion,
                ["hold"] = job.Hold,
                ["diagnostics"] = Diagnostics(decision.Failures.GetValueOrDefault(job.Path)),
            })
            .ToArray();
        if (changed.Length > 0)
            await connection.ExecuteAsync(Sql(Change, new { run.RunId, Changes = new JsonArray(changed).ToJsonString() }));
        if (decision.Cancel.Count > 0)
            await connection.ExecuteAsync(Sql(RequestCancel, new { run.RunId, Paths = decision.Cancel.ToArray() }));

        var members = decision.Ready.Where(job => job.Concurrency is not null).Select(job => (JsonNode)new JsonObject
        {
            ["key"] = job.Path,
            ["group_name"] = job.Concurrency!.Group.ToLowerInvariant(),
            ["cancels"] = job.Concurrency.CancelInProgress,
            ["keeps_all"] = job.Concurrency.KeepsAll,
        }).ToArray();
        if (members.Length > 0)
            await connection.ExecuteAsync(Sql(JoinConcurrency, new { run.RepoId, run.RunId, Members = new JsonArray(members).ToJsonString() }));

        var calls = decision.Calls.Where(call => call.IsHeld).SelectMany(call => call.Groups, (call, group) => (JsonNode)new JsonObject
        {
            ["call_path"] = call.Path,
            ["group_name"] = group.Group.ToLowerInvariant(),
            ["cancels"] = group.CancelInProgress,
            ["keeps_all"] = group.KeepsAll,
        }).ToArray();
        if (calls.Length > 0)
            await connection.ExecuteAsync(Sql(JoinAsCalls, new { run.RepoId, run.RunId, Members = new JsonArray(calls).ToJsonString() }));

        // In this transaction, so that no claim ever sees a job queued whose environment holds it.
        var mayBeHeld = decision.Ready.Any(job => job.Environment is not null)
            || decision.Jobs.Any(job => job is { Status: JobStatus.Queued, Leg: not null } && old.GetValueOrDefault(job.Path) is { Status: JobStatus.Waiting });
        return mayBeHeld && await EnvironmentGate.HoldAsync(connection, transaction, run.RunId, cancellation);
    }

    private static JsonObject Describe(
        JobState state, int position, ReadyJob? ready, Func<string, PendingJob> describe, IReadOnlyList<Diagnostic>? failure)
    {
        var pending = ready is null ? describe(state.Path) : null;
        var json = new JsonObject
        {
            ["position"] = position,
            ["key"] = state.Path,
            ["name"] = ready?.Name ?? pending!.Name,
            ["runs_on"] = Array(ready?.RunsOn ?? []),
            ["needs"] = Array(ready?.Needs ?? pending!.Needs),
            ["timeout_minutes"] = ready?.TimeoutMinutes ?? WorkflowLimits.DefaultTimeoutMinutes,
            ["permissions"] = ready?.Permissions.DeepClone() ?? new JsonObject(),
            ["env"] = Map(ready?.Env ?? new Dictionary<string, string>()),
            ["status"] = state.Status,
            ["conclusion"] = state.Conclusion,
            ["is_ready"] = state.IsReady,
            ["leg"] = state.Leg is null ? null : JsonSerializer.SerializeToNode(state.Leg, RunStateJson.Default.JobLeg),
            ["continue_on_error"] = state.ContinueOnError,
            ["hold"] = state.Hold,
            ["diagnostics"] = Diagnostics(failure),
        };
        if (ready is null)
            return json;
        json["labels"] = Array(ready.RunsOn.Order(StringComparer.Ordinal));
        json["if_condition"] = ready.If;
        json["contexts"] = JsonSerializer.SerializeToNode(ready.Contexts, RunStateJson.Default.MarkedJson);
        json["output_templates"] = ready.Outputs.Count == 0 ? null : Map(ready.Outputs);
        json["defaults"] = ready.Defaults is { Shell: null, WorkingDirectory: null }
            ? null
            : JsonSerializer.SerializeToNode(ready.Defaults, RunStateJson.Default.JobDefaults);
        json["container"] = ready.Container?.DeepClone();
        json["services"] = ready.Services?.DeepClone();
        json["environment"] = ready.Environment;
        json["secret_plan"] = ready.Secrets is null ? null : JsonSerializer.SerializeToNode(ready.Secrets, RunStateJson.Default.SecretPlan);
        return json;
    }

    private static IEnumerable<JsonNode?> Steps(ReadyJob job) => job.Steps.Select(step => new JsonObject
    {
        ["job_key"] = job.Path,
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
        ["continue_on_error_if"] = step.ContinueOnErrorIf,
        ["timeout_minutes"] = step.TimeoutMinutes,
        ["line"] = step.Line,
    });

    private static JsonArray Array(IEnumerable<string> values) => new([.. values.Select(value => (JsonNode)value)]);

    private static JsonObject Map(IEnumerable<KeyValuePair<string, string>> values) =>
        new(values.Select(pair => KeyValuePair.Create(pair.Key, (JsonNode?)pair.Value)));

    private static JsonNode? Diagnostics(IReadOnlyList<Diagnostic>? failure) =>
        failure is null ? null : JsonSerializer.SerializeToNode(failure, RunJson.Default.IReadOnlyListDiagnostic);

    private sealed record Row
    {
        public string Path { get; init; } = "";

        public string Status { get; init; } = "";

        public string? Conclusion { get; init; }

        public bool IsReady { get; init; }

        public string? Leg { get; init; }

        public bool ContinueOnError { get; init; }

        public string? Hold { get; init; }

        public string? Outputs { get; init; }

        public string[]? TaintedOutputs { get; init; }

        public DateTime? CompletedAt { get; init; }

        public bool CancelRequested { get; init; }

        public JobState ToState() => new(Path, Status, Conclusion)
        {
            IsReady = IsReady,
            Leg = Leg is null ? null : JsonSerializer.Deserialize(Leg, RunStateJson.Default.JobLeg),
            ContinueOnError = ContinueOnError,
            Hold = Hold,
            Outputs = Outputs is null
                ? JobOutputs.None
                : new JobOutputs(
                    JsonSerializer.Deserialize(Outputs, RunStateJson.Default.IReadOnlyDictionaryStringString)!,
                    TaintedOutputs ?? []),
            CompletedAt = CompletedAt,
            CancelRequested = CancelRequested,
        };
    }
}

/// <summary>The run that rows belong to.</summary>
internal sealed record RunRows(long RunId, long RepoId, int Priority);
