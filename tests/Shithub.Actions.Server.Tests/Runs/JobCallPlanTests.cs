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
    private const string EndParameters = "bigint[], integer[], uuid[], text[], text[], timestamptz[], text[], text[], text[], text[]";

    private const string AppendParameters =
        "bigint[], integer[], uuid[], text[], bytea[], uuid[], bigint[], integer[], bytea[], bytea[], integer[], integer[], boolean[], bytea[], bigint[], "
        + "bigint, bigint";

    /// <summary>A long queue of which nothing runs.</summary>
    private const string Fill = """
        insert into owners (name, kind) values ('ada', 'user');
        insert into repositories (owner_id, name) values (1, 'hello');
        insert into label_sets (labels) values ('{ubuntu-latest}');
        with run as (
            insert into workflow_runs (repo_id, run_index, workflow_file, workflow_name, event, head_sha, head_ref, trigger_event_id, status)
            select 1, i, 'f', 'n', 'push', 'a', 'r', i::text, 'queued'
            from generate_series(1, 2000) i
            returning id
        )
        insert into workflow_jobs (run_id, repo_id, job_key, job_name, runs_on, label_set_id, timeout_minutes, status, queued_at)
        select id, 1, 'j', 'j', '{}', 1, 10, 'queued', now()
        from run;
        analyze;
        """;

    public static TheoryData<string, string, string> Statements => new()
    {
        { "ends", EndParameters, EndStatement.SharedSql },
        { "appends", AppendParameters, AppendStatement.Usual },
    };

    [Theory]
    [MemberData(nameof(Statements))]
    public async Task A_job_is_looked_up_by_its_id_and_not_among_all_that_are_running(
        string name, string parameters, string statement)
    {
        await using var database = await PostgresFixture.CreateDatabaseAsync(TestContext.Current.CancellationToken);
        await using var dataSource = DatabaseConnection.OpenForBatches(new DatabaseSettings(new Secret(database.Url), 1), 1);
        await using var connection = await dataSource.OpenConnectionAsync(TestContext.Current.CancellationToken);
        await ExecuteAsync(connection, $"prepare {name} ({parameters}) as {statement}");
        await ExecuteAsync(connection, Fill);
        var plan = string.Join('\n', await connection.QueryAsync<string>(
            $"explain execute {name} ({string.Join(", ", parameters.Split(',').Select(_ => "null"))})"));
        Assert.Contains("Index Scan using workflow_jobs_pkey on workflow_jobs j", plan, StringComparison.Ordinal);
        Assert.DoesNotContain("workflow_jobs_running", plan, StringComparison.Ordinal);
    }

    // Without Npgsql's parameters: the text has some of its own.
    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
    }
}
