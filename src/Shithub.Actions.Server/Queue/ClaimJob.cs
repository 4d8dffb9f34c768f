using System.Text.Json;
using Npgsql;
using NpgsqlTypes;
using Shithub.Actions.Protocol;
using Shithub.Actions.Server.Runs;

namespace Shithub.Actions.Server.Queue;

/// <summary>The claim: a runner's heartbeat is recorded and at most one queued job becomes its own, in one round trip and one transaction.</summary>
public sealed class ClaimJob(NpgsqlDataSource dataSource)
{
    /// <summary>
    /// Locks the runner's row, which puts concurrent heartbeats of one runner in line: the next statement then sees, in a snapshot of
    /// its own, what those before it claimed, and the capacity holds.
    /// </summary>
    public const string RecordHeartbeat = """
        update workflow_runners r
        set last_heartbeat_at = now(),
            offline_at = null,
            offered_labels = case
                when @labels is null then r.labels
                else array(select label from unnest(r.labels) label where label = any (@labels))
            end,
            offered_capacity = least(r.capacity, coalesce(@capacity, r.capacity)),
            host_name = coalesce(@host_name, r.host_name),
            version = coalesce(@version, r.version)
        from runner_tokens t
        where t.token_hash = @token_hash
            and t.revoked_at is null
            and t.superseded_at is null
            and (t.expires_at is null or t.expires_at > now())
            and r.id = t.runner_id
            and r.revoked_at is null
        returning r.id, array(select label from unnest(@labels) label where label <> all (r.labels)) as ignored_labels
        """;

    /// <summary>
    /// Index workflow_jobs_queue gives the head of each label set's queue, so the cost grows neither with the queue nor with jobs whose
    /// labels this runner does not serve. The heads are read without locks and only the winner is locked: a claimer that locked the
    /// heads of several queues would hide jobs it does not take. 64 heads are more than claims can be under way at once.
    /// The steps are fenced ('materialized', and counts where 'exists' would do) because PostgreSQL otherwise joins them its own way, with
    /// plans that are good while the tables are small: reading the heads of sets that nobody serves, or the whole index of claim ids.
    /// </summary>
    public const string ClaimSql = """
        with me as materialized (
            select r.id, r.offered_labels
            from runner_tokens t
            join workflow_runners r on r.id = t.runner_id
            where t.token_hash = @token_hash
                and t.revoked_at is null
                and t.superseded_at is null
                and (t.expires_at is null or t.expires_at > now())
                and r.revoked_at is null
                and r.draining_at is null
                and (select enabled from actions_site_policy)
                and r.offered_capacity > (
                    select count(*)
                    from workflow_jobs active
                    where active.runner_id = r.id and active.status = 'running')
                and 0 = (
                    select count(*)
                    from workflow_jobs earlier
                    where earlier.runner_id = r.id and earlier.claim_id = @claim_id)
        ),
        served as materialized (
            select s.id, me.id as runner_id
            from me
            join label_sets s on s.labels <@ me.offered_labels
        ),
        head as (
            select q.id, q.priority, served.runner_id
            from served
            cross join lateral (
                select q.id, q.priority
                from workflow_jobs q
                where q.label_set_id = served.id
                    and q.status = 'queued'
                    and exists (
                        select
                        from repositories p
                        join owners o on o.id = p.owner_id
                        where p.id = q.repo_id and p.actions_enabled and o.actions_enabled)
                order by q.priority desc, q.id
                limit 64
            ) q
            order by q.priority desc, q.id
            limit 64
        ),
        candidate as (
            select j.id, head.runner_id
            from head
            join workflow_jobs j on j.id = head.id
            where j.status = 'queued'
            order by head.priority desc, head.id
            limit 1
            for update of j skip locked
        ),
        claimed as (
            update workflow_jobs j
            set status = 'running',
                attempt = j.attempt + 1,
                runner_id = candidate.runner_id,
                claim_id = @claim_id,
                claim_jti = @jti,
                claim_expires = extract(epoch from now())::bigint + @token_seconds,
                lease_seconds = @lease_seconds,
                lease_expires_at = now() + make_interval(secs => @lease_seconds),
                started_at = now()
            from candidate
            where j.id = candidate.id
            returning j.run_id
        )
        update workflow_runs
        set status = 'running', started_at = coalesce(started_at, now())
        where id in (
            -- skip locked: whoever holds the run's lock recomputes its status, and a claim must wait for nobody (Runs/README.md)
            select r.id
            from workflow_runs r
            join claimed on claimed.run_id = r.id
            where r.status in ('queued', 'waiting')
            for update of r skip locked)
        """;

