using System.Text.Json;
using Npgsql;
using NpgsqlTypes;
using Shithub.Actions.Protocol;
using Shithub.Actions.Server.Database;
using Shithub.Actions.Server.Runs;

namespace Shithub.Actions.Server.Queue;

/// <summary>
/// The claim: heartbeats are recorded and each runner gets at most one queued job, for all requests of a batch in one round trip and one
/// transaction. Which job, the functions of migrations/0024_claims_choose_together.sql decide; why they look as they do, docs/decisions/0009-lanes.md.
/// </summary>
public sealed class ClaimJob([FromKeyedServices(DatabaseConnection.Claims)] NpgsqlDataSource dataSource)
{
    /// <summary>
    /// Labels that a runner was not registered for are not offered. A heartbeat that says what the last one said is written once a second
    /// at most: runners that wait look again whenever a job is queued. Rows are locked in the order of their ids, before the claim's lock:
    /// no two batches wait for each other in a circle, and a batch that waits for a row keeps nobody from claiming.
    /// </summary>
    public const string RecordHeartbeats = """
        with asked as (
            select *
            from unnest(@token_hashes, @labels, @capacities, @host_names, @versions, @not_claiming) with ordinality
                as a (token_hash, labels, capacity, host_name, version, not_claiming, n)
        ),
        known as materialized (
            select a.n, r.id, string_to_array(a.labels, ',') as labels, r.labels as registered, a.host_name, a.version, a.not_claiming,
                least(r.capacity, coalesce(a.capacity, r.capacity)) as capacity,
                case
                    when a.labels is null then r.labels
                    else array(select label from unnest(r.labels) label where label = any (string_to_array(a.labels, ',')))
                end as offered
            from asked a
            cross join lateral (
                select t.runner_id
                from runner_tokens t
                where t.token_hash = a.token_hash
                    and t.revoked_at is null
                    and t.superseded_at is null
                    and (t.expires_at is null or t.expires_at > now())
                offset 0) t
            join workflow_runners r on r.id = t.runner_id
            where r.revoked_at is null
        ),
        due as materialized (
            select r.id, k.offered, k.capacity, k.host_name, k.version, k.not_claiming
            from (select distinct on (id) * from known order by id, n desc) k
            join workflow_runners r on r.id = k.id
            where r.last_heartbeat_at is null
                or r.last_heartbeat_at < now() - interval '1 second'
                or r.offline_at is not null
                or r.offered_labels <> k.offered
                or r.offered_capacity <> k.capacity
                or r.host_name is distinct from coalesce(k.host_name, r.host_name)
                or r.version is distinct from coalesce(k.version, r.version)
                or r.not_claiming is distinct from k.not_claiming
            order by r.id
            for no key update of r
        ),
        seen as (
            update workflow_runners r
            set last_heartbeat_at = now(),
                offline_at = null,
                offered_labels = due.offered,
                offered_capacity = due.capacity,
                host_name = coalesce(due.host_name, r.host_name),
                version = coalesce(due.version, r.version),
                not_claiming = due.not_claiming
            from due
            where r.id = due.id
        )
        select n::integer, array(select label from unnest(labels) label where label <> all (registered)) as ignored_labels
        from known
        """;

    /// <summary>Takes the claim's lock until the transaction ends.</summary>
    public const string ClaimSql = "select claim_jobs(@token_hashes, @claim_ids, @jtis, @lease_seconds, @token_seconds)";

