using System.Text.Json;
using Dapper;
using Npgsql;
using Shithub.Actions.Configuration;
using Shithub.Actions.Server.Database;
using Shithub.Actions.Server.Jobs;
using Shithub.Actions.Server.Logs;
using Shithub.Actions.Testing;
using Xunit;

namespace Shithub.Actions.Server.Tests.Runs;

/// <summary>
/// How PostgreSQL runs the statements of job calls. One that is planned while few jobs run, or before anybody counted them, is kept, and is the one
/// that is used with thousands running.
/// </summary>
public sealed class JobCallPlanTests
{
    private const int Jobs = 10_000;

    /// <summary>A call reads some 70; to look through all jobs that are running would be hundreds.</summary>
    private const int BlocksMax = 200;

    /// <summary>A long queue of which nothing runs.</summary>
    private const string Fill = """
        insert into owners (name, kind) values ('ada', 'user');
        insert into repositories (owner_id, name) values (1, 'hello');
        insert into label_sets (labels) values ('{ubuntu-latest}');
        insert into workflow_runners (name, labels, offered_labels, capacity, offered_capacity)
            values ('r', '{ubuntu-latest}', '{ubuntu-latest}', 10, 10);
        with run as (
            insert into workflow_runs (repo_id, run_index, workflow_file, workflow_name, event, head_sha, head_ref, trigger_event_id, status)
            select 1, i, 'f', 'n', 'push', 'a', 'r', i::text, 'queued'
            from generate_series(1, 10000) i
            returning id
        )
        insert into workflow_jobs (run_id, repo_id, job_key, job_name, runs_on, label_set_id, timeout_minutes, status, queued_at)
        select id, 1, 'j', 'j', '{}', 1, 10, 'queued', now()
        from run;
        analyze;
        """;

    private const string EndParameters =
        "array[{0}::bigint], array[1], array[gen_random_uuid()], array['completed'], array['success'], array[null::timestamptz], array[null::text], "
        + "array[null::text], array[null::text], array[null::text], array[null::text], array['\\x00'::bytea]";

    private const string AppendParameters =
        "array[{0}::bigint], array[1], array[gen_random_uuid()], array[null::text], array['\\x00'::bytea], array[gen_random_uuid()], array[null::bigint], "
        + "array[0], array['\\x00'::bytea], array[sha256('')], array[0], array[null::int], array[false], array[null::bytea], array[null::bigint], "
        + "1000000::bigint, 60::bigint";

    private const string EndTypes =
        "bigint[], integer[], uuid[], text[], text[], timestamptz[], text[], text[], text[], text[], text[], bytea[]";

    private const string AppendTypes =
        "bigint[], integer[], uuid[], text[], bytea[], uuid[], bigint[], integer[], bytea[], bytea[], integer[], integer[], boolean[], bytea[], bigint[], "
        + "bigint, bigint";

    public static TheoryData<string, string, string> Statements => new()
    {
        { EndTypes, EndParameters, EndStatement.SharedSql },
        { AppendTypes, AppendParameters, AppendStatement.Any },
    };

    [Theory]
    [MemberData(nameof(Statements))]
    public async Task A_job_is_looked_up_by_its_id_and_not_among_all_that_are_running(
        string types, string parameters, string statement)
    {
        await using var database = await PostgresFixture.CreateDatabaseAsync(TestContext.Current.CancellationToken);
        await using var dataSource = DatabaseConnection.OpenForBatches(new DatabaseSettings(new Secret(database.Url), 1), 1);
        await using var connection = await dataSource.OpenConnectionAsync(TestContext.Current.CancellationToken);
        await ExecuteAsync(connection, Fill);
        await ExecuteAsync(connection, $"prepare call ({types}) as {statement}");
        // Planned when one runs, used when all do.
        await ExecuteAsync(connection, Start("'{1}'::bigint[]"));
        await BlocksAsync(connection, parameters, 1);
        await ExecuteAsync(connection, Start("array(select run_id from workflow_jobs where status = 'queued')"));
        var blocks = await BlocksAsync(connection, parameters, 2);
        Assert.True(blocks < BlocksMax, $"One call read {blocks} blocks while {Jobs} jobs are running.");
        Assert.Equal(2, await connection.ExecuteScalarAsync<int>("select count(*) from runner_jwt_used"));
    }

    private static string Start(string runs) => $"""
        update workflow_jobs
        set status = 'running', attempt = 1, runner_id = 1, lease_seconds = 60, lease_expires_at = now() + interval '1 hour', started_at = now()
        where run_id = any ({runs});
        """;

    private static async Task<int> BlocksAsync(NpgsqlConnection connection, string parameters, long job)
    {
        await using var command = new NpgsqlCommand(
            $"explain (analyze, buffers, format json) execute call ({string.Format(null, parameters, job)})", connection);
        using var document = JsonDocument.Parse((string)(await command.ExecuteScalarAsync(TestContext.Current.CancellationToken))!);
        var plan = document.RootElement[0].GetProperty("Plan");
        return plan.GetProperty("Shared Hit Blocks").GetInt32() + plan.GetProperty("Shared Read Blocks").GetInt32();
    }

    // Without Npgsql's parameters: the text has some of its own.
    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
    }
}
