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
        insert into owners (name, kind) values ('ada', 'user');
        insert into repositories (owner_id, name) values (1, 'hello');
        insert into label_sets (labels) values ('{ubuntu-latest}');
        insert into label_sets (labels) select array['nobody-' || i] from generate_series(1, 100) i;
        insert into workflow_runners (name, labels, offered_labels, capacity, offered_capacity)
            values ('r', '{linux,ubuntu-latest}', '{linux,ubuntu-latest}', 10, 10);
        insert into runner_tokens (runner_id, token_hash) values (1, @hash);
        """;

    private const string AddJobs = """
        with run as (
            insert into workflow_runs
                (repo_id, run_index, workflow_file, workflow_name, event, head_sha, head_ref, trigger_event_id, status, conclusion, completed_at)
            select 1, @from + i, 'f', 'n', 'push', 'a', 'r', (@from + i)::text,
                @status, case @status when 'completed' then 'success' end, case @status when 'completed' then now() end
            from generate_series(1, @count) i
            returning id, status, conclusion, completed_at
        )
        insert into workflow_jobs
            (run_id, repo_id, job_key, job_name, runs_on, label_set_id, timeout_minutes, status, conclusion, queued_at, completed_at,
             attempt, runner_id, claim_id)
        select id, 1, 'j', 'j', '{}', @firstSet + id % @sets, 10, status, conclusion, now(), completed_at,
            case status when 'completed' then 1 else 0 end,
            case status when 'completed' then 1 end,
            case status when 'completed' then 'claim-' || id end
        from run
        """;

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_claim_reads_no_more_for_a_long_queue_jobs_nobody_serves_or_a_long_history(bool analyzed)
    {
        await using var database = await PostgresFixture.CreateDatabaseAsync(TestContext.Current.CancellationToken);
        await using var connection = await database.DataSource.OpenConnectionAsync(TestContext.Current.CancellationToken);
        await connection.ExecuteAsync(Basis, new { hash = OpaqueToken.Hash(Token) });
        await AddAsync(connection, 0, 100, "queued", firstSet: 1, sets: 1);
        await LookAgainAsync(connection, analyzed);
        var few = await BlocksOfAClaimAsync(connection);

        await AddAsync(connection, 100_000, 20_000, "queued", firstSet: 1, sets: 1);
        await AddAsync(connection, 200_000, 20_000, "queued", firstSet: 2, sets: 100);
        await AddAsync(connection, 300_000, 20_000, "completed", firstSet: 1, sets: 1);
        await LookAgainAsync(connection, analyzed);
        var many = await BlocksOfAClaimAsync(connection);

        // Indexes are some levels deeper, and the queue's first jobs no longer lie together.
        Assert.True(many < few + 80, $"A claim read {few} blocks of 100 jobs, and {many} of 60,000.");
    }

    private static Task AddAsync(NpgsqlConnection connection, int from, int count, string status, int firstSet, int sets) =>
        connection.ExecuteAsync(AddJobs, new { from, count, status, firstSet, sets });

    private static async Task LookAgainAsync(NpgsqlConnection connection, bool analyzed)
    {
        if (analyzed)
            await connection.ExecuteAsync("analyze (verbose false)");
    }

    private static async Task<int> BlocksOfAClaimAsync(NpgsqlConnection connection)
    {
        await using var transaction = await connection.BeginTransactionAsync();
        var plan = await connection.QuerySingleAsync<string>(
            $"explain (analyze, buffers, format json) {ClaimJob.ClaimSql}",
            new { token_hash = OpaqueToken.Hash(Token), claim_id = "new", jti = Guid.NewGuid(), token_seconds = 900L, lease_seconds = 60 },
            transaction);
        await transaction.RollbackAsync();
        using var document = JsonDocument.Parse(plan);
        var root = document.RootElement[0].GetProperty("Plan");
        return root.GetProperty("Shared Hit Blocks").GetInt32() + root.GetProperty("Shared Read Blocks").GetInt32();
    }
}
