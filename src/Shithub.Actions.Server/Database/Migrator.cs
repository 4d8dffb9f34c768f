using System.Reflection;
using System.Security.Cryptography;
using System.Text;
using Dapper;
using Npgsql;

namespace Shithub.Actions.Server.Database;

/// <summary>Applies the numbered files of <c>migrations/</c>, each once, in order, in a transaction of its own, under one lock.</summary>
public sealed class Migrator(NpgsqlDataSource dataSource)
{
    /// <summary>Any number, as long as it stays: the advisory lock that lets one server migrate at a time.</summary>
    private const long LockKey = 0x7368_6974_6875_6264;

    private const string CreateHistory = """
        create table if not exists schema_migrations (
            name       text primary key,
            sha256     text not null,
            applied_at timestamptz not null default now()
        )
        """;

    private const string ReadHistory = """
        select name, sha256
        from schema_migrations
        """;

    private const string AddToHistory = """
        insert into schema_migrations (name, sha256)
        values (@name, @sha256)
        """;

    /// <summary>The migrations inside this build, in order.</summary>
    public static IReadOnlyList<Migration> Known { get; } = ReadEmbedded();

    /// <summary>Applies what is missing and calls <paramref name="applied"/> after each.</summary>
    /// <returns>How many were applied.</returns>
    /// <exception cref="MigrationException">A migration that was applied has since been edited.</exception>
    public async Task<int> MigrateAsync(Action<string>? applied, CancellationToken cancellation)
    {
        await using var connection = await dataSource.OpenConnectionAsync(cancellation);
        await connection.ExecuteAsync(new CommandDefinition(
            "select pg_advisory_lock(@LockKey)", new { LockKey }, commandTimeout: 0, cancellationToken: cancellation));
        try
        {
            await connection.ExecuteAsync(new CommandDefinition(CreateHistory, cancellationToken: cancellation));
            var pending = Pending(await ReadHistoryAsync(connection, cancellation));
            foreach (var migration in pending)
            {
                await using var transaction = await connection.BeginTransactionAsync(cancellation);
                await connection.ExecuteAsync(new CommandDefinition(
                    migration.Sql, transaction: transaction, commandTimeout: 0, cancellationToken: cancellation));
                await connection.ExecuteAsync(new CommandDefinition(
                    AddToHistory, new { name = migration.Name, sha256 = migration.Sha256 }, transaction, cancellationToken: cancellation));
                await transaction.CommitAsync(cancellation);
                applied?.Invoke(migration.Name);
            }

            return pending.Count;
        }
        finally
        {
            await connection.ExecuteAsync("select pg_advisory_unlock(@LockKey)", new { LockKey });
        }
    }

    /// <summary>The names of the migrations this build has and the database lacks.</summary>
    public async Task<IReadOnlyList<string>> MissingAsync(CancellationToken cancellation)
    {
        await using var connection = await dataSource.OpenConnectionAsync(cancellation);
        var hasHistory = await connection.ExecuteScalarAsync<bool>(new CommandDefinition(
            "select to_regclass('schema_migrations') is not null", cancellationToken: cancellation));
        var history = hasHistory ? await ReadHistoryAsync(connection, cancellation) : [];
        return [.. Pending(history).Select(migration => migration.Name)];
    }

    private static async Task<Dictionary<string, string>> ReadHistoryAsync(NpgsqlConnection connection, CancellationToken cancellation)
    {
        var rows = await connection.QueryAsync<(string Name, string Sha256)>(
            new CommandDefinition(ReadHistory, cancellationToken: cancellation));
        return rows.ToDictionary(row => row.Name, row => row.Sha256, StringComparer.Ordinal);
    }

    private static List<Migration> Pending(Dictionary<string, string> history)
    {
        var pending = new List<Migration>();
        foreach (var migration in Known)
        {
            if (!history.TryGetValue(migration.Name, out var sha256))
                pending.Add(migration);
            else if (sha256 != migration.Sha256)
                throw new MigrationException(
                    $"Migration {migration.Name} was applied to this database with other contents than this build has. " +
                    "Migrations are never edited after they land: put the change into a new one.");
        }

        return pending;
    }

    private static List<Migration> ReadEmbedded()
    {
        const string Prefix = "migrations/";
        var assembly = Assembly.GetExecutingAssembly();
        var migrations = new List<Migration>();
        foreach (var resource in assembly.GetManifestResourceNames().Where(name => name.StartsWith(Prefix, StringComparison.Ordinal)))
        {
            using var reader = new StreamReader(assembly.GetManifestResourceStream(resource)!, Encoding.UTF8);
            var sql = reader.ReadToEnd();
            migrations.Add(new Migration(resource[Prefix.Length..], sql, Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(sql)))));
        }

        return [.. migrations.OrderBy(migration => migration.Name, StringComparer.Ordinal)];
    }
}

/// <param name="Sha256">Of the SQL text, in lower-case hex.</param>
public sealed record Migration(string Name, string Sql, string Sha256);

public sealed class MigrationException(string message) : Exception(message);
