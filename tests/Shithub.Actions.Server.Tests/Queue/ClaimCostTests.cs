using System.Text.Json;
using Dapper;
using Npgsql;
using Shithub.Actions.Server.Access;
using Shithub.Actions.Server.Queue;
using Shithub.Actions.Testing;
using Xunit;

namespace Shithub.Actions.Server.Tests.Queue;

/// <summary>What a claim reads, in 8 KiB blocks: that is the same on a busy machine and an idle one, which its time is not.</summary>
public sealed class ClaimCostTests
{
    private const string Token = "shr_cost";

    private const string Basis = """
        insert into owners (name, kind) values ('ada', 'user'), ('off', 'user'), ('capped', 'user');
        insert into repositories (owner_id, name) select id, 'hello' from owners;
        insert into label_sets (labels) values ('{ubuntu-latest}');
        insert into label_sets (labels) select array['nobody-' || i] from generate_series(1, 100) i;
        insert into workflow_runners (name, labels, offered_labels, capacity, offered_capacity)
            values ('r', '{linux,ubuntu-latest}', '{linux,ubuntu-latest}', 10, 10);
        insert into runner_tokens (runner_id, token_hash) values (1, @hash);
        """;

    private const string ManyRepositories = """
        insert into owners (name, kind) select 'crowd-' || i, 'user' from generate_series(1, 5000) i;
        insert into repositories (owner_id, name)
        select id, 'hello-' || i
        from owners
        cross join generate_series(1, 2) i
        where name like 'crowd-%';
        """;

    private const string AddJobs = """
        with run as (
            insert into workflow_runs
                (repo_id, run_index, workflow_file, workflow_name, event, head_sha, head_ref, trigger_event_id, status, conclusion, completed_at)
            select @repo + i % @repos, @from + i, 'f', 'n', 'push', 'a', 'r', (@from + i)::text,
                @status, case @status when 'completed' then 'success' end, case @status when 'completed' then now() end
            from generate_series(1, @count) i
            returning id, repo_id, status, conclusion, completed_at
        )
        insert into workflow_jobs
            (run_id, repo_id, job_key, job_name, runs_on, label_set_id, timeout_minutes, status, conclusion, queued_at, completed_at,
             attempt, runner_id, claim_id)
        select id, repo_id, 'j', 'j', '{}', @firstSet + id % @sets, 10, status, conclusion, now(), completed_at,
            case status when 'completed' then 1 else 0 end,
            case status when 'completed' then 1 end,
            case status when 'completed' then 'claim-' || id end
        from run
        """;

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_claim_reads_no_more_for_long_queues_many_repositories_jobs_that_nobody_serves_or_may_run_or_a_long_history(bool analyzed)
    {
        await using var database = await PostgresFixture.CreateDatabaseAsync(TestContext.Current.CancellationToken);
        await using var connection = await database.DataSource.OpenConnectionAsync(TestContext.Current.CancellationToken);
        await connection.ExecuteAsync(Basis, new { hash = OpaqueToken.Hash(Token) });
        await AddAsync(connection, 0, 100, "queued", firstSet: 1, sets: 1);
        await AddAsync(connection, 1000, 2, "queued", firstSet: 1, sets: 1, repo: 3);
        await LookAgainAsync(connection, analyzed);
        // One of 'capped' runs, so that its cap of one is reached.
        await BlocksOfAClaimAsync(connection, commit: true);
        await BlocksOfAClaimAsync(connection, commit: true);
        await connection.ExecuteAsync("update owners set actions_enabled = name <> 'off', max_running = case when name = 'capped' then 1 end");
        var few = await BlocksOfAClaimAsync(connection);

        await connection.ExecuteAsync(ManyRepositories);
        await AddAsync(connection, 100_000, 20_000, "queued", firstSet: 1, sets: 1);
        await AddAsync(connection, 200_000, 20_000, "queued", firstSet: 2, sets: 100);
        await AddAsync(connection, 300_000, 20_000, "completed", firstSet: 1, sets: 1);
        await AddAsync(connection, 400_000, 20_000, "queued", firstSet: 1, sets: 1, repo: 2);
        await AddAsync(connection, 500_000, 20_000, "queued", firstSet: 1, sets: 1, repo: 3);
        await AddAsync(connection, 600_000, 20_000, "queued", firstSet: 1, sets: 1, repo: 4, repos: 10_000);
        await LookAgainAsync(connection, analyzed);
        await connection.ExecuteAsync("select queue_read_notes(100000)");
        // The first one plans its statements anew and walks over the notes that were read.
        await BlocksOfAClaimAsync(connection);
        var many = await BlocksOfAClaimAsync(connection);

        // Indexes are some levels deeper, the queue's first jobs no longer lie together, and no vacuum has passed. Reading one of the long
        // queues, or the lanes of the many repositories, would be thousands.
        Assert.True(many < few + 300, $"A claim read {few} blocks of 100 jobs, and {many} of 120,000.");
    }

    private static Task AddAsync(
        NpgsqlConnection connection, int from, int count, string status, int firstSet, int sets, int repo = 1, int repos = 1) =>
        connection.ExecuteAsync(AddJobs, new { from, count, status, firstSet, sets, repo, repos });

    private static async Task LookAgainAsync(NpgsqlConnection connection, bool analyzed)
    {
        if (analyzed)
            await connection.ExecuteAsync("analyze (verbose false)");
    }

    private static async Task<int> BlocksOfAClaimAsync(NpgsqlConnection connection, bool commit = false)
    {
        await using var transaction = await connection.BeginTransactionAsync();
        var plan = await connection.QuerySingleAsync<string>(
            $"explain (analyze, buffers, format json) {ClaimJob.ClaimSql}",
            new
            {
                token_hashes = new[] { OpaqueToken.Hash(Token) },
                claim_ids = new[] { Guid.NewGuid().ToString() },
                jtis = new[] { Guid.NewGuid() },
                lease_seconds = new[] { 60 },
                token_seconds = 900L,
            },
            transaction);
        var running = await connection.ExecuteScalarAsync<int>("select count(*) from workflow_jobs where status = 'running'", transaction: transaction);
        Assert.True(running > 0, "The claim took no job.");
        if (commit)
            await transaction.CommitAsync();
        else
            await transaction.RollbackAsync();
        using var document = JsonDocument.Parse(plan);
        var root = document.RootElement[0].GetProperty("Plan");
        return root.GetProperty("Shared Hit Blocks").GetInt32() + root.GetProperty("Shared Read Blocks").GetInt32();
    }
}
