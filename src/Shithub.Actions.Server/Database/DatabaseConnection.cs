using Dapper;
using Npgsql;
using Shithub.Actions.Configuration;

namespace Shithub.Actions.Server.Database;

/// <summary>How the server talks to PostgreSQL: one pooled data source, prepared statements, snake_case columns.</summary>
public static class DatabaseConnection
{
    static DatabaseConnection() => DefaultTypeMap.MatchNamesWithUnderscores = true;

    public static NpgsqlDataSource Open(DatabaseSettings settings) =>
        Open(settings.ConnectionString.Reveal(), settings.MaxConnections);

    /// <summary>The key of the data source for claims. They take turns, so one connection is all of them, and all that they need stays in its process' caches.</summary>
    public const string Claims = "claims";

    /// <summary>The key of the data source for ends of jobs, of which two batches may be under way.</summary>
    public const string Ends = "ends";

    /// <summary>The key of the data source for log appends.</summary>
    public const string Appends = "appends";

    /// <summary>
    /// For statements that take arrays of calls: one plan for each statement, whatever the number of calls. Left alone, PostgreSQL finds a plan for the very
    /// arrays a little cheaper each time, and spends milliseconds on planning a statement that runs for a fraction of one. That plan is an index
    /// lookup for each call: joins by hash or merge would read all runners, or all jobs that a runner ever had, for the few that are asked about.
    /// </summary>
    /// <param name="settings">Where PostgreSQL is.</param>
    /// <param name="connections">The pool's size, beside <c>database.max_connections</c>.</param>
    public static NpgsqlDataSource OpenForBatches(DatabaseSettings settings, int connections) =>
        Open(
            settings.ConnectionString.Reveal(),
            connections,
            "-c plan_cache_mode=force_generic_plan -c enable_seqscan=off -c enable_hashjoin=off -c enable_mergejoin=off -c jit=off");

    /// <summary>
    /// glibc gives memory back to the system that is more than twice what was ever freed in one piece, and the next chunk of a log, of which
    /// PostgreSQL makes several copies, finds 800 pages missing: half a millisecond or more. Once 8 MiB were freed it keeps up to 16.
    /// </summary>
    private const string KeepMemory = "select octet_length(repeat(repeat(' ', 8192), 1024))";

    /// <param name="connectionString">As Npgsql takes it.</param>
    /// <param name="maxConnections">The pool's size.</param>
    public static NpgsqlDataSource Open(string connectionString, int maxConnections) => Open(connectionString, maxConnections, null);

    private static NpgsqlDataSource Open(string connectionString, int maxConnections, string? options)
    {
        var connection = new NpgsqlConnectionStringBuilder(connectionString) { MaxPoolSize = maxConnections };
        if (options is not null)
        {
            connection.Options = $"{connection.Options} {options}".Trim();
            // Eight chunks of 4 KiB are one call of the system, not five.
            connection.WriteBufferSize = 64 * 1024;
        }

        connection.ApplicationName ??= "shithubd";
        // Every statement of a hot path is prepared once per connection, by itself.
        connection.MaxAutoPrepare = 100;
        connection.AutoPrepareMinUsages = 2;
        // Nobody leaves anything in a session, so there is nothing to reset before the next statement, which would cost it one more.
        connection.NoResetOnClose = true;
        // Finds out that the connection that listens is dead.
        connection.KeepAlive = 30;
        var builder = new NpgsqlDataSourceBuilder(connection.ConnectionString);
        if (options is not null)
            builder.UsePhysicalConnectionInitializer(Initialize, InitializeAsync);
        return builder.Build();
    }

    private static void Initialize(NpgsqlConnection connection)
    {
        using var command = new NpgsqlCommand(KeepMemory, connection);
        command.ExecuteNonQuery();
    }

    private static async Task InitializeAsync(NpgsqlConnection connection)
    {
        await using var command = new NpgsqlCommand(KeepMemory, connection);
        await command.ExecuteNonQueryAsync();
    }
}
