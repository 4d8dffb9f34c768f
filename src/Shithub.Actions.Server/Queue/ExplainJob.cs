using Dapper;
using Npgsql;

namespace Shithub.Actions.Server.Queue;

/// <summary>
/// Says why a job does not run yet, for each runner, and what would change that. What claims decide by, it asks: the same functions and
/// views, on lanes brought up to date as a claim does, under the claims' lock. So the two can't disagree.
/// </summary>
public sealed class ExplainJob(NpgsqlDataSource dataSource)
{
    /// <summary>Runners that are told of one by one; those that have the labels come first.</summary>
    public const int RunnersMax = 200;

    private const int AheadMax = 1000;

    private const string ReadJob = """
        select j.id, j.run_id, j.job_key, j.status, j.conclusion, j.hold, j.needs, j.is_ready, j.runs_on, j.label_set_id, j.repo_id, j.priority,
            exists (
                select from concurrency_members m
                where m.run_id = j.run_id and m.held_since is null and starts_with(j.job_key, m.call_path || '/')) as call_waits,
            r.hold as run_hold, r.run_index, o.name || '/' || p.name as repository, o.name as owner, s.labels,
            q.stop, q.owner_running, q.owner_max_running, q.repo_running, q.repo_max_running,
            j.environment, g.needs_review and g.decision is null as waits_for_review, g.waits_until,
            (select string_agg(u.name, ', ' order by u.name) from owners u where u.id = any (g.reviewers)) as reviewers
        from workflow_jobs j
        join workflow_runs r on r.id = j.run_id
        join repositories p on p.id = j.repo_id
        join owners o on o.id = p.owner_id
        left join label_sets s on s.id = j.label_set_id
        left join queue_standing q on q.repo_id = j.repo_id
        left join environment_gates g on g.job_id = j.id and g.passed_at is null
        where j.id = @id
        """;

    private const string ReadNeeds = """
        select job_key as Key, job_name as Name, status
        from workflow_jobs
        where run_id = @RunId and conclusion is null and id <> @Id
        order by position, id
        """;

    private const string ReadGroup = """
        select m.group_name as GroupName, r.run_index as HolderIndex
        from concurrency_members m
        left join concurrency_members h on h.repo_id = m.repo_id and h.group_name = m.group_name and h.held_since is not null
        left join workflow_runs r on r.id = h.run_id
        where m.run_id = @RunId and (m.job_id = @Id or m.job_id is null and (m.call_path is null or starts_with(@JobKey, m.call_path || '/')))
        order by m.held_since is not null, m.job_id nulls last, m.call_path nulls last, m.id
        limit 1
        """;

    private const string ReadRunners = """
        select r.id, r.name, r.labels, q.offered_labels, q.running, q.capacity, q.stop, r.drain_reason, r.not_claiming, r.last_heartbeat_at,
            r.offline_at is not null or r.last_heartbeat_at is null or r.last_heartbeat_at < now() - @staleAfter as is_offline
        from workflow_runners r
        join queue_runner_standing q on q.runner_id = r.id
        order by coalesce(@Labels::text[] <@ r.labels, false) desc, r.revoked_at is not null, r.id
        limit @RunnersMax
        """;

    // As a claim does it, with all notes.
    private const string Settle = """
        do $$
        begin
            perform queue_lock();
            while queue_read_notes(1000) = 1000 loop
            end loop;
        end $$
        """;

    private const string NextFor = """
        select (queue_next(array(select id from label_sets where is_active and labels <@ @offered))).found_job
        """;

    private const string CountAhead = """
        select count(*)
        from (
            select
            from workflow_jobs a
            join workflow_jobs j on j.id = @id
            where a.label_set_id = j.label_set_id and a.repo_id = j.repo_id and a.status = 'queued'
                and (a.priority, -a.id) > (j.priority, -j.id)
            limit @AheadMax) ahead
        """;

