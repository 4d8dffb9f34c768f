using Dapper;
using Npgsql;

namespace Shithub.Actions.Bench;

/// <summary>The queue that claims are measured on: equally filled before each measurement, with rows as Runs/EnqueueRun.cs writes them.</summary>
internal sealed class FilledQueue(NpgsqlDataSource dataSource)
{
    /// <summary>More than any measurement claims.</summary>
    public const int Jobs = 10_000;

    /// <summary>
    /// Many more than claim at once, each in turn, so that none has more jobs running than a large real one: claims count a runner's jobs.
    /// </summary>
    public const int Runners = 800;

    private const string TokenPrefix = "shr_bench_";

    public static readonly string[] Labels = ["linux", "self-hosted", "ubuntu-latest", "x64"];

    /// <summary>The token's hash as SQL. In a subquery, so that it is computed once, however the statement is planned.</summary>
    public const string TokenHashSql = $"(select sha256(('{TokenPrefix}' || :runner)::bytea))";

    private const string Empty = """
        truncate owners, label_sets, workflow_runners, runner_jwt_used, queue_notes, queue_owners, queue_repositories, queue_owner_lanes, queue_lanes
        restart identity cascade
        """;

    private const string Fill = """
        insert into owners (name, kind)
        select 'bench-' || i, 'user'
        from generate_series(1, 20) i;

        insert into repositories (owner_id, name)
        select id, 'hello'
        from owners;

        insert into label_sets (labels) values ('{ubuntu-latest}'), ('{windows-latest}');

        insert into workflow_runners (name, labels, offered_labels, capacity, offered_capacity)
        select 'bench-' || i, @labels, @labels, 1000, 1000
        from generate_series(1, @runners) i;

        insert into runner_tokens (runner_id, token_hash)
        select id, sha256((@tokenPrefix || id)::bytea)
        from workflow_runners;

        with run as (
            insert into workflow_runs
                (repo_id, run_index, workflow_file, workflow_name, title, event, event_payload, head_sha, head_ref, actor_id,
                 trigger_event_id, status)
            select 1 + i % 20, 1 + i / 20, '.shithub/workflows/smoke.yml', 'Smoke', 'Say hello', 'push', @payload::jsonb,
                encode(sha256(i::text::bytea), 'hex'), 'refs/heads/trunk', 1 + i % 20, gen_random_uuid()::text, 'queued'
            from generate_series(0, @jobs - 1) i
            returning id, repo_id
        ),
        job as (
            insert into workflow_jobs
                (run_id, repo_id, job_key, job_name, runs_on, label_set_id, timeout_minutes, permissions, env, status, queued_at)
            select id, repo_id, 'green', 'green', '{ubuntu-latest}', 1, 360, '{"contents": "read"}', '{"GREETING": "hello"}', 'queued', now()
            from run
            order by id
            returning id
        )
        insert into workflow_steps (job_id, index, name, run, uses)
        select id, 0, 'actions/checkout@v4', null, 'actions/checkout@v4' from job
        union all
        select id, 1, 'Verify checkout', 'test -f README.md || test -f readme.md || pwd', null from job
        union all
        select id, 2, 'Smoke', 'printf ''shithub actions smoke passed\n''', null from job
        """;

    /// <summary>A push of one commit.</summary>
    private const string Payload = """
        {"ref": "refs/heads/trunk", "before": "4b825dc642cb6eb9a060e54bf8d69288fbee4904", "after": "8a1f0c5d9be7bd1ce2b4d2d2bd2d43a1d3a9d7b5",
         "forced": false, "repository": {"id": 1, "full_name": "bench-1/hello", "default_branch": "trunk"}, "pusher": {"name": "bench-1"},
         "commits": [{"id": "8a1f0c5d9be7bd1ce2b4d2d2bd2d43a1d3a9d7b5", "message": "Say hello to Shithub Actions",
                      "author": {"name": "Ada", "email": "ada@example.com"}, "added": [], "modified": ["README.md"], "removed": []}]}
        """;

    private const string Settle = "vacuum analyze owners, repositories, label_sets, workflow_runners, runner_tokens, workflow_runs, workflow_jobs, workflow_steps, queue_notes, queue_owners, queue_repositories, queue_owner_lanes, queue_lanes";

