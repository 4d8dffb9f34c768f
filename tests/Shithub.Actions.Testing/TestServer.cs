using System.Net.Http.Headers;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Shithub.Actions.Configuration;
using Shithub.Actions.Server;

namespace Shithub.Actions.Testing;

/// <summary>A whole server on a free port of 127.0.0.1, with a database and a data folder of its own.</summary>
public sealed class TestServer : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly TestDatabase _database;
    private readonly string _dataRoot;

    private TestServer(WebApplication app, TestDatabase database, string dataRoot)
    {
        _app = app;
        _database = database;
        _dataRoot = dataRoot;
        BaseUrl = new Uri(app.Urls.First());
        Client = new HttpClient { BaseAddress = BaseUrl };
    }

    public Uri BaseUrl { get; }

    public HttpClient Client { get; }

    public TestDatabase Database => _database;

    public IServiceProvider Services => _app.Services;

    /// <param name="options">Settings beyond those every test needs, by their path such as <c>runners.max_retries</c>.</param>
    public static Task<TestServer> StartAsync(params (string Path, string Value)[] options) => StartAsync(TimeProvider.System, options);

    /// <inheritdoc cref="StartAsync(ValueTuple{string, string}[])"/>
    public static async Task<TestServer> StartAsync(TimeProvider time, params (string Path, string Value)[] options)
    {
        var database = await PostgresFixture.CreateDatabaseAsync();
        var dataRoot = Directory.CreateTempSubdirectory("shithub-server-").FullName;
        var port = FreePort();
        var settings = new Dictionary<string, string>
        {
            ["server.listen"] = $"127.0.0.1:{port}",
            ["server.data_root"] = dataRoot,
            ["database.url"] = database.Url,
            ["auth.totp_key_b64"] = Convert.ToBase64String(RandomNumberGenerator.GetBytes(32)),
        };
        foreach (var (path, value) in options)
            settings[path] = value;
        var app = ServerHost.Build(ServerSettings.Load(null, new Dictionary<string, string>(), settings), time);
        await app.StartAsync();
        return new TestServer(app, database, dataRoot);
    }

    public T Get<T>()
        where T : notnull
        => _app.Services.GetRequiredService<T>();

    /// <summary>A client that shows this token as bearer.</summary>
    public HttpClient ClientWith(string bearer)
    {
        var client = new HttpClient { BaseAddress = BaseUrl };
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", bearer);
        return client;
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await _app.StopAsync();
        await _app.DisposeAsync();
        await _database.DisposeAsync();
        Directory.Delete(_dataRoot, recursive: true);
    }

    /// <summary>The address is part of base_url, so it must be known before the server listens.</summary>
    private static int FreePort()
    {
        using var listener = new System.Net.Sockets.TcpListener(System.Net.IPAddress.Loopback, 0);
        listener.Start();
        return ((System.Net.IPEndPoint)listener.LocalEndpoint).Port;
    }
}
