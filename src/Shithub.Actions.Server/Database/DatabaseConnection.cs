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

    /// <param name="connectionString">As Npgsql takes it.</param>
    /// <param name="maxConnections">The pool's size.</param>
    public static NpgsqlDataSource Open(string connectionString, int maxConnections)
    {
        var connection = new NpgsqlConnectionStringBuilder(connectionString) { MaxPoolSize = maxConnections };
        connection.ApplicationName ??= "shithubd";
        // Every statement of a hot path is prepared once per connection, by itself.
        connection.MaxAutoPrepare = 100;
        connection.AutoPrepareMinUsages = 2;
        // Finds out that the connection that listens is dead.
        connection.KeepAlive = 30;
        return new NpgsqlDataSourceBuilder(connection.ConnectionString).Build();
    }
}
