using Dapper;
using Npgsql;

namespace Shithub.Actions.Server.Database;

/// <summary>How the server talks to PostgreSQL: one pooled data source, prepared statements, snake_case columns.</summary>
public static class DatabaseConnection
{
    static DatabaseConnection() => DefaultTypeMap.MatchNamesWithUnderscores = true;

    /// <param name="url">A <c>postgres://</c> URL or Npgsql's keyword form.</param>
    /// <param name="maxConnections">The pool's size.</param>
    public static NpgsqlDataSource Open(string url, int maxConnections)
    {
        var connection = Parse(url);
        connection.MaxPoolSize = maxConnections;
        connection.ApplicationName ??= "shithubd";
        // Every statement of a hot path is prepared once per connection, by itself.
        connection.MaxAutoPrepare = 100;
        connection.AutoPrepareMinUsages = 2;
        return new NpgsqlDataSourceBuilder(connection.ConnectionString).Build();
    }

    /// <exception cref="FormatException">The text is neither a URL nor keywords.</exception>
    public static NpgsqlConnectionStringBuilder Parse(string url)
    {
        if (!url.StartsWith("postgres://", StringComparison.Ordinal) && !url.StartsWith("postgresql://", StringComparison.Ordinal))
        {
            try
            {
                return new NpgsqlConnectionStringBuilder(url);
            }
            catch (ArgumentException error)
            {
                throw new FormatException(
                    $"database.url is neither a postgres:// URL nor keywords such as 'Host=…;Database=…': {error.Message}", error);
            }
        }

        if (!Uri.TryCreate(url, UriKind.Absolute, out var uri))
            throw new FormatException("database.url is not a valid URL; expected postgres://user:password@host:5432/database.");
        var result = new NpgsqlConnectionStringBuilder { Database = Uri.UnescapeDataString(uri.AbsolutePath.TrimStart('/')) };
        if (uri.Host.Length > 0)
            result.Host = Uri.UnescapeDataString(uri.Host);
        if (uri.Port > 0)
            result.Port = uri.Port;
        var user = uri.UserInfo.Split(':', 2);
        if (user[0].Length > 0)
            result.Username = Uri.UnescapeDataString(user[0]);
        if (user.Length == 2)
            result.Password = Uri.UnescapeDataString(user[1]);
        foreach (var pair in uri.Query.TrimStart('?').Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            var parts = pair.Split('=', 2);
            var value = parts.Length == 2 ? Uri.UnescapeDataString(parts[1]) : "";
            try
            {
                result[Keyword(parts[0])] = value;
            }
            catch (ArgumentException)
            {
                throw new FormatException($"database.url has an unknown parameter '{parts[0]}'.");
            }
        }

        return result;
    }

    /// <summary>libpq's names for what Npgsql calls otherwise, so that a URL that psql takes is taken here.</summary>
    private static string Keyword(string name) => name switch
    {
        "host" => "Host",
        "sslmode" => "SSL Mode",
        "sslrootcert" => "Root Certificate",
        "sslcert" => "SSL Certificate",
        "sslkey" => "SSL Key",
        "application_name" => "Application Name",
        "connect_timeout" => "Timeout",
        _ => name,
    };
}