    /// <param name="staleAfter">Runners that were not heard of for so long are offline (<c>runners.stale_after</c>).</param>
    /// <returns>Null when there is no such job.</returns>
    public async Task<JobExplanation?> ExecuteAsync(long id, TimeSpan staleAfter, CancellationToken cancellation)
    {
        await using var connection = await dataSource.OpenConnectionAsync(cancellation);
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        CommandDefinition Sql(string sql, object? parameters = null) => new(sql, parameters, transaction, cancellationToken: cancellation);

        await connection.ExecuteAsync(Sql(Settle));
        if (await connection.QuerySingleOrDefaultAsync<ExplainedJob>(Sql(ReadJob, new { id })) is not { } job)
            return null;
        var needs = (await connection.QueryAsync<OpenNeed>(Sql(ReadNeeds, job))).AsList();
        var group = await connection.QueryFirstOrDefaultAsync<ConcurrencyPlace>(Sql(ReadGroup, job));
        var obstacles = ExplainRules.OfJob(job, needs, group);
        var runners = job.Status is "queued" or "waiting"
            ? (await connection.QueryAsync<ExplainedRunner>(Sql(ReadRunners, new { job.Labels, staleAfter, RunnersMax }))).AsList()
            : [];
        var ahead = job.Status == "queued" ? await connection.ExecuteScalarAsync<int>(Sql(CountAhead, new { id, AheadMax })) : 0;
        var next = new Dictionary<string, long?>();
        var explained = new List<RunnerExplanation>();
        foreach (var runner in runners)
        {
            var own = ExplainRules.OfRunner(runner, job);
            var isTaken = false;
            if (job.Status == "queued" && obstacles.Count == 0 && own.All(obstacle => obstacle.Reason == ObstacleReason.Offline))
            {
                var offer = string.Join(',', runner.OfferedLabels);
                if (!next.TryGetValue(offer, out var found))
                {
                    found = await connection.ExecuteScalarAsync<long?>(Sql(NextFor, new { offered = runner.OfferedLabels }));
                    next[offer] = found;
                }

                isTaken = found == id;
                if (!isTaken)
                    own.Add(ExplainRules.Ahead(ahead));
            }

            explained.Add(new RunnerExplanation(runner.Id, runner.Name, isTaken, own));
        }

        // What the notes said is kept; the jobs that were looked at are let go.
        await transaction.CommitAsync(cancellation);
        return new JobExplanation(job.Id, job.Status, job.RunsOn, obstacles, explained, runners.Count == RunnersMax);
    }

    /// <summary>Jobs that nobody has begun, the oldest first.</summary>
    public async Task<IReadOnlyList<long>> WaitingJobsAsync(int limit, CancellationToken cancellation)
    {
        await using var connection = await dataSource.OpenConnectionAsync(cancellation);
        return [.. await connection.QueryAsync<long>(new CommandDefinition(
            "select id from workflow_jobs where status in ('queued', 'waiting') order by id limit @limit", new { limit },
            cancellationToken: cancellation))];
    }
}

internal sealed record ExplainedJob
{
    public long Id { get; init; }

    public long RunId { get; init; }

    public string JobKey { get; init; } = "";

    public string Status { get; init; } = "";

    public string? Conclusion { get; init; }

    public string? Hold { get; init; }

    public string[] Needs { get; init; } = [];

    public bool IsReady { get; init; }

    public string[] RunsOn { get; init; } = [];

    /// <summary>The called workflow that it is part of waits for a concurrency group.</summary>
    public bool CallWaits { get; init; }

    public string? RunHold { get; init; }

    public int RunIndex { get; init; }

    public string Repository { get; init; } = "";

    public string Owner { get; init; } = "";

    /// <summary>As they are compared: lower case, sorted. Null for a job that is not ready.</summary>
    public string[]? Labels { get; init; }

    public string? Stop { get; init; }

    public int OwnerRunning { get; init; }

    public int? OwnerMaxRunning { get; init; }

    public int RepoRunning { get; init; }

    public int? RepoMaxRunning { get; init; }

    public string? Environment { get; init; }

    public bool WaitsForReview { get; init; }

    public DateTime? WaitsUntil { get; init; }

    /// <summary>Names, or null where none is there any more.</summary>
    public string? Reviewers { get; init; }
}

internal sealed record ExplainedRunner
{
    public long Id { get; init; }

    public string Name { get; init; } = "";

    public string[] Labels { get; init; } = [];

    public string[] OfferedLabels { get; init; } = [];

    public long Running { get; init; }

    public int Capacity { get; init; }

    public string? Stop { get; init; }

    public string? DrainReason { get; init; }

    public string? NotClaiming { get; init; }

    public DateTime? LastHeartbeatAt { get; init; }

    public bool IsOffline { get; init; }
}

/// <summary>A job of the same run that has not ended.</summary>
internal sealed record OpenNeed(string Key, string Name, string Status);

internal sealed record ConcurrencyPlace(string GroupName, int? HolderIndex);