    public const string Served = "served";
    public const string Unserved = "unserved";
    public const string SwitchedOff = "off";
    public const string ManyRepositories = "repositories";

    private const string AddOwnerThatIsOff = """
        with owner as (insert into owners (name, kind, actions_enabled) values ('off', 'user', false) returning id)
        insert into repositories (owner_id, name) select id, 'off' from owner
        """;

    private const string AddRepositories = """
        insert into owners (name, kind) select 'crowd-' || i, 'user' from generate_series(1, @jobs) i;
        insert into repositories (owner_id, name) select id, 'crowd' from owners where name like 'crowd-%'
        """;

    private const string AddJobs = """
        with place as (
            select array_agg(id) as repos
            from repositories
            where case @where when 'off' then name = 'off' when 'repositories' then name = 'crowd' else name = 'hello' end
        ),
        run as (
            insert into workflow_runs (repo_id, run_index, workflow_file, workflow_name, event, head_sha, head_ref, trigger_event_id, status)
            select repos[1 + i % cardinality(repos)], 1000000 + i, '.shithub/workflows/smoke.yml', 'Smoke', 'push', repeat('a', 40), 'refs/heads/trunk',
                'more-' || i, 'queued'
            from place
            cross join generate_series(0, @jobs - 1) i
            returning id, repo_id
        )
        insert into workflow_jobs (run_id, repo_id, job_key, job_name, runs_on, label_set_id, timeout_minutes, status, queued_at)
        select id, repo_id, 'green', 'green', '{}', case @where when 'unserved' then 2 else 1 end, 360, 'queued', now()
        from run
        """;

    public static string Token(int runner) => $"{TokenPrefix}{runner}";

    /// <summary>Everything is queued, nothing is running, no log is stored, and nothing that happened before is left to be written to disk.</summary>
    public async Task RefillAsync(CancellationToken cancellation, int jobs = Jobs)
    {
        await using var connection = await dataSource.OpenConnectionAsync(cancellation);
        await ExecuteAsync(connection, Empty, null, cancellation);
        await ExecuteAsync(
            connection, Fill, new { labels = Labels, runners = Runners, jobs, tokenPrefix = TokenPrefix, payload = Payload }, cancellation);
        await SettleAsync(connection, cancellation);
    }

    /// <summary>More jobs, without steps: nobody claims so many.</summary>
    /// <param name="where">One of <see cref="Served"/> and the others.</param>
    public async Task AddAsync(int jobs, string where, CancellationToken cancellation)
    {
        await using var connection = await dataSource.OpenConnectionAsync(cancellation);
        if (where == SwitchedOff)
            await ExecuteAsync(connection, AddOwnerThatIsOff, null, cancellation);
        if (where == ManyRepositories)
            await ExecuteAsync(connection, AddRepositories, new { jobs }, cancellation);
        await ExecuteAsync(connection, AddJobs, new { jobs, where }, cancellation);
        await SettleAsync(connection, cancellation);
    }

    private static async Task SettleAsync(NpgsqlConnection connection, CancellationToken cancellation)
    {
        // What a claim does with what was queued since the last one, 1,000 notes at a time.
        await ExecuteAsync(connection, "select queue_lock(), queue_read_notes(1000000)", null, cancellation);
        await ExecuteAsync(connection, Settle, null, cancellation);
        await ExecuteAsync(connection, "checkpoint; select", null, cancellation);
    }

    public async Task ClearAsync(CancellationToken cancellation)
    {
        await using var connection = await dataSource.OpenConnectionAsync(cancellation);
        await ExecuteAsync(connection, Empty, null, cancellation);
    }

    /// <summary>A measurement that did not do what it says it did is none.</summary>
    public async Task ExpectAsync(string sql, int count, CancellationToken cancellation)
    {
        await using var connection = await dataSource.OpenConnectionAsync(cancellation);
        var found = await connection.ExecuteScalarAsync<int>(new CommandDefinition(sql, cancellationToken: cancellation));
        if (found != count)
            throw new BenchException($"{count} were expected and {found} found by: {sql}");
    }

    private static Task ExecuteAsync(NpgsqlConnection connection, string sql, object? parameters, CancellationToken cancellation) =>
        connection.ExecuteAsync(new CommandDefinition(sql, parameters, commandTimeout: 400, cancellationToken: cancellation));
}