    public const string ReadClaimed = """
        select asked.n::integer, j.id, j.run_id, j.repo_id, r.run_index, r.workflow_file, r.workflow_name, coalesce(r.checkout_sha, r.head_sha),
            r.head_ref, r.event,
            r.event_payload::text as event_payload, j.job_key, j.job_name, j.runs_on, j.needs, j.if_condition, j.timeout_minutes,
            j.permissions::text as permissions, j.env::text as env, j.attempt, j.lease_expires_at, j.lease_seconds, j.claim_jti,
            j.claim_expires, o.name || '/' || p.name as repository, coalesce(a.name, '') as actor, j.runner_id,
            j.status = 'running' and not exists (select from runner_jwt_used u where u.jti = j.claim_jti offset 0) as is_fresh,
            extract(epoch from j.started_at - j.queued_at)::float8 as seconds_queued,
            (
                select coalesce(json_agg(json_build_object(
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
        from unnest(@token_hashes, @claim_ids) with ordinality as asked (token_hash, claim_id, n)
        -- One after the other, whatever statistics say: a runner has had any number of jobs. Indexes runner_tokens_token_hash_key, workflow_jobs_claim.
        cross join lateral (select t.runner_id from runner_tokens t where t.token_hash = asked.token_hash offset 0) t
        cross join lateral (select j.* from workflow_jobs j where j.runner_id = t.runner_id and j.claim_id = asked.claim_id offset 0) j
        join workflow_runs r on r.id = j.run_id
        join repositories p on p.id = j.repo_id
        join owners o on o.id = p.owner_id
        left join owners a on a.id = r.actor_id
        left join workflow_run_definitions d on d.run_id = r.id
        """;

    /// <summary>One look for each request. Waits for no transaction but earlier claims, and for rows of the runners that ask.</summary>
    /// <returns>The outcomes in the order of the requests.</returns>
    public async Task<ClaimOutcome[]> ExecuteAsync(IReadOnlyList<ClaimRequest> requests, CancellationToken cancellation)
    {
        await using var batch = dataSource.CreateBatch();
        var tokenHashes = requests.Select(request => request.TokenHash).ToArray();
        var claimIds = requests.Select(request => request.ClaimId).ToArray();
        batch.BatchCommands.Add(new NpgsqlBatchCommand(RecordHeartbeats)
        {
            Parameters =
            {
                new NpgsqlParameter<byte[][]>("token_hashes", tokenHashes),
                Array("labels", NpgsqlDbType.Text, requests.Select(request => request.Labels is null ? null : string.Join(',', request.Labels)).ToArray()),
                Array("capacities", NpgsqlDbType.Integer, requests.Select(request => request.Capacity).ToArray()),
                Array("host_names", NpgsqlDbType.Text, requests.Select(request => request.HostName).ToArray()),
                Array("versions", NpgsqlDbType.Text, requests.Select(request => request.Version).ToArray()),
                Array("not_claiming", NpgsqlDbType.Text, requests.Select(request => request.NotClaiming).ToArray()),
            },
        });
        var claiming = requests.Where(request => request.NotClaiming is null).ToList();
        batch.BatchCommands.Add(new NpgsqlBatchCommand(ClaimSql)
        {
            Parameters =
            {
                new NpgsqlParameter<byte[][]>("token_hashes", [.. claiming.Select(request => request.TokenHash)]),
                new NpgsqlParameter<string[]>("claim_ids", [.. claiming.Select(request => request.ClaimId)]),
                new NpgsqlParameter<Guid[]>("jtis", [.. claiming.Select(_ => Guid.CreateVersion7())]),
                new NpgsqlParameter<int[]>("lease_seconds", [.. claiming.Select(request => request.LeaseSeconds)]),
                new NpgsqlParameter<long>("token_seconds", ProtocolLimits.JobTokenSeconds),
            },
        });
        batch.BatchCommands.Add(new NpgsqlBatchCommand(ReadClaimed)
        {
            Parameters = { new NpgsqlParameter<byte[][]>("token_hashes", tokenHashes), new NpgsqlParameter<string[]>("claim_ids", claimIds) },
        });

        var outcomes = requests.Select(_ => new ClaimOutcome(ClaimResult.Unauthorized, null, [])).ToArray();
        await using var reader = await batch.ExecuteReaderAsync(cancellation);
        while (await reader.ReadAsync(cancellation))
            outcomes[reader.GetInt32(0) - 1] = new ClaimOutcome(ClaimResult.Nothing, null, reader.GetFieldValue<string[]>(1));
        await reader.NextResultAsync(cancellation);
        await reader.NextResultAsync(cancellation);
        while (await reader.ReadAsync(cancellation))
        {
            var index = reader.GetInt32(0) - 1;
            if (outcomes[index].Result == ClaimResult.Unauthorized)
                continue;
            var row = Read(reader);
            outcomes[index] = row.IsFresh
                ? outcomes[index] with { Result = ClaimResult.Claimed, Job = row }
                : outcomes[index] with { Result = ClaimResult.ClaimIdUsed };
        }

        // The transaction ends with the batch: nothing is a claim before that.
        while (await reader.NextResultAsync(cancellation))
        {
        }

        return outcomes;
    }

