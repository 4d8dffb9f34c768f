using Npgsql;
using Shithub.Actions.Server.Database;

namespace Shithub.Actions.Testing;

/// <summary>A database with all migrations that belongs to one test or test class. Disposing drops it.</summary>
public sealed class TestDatabase(string url, Func<Task> drop) : IAsyncDisposable
{
    /// <summary>What the setting <c>database.url</c> takes.</summary>
    public string Url => url;

    public NpgsqlDataSource DataSource { get; } = DatabaseConnection.Open(url, maxConnections: 50);

    public async ValueTask DisposeAsync()
    {
        await DataSource.DisposeAsync();
        await drop();
    }
}