    public const string ReadClaimed = """
        select j.id, j.run_id, j.repo_id, r.run_index, r.workflow_file, r.workflow_name, coalesce(r.checkout_sha, r.head_sha), r.head_ref, r.event,
            r.event_payload::text as event_payload, j.job_key, j.job_name, j.runs_on, j.needs, j.if_condition, j.timeout_minutes,
            j.permissions::text as permissions, j.env::text as env, j.attempt, j.lease_expires_at, j.lease_seconds, j.claim_jti,
            j.claim_expires, o.name || '/' || p.name as repository, coalesce(a.name, '') as actor, j.runner_id,
            j.status = 'running' and not exists (select from runner_jwt_used u where u.jti = j.claim_jti) as is_fresh,
            extract(epoch from j.started_at - j.queued_at)::float8 as seconds_queued,
            (
                select coalesce(jsonb_agg(jsonb_build_object(
                    'id', s.id, 'index', s.index, 'step_id', s.step_id, 'name', s.name, 'if', s.if_condition, 'run', s.run,
                    'uses', s.uses, 'working_directory', s.working_directory, 'env', s.env, 'with', s."with",
                    'continue_on_error', s.continue_on_error, 'shell', s.shell, 'continue_on_error_if', s.continue_on_error_if,
                    'timeout_minutes', s.timeout_minutes, 'line', s.line) order by s.index), '[]')::text
                from workflow_steps s
                where s.job_id = j.id
            ) as steps,
            j.contexts::text as contexts, j.output_templates::text as output_templates, j.defaults::text as defaults,
            j.container::text as container, j.services::text as services, d.github::text as github,
            -- Those of the job's environment come before the run's, whatever their case. Index environment_variables_name.
            case when j.environment is null then d.vars::text else (
                select coalesce(json_object_agg(v.name, v.value), '{}')::text
                from (
                    select e.name, e.value
                    from environment_variables e
                    where e.repo_id = j.repo_id and e.environment = lower(j.environment)
                    union all
                    select g.key, g.value
                    from json_each_text(d.vars) g
                    where not exists (
                        select
                        from environment_variables e
                        where e.repo_id = j.repo_id and e.environment = lower(j.environment) and upper(e.name) = upper(g.key))
                ) v
            ) end as vars,
            r.inputs::text as inputs, d.actions::text as actions, j.secret_plan::text as secret_plan,
            -- Here and not in a call of its own, so that a job with secrets costs no round trip more. Index workflow_secrets_name.
            case when j.secret_plan is not null then (
                select jsonb_agg(jsonb_build_object(
                    'owner_id', s.owner_id, 'repo_id', s.repo_id, 'environment', s.environment, 'name', s.name,
                    'sealed', translate(encode(s.sealed, 'base64'), E'\n', '')))::text
                from (
                    select distinct on (s.environment, s.name) s.owner_id, s.repo_id, s.environment, s.name, s.sealed
                    from workflow_secrets s
                    where (s.repo_id = j.repo_id or (s.repo_id is null and (s.owner_id = p.owner_id or s.owner_id is null)))
                        and case when s.environment is null
                            then j.secret_plan -> 'names' is null or jsonb_exists(j.secret_plan::jsonb -> 'names', s.name)
                            else s.environment = j.secret_plan ->> 'environment'
                                and (j.secret_plan -> 'own' is null or jsonb_exists(j.secret_plan::jsonb -> 'own', s.name)) end
                    order by s.environment, s.name, s.repo_id nulls last, s.owner_id nulls last
                ) s
            ) end as sealed_secrets,
            r.trust
        from runner_tokens t
        join workflow_jobs j on j.runner_id = t.runner_id
        join workflow_runs r on r.id = j.run_id
        join repositories p on p.id = j.repo_id
        join owners o on o.id = p.owner_id
        left join owners a on a.id = r.actor_id
        left join workflow_run_definitions d on d.run_id = r.id
        where t.token_hash = @token_hash
            and j.claim_id = @claim_id
        """;

    /// <summary>One try. Never waits for another transaction, except for an earlier heartbeat of the same runner.</summary>
    public async Task<ClaimOutcome> TryAsync(ClaimRequest request, CancellationToken cancellation)
    {
        while (true)
        {
            try
            {
                return await TryOnceAsync(request, cancellation);
            }
            catch (PostgresException error)
                when (error.SqlState == PostgresErrorCodes.UniqueViolation && error.ConstraintName == "workflow_jobs_claim")
            {
                // The same claim_id took a job at the same moment: the next look finds that job.
            }
        }
    }