    private static ClaimedRow Read(NpgsqlDataReader reader) => new()
    {
        Id = reader.GetInt64(1),
        RunId = reader.GetInt64(2),
        RepoId = reader.GetInt64(3),
        RunIndex = reader.GetInt32(4),
        WorkflowFile = reader.GetString(5),
        WorkflowName = reader.GetString(6),
        HeadSha = reader.GetString(7),
        HeadRef = reader.GetString(8),
        Event = reader.GetString(9),
        EventPayload = Json(reader.GetString(10)),
        JobKey = reader.GetString(11),
        JobName = reader.GetString(12),
        RunsOn = reader.GetFieldValue<string[]>(13),
        Needs = reader.GetFieldValue<string[]>(14),
        If = reader.IsDBNull(15) ? null : reader.GetString(15),
        TimeoutMinutes = reader.GetInt32(16),
        Permissions = Json(reader.GetString(17)),
        Env = JsonSerializer.Deserialize(reader.GetString(18), QueueJson.Default.DictionaryStringString)!,
        Attempt = reader.GetInt32(19),
        LeaseExpiresAt = reader.GetFieldValue<DateTimeOffset>(20),
        LeaseSeconds = reader.GetInt32(21),
        ClaimJti = reader.GetGuid(22),
        ClaimExpires = reader.GetInt64(23),
        Repository = reader.GetString(24),
        Actor = reader.GetString(25),
        RunnerId = reader.GetInt64(26),
        IsFresh = reader.GetBoolean(27),
        SecondsQueued = reader.GetDouble(28),
        Steps = JsonSerializer.Deserialize(reader.GetString(29), QueueJson.Default.ListClaimedStep)!,
        Contexts = TextOrNull(reader, 30),
        Outputs = TextOrNull(reader, 31) is { } outputs ? JsonSerializer.Deserialize(outputs, QueueJson.Default.DictionaryStringString) : null,
        Defaults = TextOrNull(reader, 32) is { } defaults ? JsonSerializer.Deserialize(defaults, QueueJson.Default.ClaimedDefaults) : null,
        Container = TextOrNull(reader, 33) is { } container ? Json(container) : null,
        Services = TextOrNull(reader, 34) is { } services ? Json(services) : null,
        GitHub = TextOrNull(reader, 35),
        Vars = TextOrNull(reader, 36),
        Inputs = reader.GetString(37),
        Actions = TextOrNull(reader, 38) is { } actions ? JsonSerializer.Deserialize(actions, QueueJson.Default.ListResolvedAction)! : [],
        SecretPlan = TextOrNull(reader, 39) is { } plan ? JsonSerializer.Deserialize(plan, RunStateJson.Default.SecretPlan) : null,
        SealedSecrets = TextOrNull(reader, 40) is { } secrets ? JsonSerializer.Deserialize(secrets, QueueJson.Default.ListSealedSecret)! : [],
        Trust = reader.GetString(41),
    };

    private static string? TextOrNull(NpgsqlDataReader reader, int column) => reader.IsDBNull(column) ? null : reader.GetString(column);

    private static JsonElement Json(string text)
    {
        using var document = JsonDocument.Parse(text);
        return document.RootElement.Clone();
    }

    /// <summary>Members may be null, which the typed parameter does not take.</summary>
    private static NpgsqlParameter Array(string name, NpgsqlDbType type, object values) =>
        new() { ParameterName = name, NpgsqlDbType = NpgsqlDbType.Array | type, Value = values };
}