    private async Task<ClaimOutcome> TryOnceAsync(ClaimRequest request, CancellationToken cancellation)
    {
        await using var batch = dataSource.CreateBatch();
        batch.BatchCommands.Add(new NpgsqlBatchCommand(RecordHeartbeat)
        {
            Parameters =
            {
                TokenHash(request),
                new() { ParameterName = "labels", NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Text, Value = OrNull(request.Labels) },
                new() { ParameterName = "capacity", NpgsqlDbType = NpgsqlDbType.Integer, Value = OrNull(request.Capacity) },
                new() { ParameterName = "host_name", NpgsqlDbType = NpgsqlDbType.Text, Value = OrNull(request.HostName) },
                new() { ParameterName = "version", NpgsqlDbType = NpgsqlDbType.Text, Value = OrNull(request.Version) },
            },
        });
        batch.BatchCommands.Add(new NpgsqlBatchCommand(ClaimSql)
        {
            Parameters =
            {
                TokenHash(request),
                ClaimId(request),
                new NpgsqlParameter<Guid>("jti", Guid.CreateVersion7()),
                new NpgsqlParameter<long>("token_seconds", ProtocolLimits.JobTokenSeconds),
                new NpgsqlParameter<int>("lease_seconds", request.LeaseSeconds),
            },
        });
        batch.BatchCommands.Add(new NpgsqlBatchCommand(ReadClaimed) { Parameters = { TokenHash(request), ClaimId(request) } });

        await using var reader = await batch.ExecuteReaderAsync(cancellation);
        if (!await reader.ReadAsync(cancellation))
            return new ClaimOutcome(ClaimResult.Unauthorized, null, []);
        var ignored = reader.GetFieldValue<string[]>(1);
        await reader.NextResultAsync(cancellation);
        if (!await reader.ReadAsync(cancellation))
            return new ClaimOutcome(ClaimResult.Nothing, null, ignored);
        var row = Read(reader);
        // The transaction ends with the batch: nothing is a claim before that.
        while (await reader.NextResultAsync(cancellation))
        {
        }

        return row.IsFresh
            ? new ClaimOutcome(ClaimResult.Claimed, row, ignored)
            : new ClaimOutcome(ClaimResult.ClaimIdUsed, null, ignored);
    }

    private static ClaimedRow Read(NpgsqlDataReader reader) => new()
    {
        Id = reader.GetInt64(0),
        RunId = reader.GetInt64(1),
        RepoId = reader.GetInt64(2),
        RunIndex = reader.GetInt32(3),
        WorkflowFile = reader.GetString(4),
        WorkflowName = reader.GetString(5),
        HeadSha = reader.GetString(6),
        HeadRef = reader.GetString(7),
        Event = reader.GetString(8),
        EventPayload = Json(reader.GetString(9)),
        JobKey = reader.GetString(10),
        JobName = reader.GetString(11),
        RunsOn = reader.GetFieldValue<string[]>(12),
        Needs = reader.GetFieldValue<string[]>(13),
        If = reader.IsDBNull(14) ? null : reader.GetString(14),
        TimeoutMinutes = reader.GetInt32(15),
        Permissions = Json(reader.GetString(16)),
        Env = JsonSerializer.Deserialize(reader.GetString(17), QueueJson.Default.DictionaryStringString)!,
        Attempt = reader.GetInt32(18),
        LeaseExpiresAt = reader.GetFieldValue<DateTimeOffset>(19),
        LeaseSeconds = reader.GetInt32(20),
        ClaimJti = reader.GetGuid(21),
        ClaimExpires = reader.GetInt64(22),
        Repository = reader.GetString(23),
        Actor = reader.GetString(24),
        RunnerId = reader.GetInt64(25),
        IsFresh = reader.GetBoolean(26),
        SecondsQueued = reader.GetDouble(27),
        Steps = JsonSerializer.Deserialize(reader.GetString(28), QueueJson.Default.ListClaimedStep)!,
        Contexts = TextOrNull(reader, 29),
        Outputs = TextOrNull(reader, 30) is { } outputs ? JsonSerializer.Deserialize(outputs, QueueJson.Default.DictionaryStringString) : null,
        Defaults = TextOrNull(reader, 31) is { } defaults ? JsonSerializer.Deserialize(defaults, QueueJson.Default.ClaimedDefaults) : null,
        Container = TextOrNull(reader, 32) is { } container ? Json(container) : null,
        Services = TextOrNull(reader, 33) is { } services ? Json(services) : null,
        GitHub = TextOrNull(reader, 34),
        Vars = TextOrNull(reader, 35),
        Inputs = reader.GetString(36),
        Actions = TextOrNull(reader, 37) is { } actions ? JsonSerializer.Deserialize(actions, QueueJson.Default.ListResolvedAction)! : [],
        SecretPlan = TextOrNull(reader, 38) is { } plan ? JsonSerializer.Deserialize(plan, RunStateJson.Default.SecretPlan) : null,
        SealedSecrets = TextOrNull(reader, 39) is { } secrets ? JsonSerializer.Deserialize(secrets, QueueJson.Default.ListSealedSecret)! : [],
        Trust = reader.GetString(40),
    };

    private static string? TextOrNull(NpgsqlDataReader reader, int column) => reader.IsDBNull(column) ? null : reader.GetString(column);

    private static JsonElement Json(string text)
    {
        using var document = JsonDocument.Parse(text);
        return document.RootElement.Clone();
    }

    private static NpgsqlParameter<byte[]> TokenHash(ClaimRequest request) => new("token_hash", request.TokenHash);

    private static NpgsqlParameter<string> ClaimId(ClaimRequest request) => new("claim_id", request.ClaimId);

    private static object OrNull(object? value) => value ?? DBNull.Value;
}
